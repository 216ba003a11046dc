import type { Move } from './checker.ts';
import type { Pool } from './decisions.ts';
import type { Failure, Job, Last, Process, State } from './state.ts';
import { bit, land, type Turn, type World } from './world.ts';

export const jobOf = ({ job }: Process): Job => {
  if (!job) throw new Error('There is no job.');
  return job;
};

/** The last write, with its time of doubt started again. */
export const renewed = (last: Last | null): Last | null => last && { ...last, doubt: 2 };

/** The calls that change the pool, each read back before the next: PoolWriter in aws/write/pool-writer.ts. */
export abstract class Calls {
  protected readonly turn: Turn;
  protected readonly world: World;

  constructor(turn: Turn) {
    this.turn = turn;
    this.world = turn.world;
  }

  /** The next step after all calls are made and read back. */
  protected abstract afterCalls(next: State, now: Process): void;

  /** The next step after a failure. */
  protected abstract fail(now: Process, failure: Failure): undefined;

  protected make(next: State, now: Process, job: Omit<Job, 'made' | 'toAnswer'>): void {
    now.job = { ...job, made: 0, toAnswer: [] };
    this.#toNextCall(next, now);
  }

  /** Goes on with the next call of core/identity-pool/calls.ts, or with what follows the last one. */
  #toNextCall(next: State, now: Process): void {
    const { from, to, made } = jobOf(now);
    if (this.world.decisions.calls(from, to)[made]) now.step = 'intend';
    else this.afterCalls(next, now);
  }

  /** The state before the next call, and the state that the call makes. */
  #call(now: Process): { from: Pool; to: Pool; isRoles: boolean } {
    const { from, to, made } = jobOf(now);
    const calls = this.world.decisions.calls(from, to);
    const call = calls[made];
    if (!call) throw new Error('There is no call left.');
    const isRoles = call.operation === 'SetIdentityPoolRoles';
    return { from: calls[made - 1]?.to ?? from, to: call.to, isRoles };
  }

  /**
   * `#make`, up to the call: the lease item records the write, and the look must not be old. The record of
   * the write itself is stored just before; it has no effect unless `writing` names it.
   */
  intend(): Move<State>[] {
    const { state, own } = this.turn;
    const { intendsOnlyAsHolder, looksAgain } = this.world.protocol;
    if (intendsOnlyAsHolder && state.lease.nonce !== own.sequence) {
      return [
        this.turn.move('finds that the lease is no longer its own', (_next, now) =>
          this.fail(now, 'busy'),
        ),
      ];
    }
    return [
      this.turn.move('records what it is about to write', (next, now) => {
        const { from, to } = this.#call(now);
        const { write } = jobOf(now);
        const last: Last = { base: from, result: to, seen: false, doubt: 2 };
        next.lease.last = last;
        next.lease.writing = write;
        if (looksAgain && now.isOld) return this.fail(now, 'busy');
        now.before = { last: now.last, writing: now.writing };
        now.last = last;
        now.writing = write;
        now.step = 'call';
        return undefined;
      }),
    ];
  }

  /** The call itself, with nothing between it and the pool. Calls of the last reconcile do not fail. */
  call(): Move<State>[] {
    const { state, number } = this.turn;
    const { refused, lost } = state.faults;
    const mayFail = number !== this.world.last;
    const { isRoles } = this.#call(this.turn.own);
    const name = isRoles ? 'SetIdentityPoolRoles' : 'UpdateIdentityPool';
    const moves = [
      this.turn.move(`${name} is made`, (next, now) => {
        const wrong = land(next, this.#call(now)) ?? this.#doneTwice(now);
        this.#isMade(next, now);
        return wrong;
      }),
    ];
    if (refused > 0 && mayFail) {
      for (const failure of ['busy', 'refused'] as const) {
        const what = failure === 'busy' ? 'is refused for now' : 'is refused';
        moves.push(
          this.turn.move(`${name} ${what}`, (next, now) => {
            next.faults.refused--;
            now.last = now.before?.last ?? null;
            now.writing = now.before?.writing ?? null;
            return this.fail(now, failure);
          }),
        );
      }
    }
    if (lost > 0 && mayFail) {
      const unanswered = (
        what: string,
        happens: (next: State, now: Process) => string | undefined,
      ) =>
        this.turn.move(`${name} ${what}, and AWS does not say so`, (next, now) => {
          next.faults.lost--;
          now.before = null;
          now.step = 'find out';
          return happens(next, now);
        });
      moves.push(
        unanswered('is made', (next, now) => land(next, this.#call(now))),
        unanswered('is not made', () => undefined),
        unanswered('is under way', (next, now) => {
          next.inFlight = { ...this.#call(now), sequence: now.sequence };
          return undefined;
        }),
      );
    }
    return moves;
  }

  #isMade(next: State, now: Process): void {
    now.before = null;
    now.last = now.last && { ...now.last, seen: true };
    now.step = 'read back';
    if (this.world.protocol.holdsUntilReadBack || next.lease.nonce !== now.sequence) return;
    next.lease.nonce = 0;
  }

  /** Whether the write repeats a request that was answered before this lease was taken. */
  #doneTwice(now: Process): string | undefined {
    const { phase, done } = jobOf(now);
    if (phase !== 'write') return undefined;
    const twice = this.world.decisions
      .made(done)
      .find(({ request, changes }) => changes && (now.answered & bit(request)) !== 0);
    return (
      twice && `the request “${this.world.nameOf(twice.request)}” is done again after its answer`
    );
  }

  /** `#readBack` */
  readBack(): Move<State>[] {
    const { state, own } = this.turn;
    // While an old pool is shown, it is read again.
    return this.#call(own).to === state.pool
      ? [this.turn.move('reads the pool back', (next, now) => this.#isSeen(next, now))]
      : [
          this.turn.move('does not read back what it wrote', (_next, now) =>
            this.fail(now, 'not read back'),
          ),
        ];
  }

  /** `#resolve`: a pool that may be shown as it was is read again, so what it finds is so. */
  findOut(): Move<State>[] {
    const { state, own } = this.turn;
    const gives = this.turn.move('does not find out whether it was made', (_next, now) =>
      this.fail(now, 'unresolved'),
    );
    if (this.#call(own).to !== state.pool) return [gives];
    return [
      gives,
      this.turn.move('finds that it was made', (next, now) => this.#isSeen(next, now)),
    ];
  }

  #isSeen(next: State, now: Process): undefined {
    now.last = now.last && { ...now.last, seen: true, doubt: 2 };
    now.isOld = false;
    now.job = { ...jobOf(now), made: jobOf(now).made + 1 };
    this.#toNextCall(next, now);
  }
}
