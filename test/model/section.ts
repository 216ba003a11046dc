import { Answers, knownIn } from './answers.ts';
import { jobOf, renewed } from './calls.ts';
import type { Move } from './checker.ts';
import { entriesOf, type Pool, type Request } from './decisions.ts';
import {
  type Failure,
  isSameWrite,
  type Job,
  type Outcome,
  type Process,
  type State,
} from './state.ts';
import { bit, without } from './world.ts';

// The work under the lease: CriticalSection in aws/write/critical-section.ts, and PoolWriter. A step is one call
// of AWS with the computation after it. Several calls are one step if no other process can affect anything
// between them.

/** Whether the ledger has the app client of a request as deleted. */
const isMarked = (request: Request, ledger: State['ledger']): boolean =>
  ledger.some(
    ({ known }, client) => known === 'deleted' && (entriesOf(request) & bit(client)) !== 0,
  );

/** The work of one process under its lease. */
export class Section extends Answers {
  #isOwn(own: Process, request: number): boolean {
    return request === this.turn.number || own.own.includes(request);
  }

  /** `#isDeleted`, for a request that waits like any other. */
  #isDeleted({ ledger }: State): boolean {
    const { number } = this.turn;
    const own = this.world.bound.requests[number];
    if (own?.operation !== 'link' || !this.world.protocol.looksForDeletion) return false;
    return isMarked(own, ledger);
  }

  /**
   * The beginning of `#write`: an answer ends it; otherwise the waiting requests are gathered and the pool is
   * described.
   */
  look(): Move<State>[] {
    const { state, number } = this.turn;
    const answer = state.answers[number];
    const looks = this.world.protocol.looksUnderLease && !this.world.isReconcile(number);
    if (!answer || !looks) return this.describe();
    return [
      this.turn.move('finds its answer under the lease', (_, now) => {
        this.#end(now, answer);
        return undefined;
      }),
    ];
  }

  describe(): Move<State>[] {
    const { state, own } = this.turn;
    const { decisions, protocol } = this.world;
    const { last, job } = own;
    // A doubtful description is read again, which is not a move.
    const believed = [state.pool, ...without(state.shown, state.pool)].filter(
      (pool) => !protocol.doubts || !last || !decisions.isDoubtful(last, pool),
    );
    return believed.map((look) => {
      const what = look === state.pool ? 'describes the pool' : 'is shown an old pool';
      const gathers = job ? '' : 'gathers those that wait, and ';
      return this.turn.move(`${gathers}${what}`, (next, now) => {
        now.isOld = false;
        if (now.last?.result === look) now.last = { ...now.last, seen: true };
        if (job?.phase === 'settle after') this.#settle(next, now, look, job.phase, []);
        else if (job?.phase === 'write alone') this.#plan(next, now, { pool: look, start: look });
        else this.#begin(next, now, look);
        return undefined;
      });
    });
  }

  /** `#gather`, and aws/write/gathering.ts: the links of the model allow all waiting requests. */
  #gather(next: State, now: Process): void {
    const { protocol, requests } = this.world;
    const { number } = this.turn;
    const isReconcile = this.world.isReconcile(number);
    const isAnswered = (request: number): boolean =>
      protocol.dropsAnswered && request !== number && next.answers[request] !== null;
    next.pending = next.pending.filter((request) => !isAnswered(request));
    const isLeft = (request: number): boolean => {
      const each = requests[request];
      return request !== number && each?.operation === 'link' && isMarked(each, next.ledger);
    };
    const waiting = next.pending.filter((request) => !isLeft(request));
    const own = isReconcile ? this.#confirmed(next, now) : [number];
    const isLast = !isReconcile || !protocol.repairsFirst;
    const joined = isLast ? [...waiting, ...own] : [...own, ...waiting];
    const asked = waiting.includes(number) ? waiting : joined;
    const isDeletion = (request: number): boolean => requests[request]?.deleted === true;
    now.own = isReconcile ? own : [];
    now.asked = protocol.putsDeletionsLast
      ? [...asked.filter((each) => !isDeletion(each)), ...asked.filter(isDeletion)]
      : asked;
  }

  /** The repairs that the ledger still calls for. */
  #confirmed(next: State, now: Process): number[] {
    const { decisions, protocol } = this.world;
    if (!protocol.confirmsRepairs) return now.own;
    return now.own.filter((repair) => decisions.stillHolds(repair, knownIn(next)));
  }

  /** `#write`, after the pool is described. */
  #begin(next: State, now: Process, look: Pool): void {
    this.#gather(next, now);
    const asked = this.#isDeleted(next) ? [] : now.asked;
    if (now.unsettled) this.#settle(next, now, look, 'settle', asked);
    else this.#goOn(next, now, { pool: look, start: look });
  }

  /** `#write`, after everything is settled except what this write resumes. */
  #goOn(next: State, now: Process, onto: { pool: Pool; start: Pool }): void {
    if (this.#isDeleted(next) || now.asked.length === 0) {
      this.#end(now, 'NOT_LINKED');
    } else this.#plan(next, now, onto);
  }

  #end(now: Process, outcome: Outcome | null): void {
    if (!this.world.isReconcile(this.turn.number)) now.outcome = outcome;
    now.job = null;
    now.step = 'give the lease back';
  }

  /** `#settle`: core/write/settlement.ts decides. */
  #settle(next: State, now: Process, look: Pool, phase: Job['phase'], asked: number[]): void {
    const { decisions, protocol } = this.world;
    const write = now.unsettled;
    if (!write) return;
    const found = decisions.settlement(look, write.shares, asked);
    if (found.isShown) now.last = renewed(now.last);
    const { done, wanted, start } = protocol.settlesWhatIsThere
      ? found
      : { done: write.shares, wanted: look, start: look };
    this.make(next, now, { phase, from: look, to: wanted, write, done, start });
  }

  /** `#writeFor`: core/write/batch.ts decides. */
  #plan(next: State, now: Process, { pool, start }: { pool: Pool; start: Pool }): void {
    const { wanted, shares, write } = this.world.decisions.batch(start, now.asked, pool);
    now.writes++;
    const { sequence } = now;
    this.make(next, now, {
      phase: now.job?.phase === 'write alone' ? 'write alone' : 'write',
      from: pool,
      to: write ? wanted : pool,
      write: { sequence, number: now.writes, shares },
      done: shares,
      start: wanted,
    });
  }

  /** The next step after a write is entered and answered. */
  protected afterAnswers(next: State, now: Process): void {
    const { phase, to, start, done } = jobOf(now);
    const own = this.outcomeIn(done, this.turn.number);
    if (phase === 'settle' || phase === 'settle after') {
      const settled = this.world.decisions.made(done).map(({ request }) => request);
      now.asked = now.asked.filter((request) => !settled.includes(request));
    }
    // If a settlement leaves parts of links to resume, the write stays unsettled.
    if (phase === 'write' || phase === 'write alone' || to === start) this.#settled(now);
    if (phase === 'write' || phase === 'write alone' || own !== null) {
      now.failure = null;
      this.#end(now, own);
    } else if (phase === 'settle') {
      this.#goOn(next, now, { pool: to, start });
    } else this.#rethrow(now);
  }

  #settled(now: Process): void {
    now.unsettled = null;
    now.writing = null;
  }

  /** The next step after a failure, by the phase in which it happens. */
  protected fail(now: Process, failure: Failure): undefined {
    const { phase, write } = jobOf(now);
    now.before = null;
    if (phase === 'settle') return this.#leave(now, failure);
    // The next attempt tries again to take back what could not be taken back now.
    if (phase === 'settle after') {
      return this.#leave(now, failure === 'unresolved' ? failure : 'busy');
    }
    if (isSameWrite(now.writing, write)) now.unsettled = write;
    const isLeft = failure === 'unresolved' || failure === 'not read back';
    if (!now.unsettled || isLeft) {
      now.failure = failure;
      return this.#rethrow(now);
    }
    now.failure = failure;
    now.job = { ...jobOf(now), phase: 'settle after' };
    now.step = 'describe';
    return undefined;
  }

  /**
   * `#write`: AWS may refuse all requests together, but allow this one alone (with earlier requests about the
   * same app client).
   */
  #rethrow(now: Process): undefined {
    const { decisions, protocol } = this.world;
    const alone = now.asked.filter((request) => this.#isOwn(now, request));
    const own = protocol.keepsEarlier ? decisions.withEarlier(now.asked, alone) : alone;
    const { failure, job } = now;
    if (failure === 'refused' && own.length < now.asked.length) {
      now.failure = null;
      now.asked = own;
      now.job = job && { ...job, phase: 'write alone' };
      now.step = 'describe';
      return undefined;
    }
    return this.#leave(now, failure ?? 'busy');
  }

  /** `run`: gives the lease back, unless a call may still be under way. */
  #leave(now: Process, failure: Failure): undefined {
    now.failure = failure;
    now.job = null;
    now.step = 'give the lease back';
    return undefined;
  }
}
