import { Calls, jobOf } from './calls.ts';
import type { Move } from './checker.ts';
import type { Made, Shares } from './decisions.ts';
import type { Job, Outcome, Process, State } from './state.ts';
import { bit, type World } from './world.ts';

/** The outcome of a request, by whether it changed anything: `outcomeOf` in core/request/target.ts. */
function outcomeOf({ requests }: World, request: number, changes: boolean): Outcome {
  const isLink = requests[request]?.operation === 'link';
  if (isLink) return changes ? 'LINKED' : 'ALREADY_LINKED';
  return changes ? 'UNLINKED' : 'NOT_LINKED';
}

export const knownIn = ({ ledger }: State) => ledger.map(({ known }) => known);

/** The ledger and the answers after a write: aws/write/answers.ts. */
export abstract class Answers extends Calls {
  /** The next step after a write is entered and answered. */
  protected abstract afterAnswers(next: State, now: Process): void;

  /** Goes on with the ledger, if there is anything to enter. */
  protected afterCalls(next: State, now: Process): void {
    const hasEntries = this.#entries(next, now).some((known) => known !== undefined);
    if (hasEntries) now.step = 'enter';
    else this.#toAnswers(next, now);
  }

  /** `enter` and `goneAlready`: core/write/records.ts decides what to enter into the ledger. */
  #entries(next: State, now: Process) {
    const { phase, done, to } = jobOf(now);
    const isWrite = phase === 'write' || phase === 'write alone';
    return this.world.decisions.entered(done, knownIn(next), isWrite ? to : undefined);
  }

  enter(): Move<State>[] {
    return [
      this.turn.move('enters the write into the ledger', (next, now) => {
        const { sequence } = jobOf(now).write;
        for (const [client, known] of this.#entries(next, now).entries()) {
          const before = next.ledger[client];
          if (known === undefined || !before) continue;
          if (this.world.protocol.entersInOrder && before.sequence > sequence) continue;
          next.ledger[client] = { known, sequence };
        }
        this.#toAnswers(next, now);
        return undefined;
      }),
    ];
  }

  /** `giveAnswers`. The repairs of a reconcile are not requests, so they get no answer. */
  #toAnswers(next: State, now: Process): void {
    const { bound, decisions } = this.world;
    const toAnswer = decisions
      .made(jobOf(now).done)
      .map(({ request }) => request)
      .filter((request) => request < bound.requests.length);
    now.job = { ...jobOf(now), toAnswer };
    if (toAnswer.length === 0) this.afterAnswers(next, now);
    else now.step = 'answer';
  }

  /** The turn in which a request is answered, after all earlier turns. */
  #turnOf({ turn, isCancelled, request }: Made): number {
    const { answersInOrder } = this.world.protocol;
    if (answersInOrder === 'all') return turn;
    return answersInOrder === 'cancelled' && isCancelled
      ? request
      : this.world.bound.requests.length;
  }

  /** The requests that may be answered or forgotten now. */
  #nextOf({ done, toAnswer }: Job): number[] {
    const turns = new Map(
      this.world.decisions.made(done).map((each) => [each.request, this.#turnOf(each)]),
    );
    const turnOf = (each: number): number => turns.get(each < 0 ? -each - 1 : each) ?? 0;
    const first = Math.min(...toAnswer.map(turnOf));
    return toAnswer.filter((each) => turnOf(each) === first);
  }

  /**
   * Answering a request and forgetting it are separate steps. The steps of a turn run in parallel: if a crash or
   * stall may stop them, the model tries them in the order of the requests and in reverse.
   */
  answer(): Move<State>[] {
    const { state, own } = this.turn;
    const { crash, stall } = state.faults;
    const side = this.#nextOf(jobOf(own));
    const isAnyOrder = side.length > 1 && crash + stall > 0;
    const turns = (isAnyOrder ? [0, side.length - 1] : [0]).flatMap((at) => side[at] ?? []);
    return turns.map((each) => {
      const request = each < 0 ? -each - 1 : each;
      const isFirst = each >= 0;
      const answers = this.world.protocol.answersFirst === isFirst;
      const name = this.world.nameOf(request);
      const what = answers ? `answers “${name}”` : `forgets that “${name}” waits`;
      return this.turn.move(what, (next, now) => {
        const wrong = answers ? this.#putAnswer(next, now, request) : undefined;
        if (!answers) next.pending = next.pending.filter((waiting) => waiting !== request);
        const hasMore = isFirst && (!answers || next.pending.includes(request));
        const rest = jobOf(now).toAnswer.flatMap((other) => {
          if (other !== each) return other;
          return hasMore ? -request - 1 : [];
        });
        now.job = { ...jobOf(now), toAnswer: rest };
        if (rest.length === 0) this.afterAnswers(next, now);
        return wrong;
      });
    });
  }

  #putAnswer(next: State, now: Process, request: number): string | undefined {
    const outcome = this.outcomeIn(jobOf(now).done, request);
    const before = next.answers[request];
    next.answers[request] = outcome;
    const isHolder = next.lease.nonce === now.sequence;
    const wasFirm = (next.firm & bit(request)) !== 0;
    if (isHolder) next.firm |= bit(request);
    const isOther = before !== outcome && isHolder && wasFirm;
    return isOther
      ? `the answer to “${this.world.nameOf(request)}”, ${before}, is replaced by ${outcome}`
      : undefined;
  }

  protected outcomeIn(shares: Shares, request: number): Outcome | null {
    const made = this.world.decisions.made(shares).find((each) => each.request === request);
    return made ? outcomeOf(this.world, request, made.changes) : null;
  }
}
