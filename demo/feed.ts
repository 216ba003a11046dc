import { styleText } from 'node:util';
import type { LocalAws } from 'embedded-aws';
import { clientNames } from '../cli/executions/client-names.ts';
import { Executions } from '../cli/executions/executions.ts';
import { type ExecutionSummary, summaryOf } from '../cli/executions/summary.ts';
import { requestedByName } from '../cli/output/requested-by.ts';
import type { Session } from '../cli/session.ts';
import { isPlan } from '../console/server/plan-name.ts';
import { auditRecords } from '../core/audit/audit.ts';
import { executionOf } from '../core/execution.ts';
import { providerNameOf } from '../core/user-pool.ts';
import { visible } from '../core/visible.ts';
import { reconcileOutcomeText, reconcileRequestText } from './reconcile-text.ts';

const ENDS = new Set([
  'ExecutionSucceeded',
  'ExecutionFailed',
  'ExecutionTimedOut',
  'ExecutionAborted',
]);

const clock = (time: string | undefined): string =>
  new Date(time ?? Date.now()).toTimeString().slice(0, 8);

/** Prints executions as they happen, one line each. */
export class Feed {
  readonly #session: Session;
  readonly #executions: Executions;
  readonly #say: (line: string) => void;
  // A deleted app client can no longer be looked up.
  readonly #names = new Map<string, string>();
  #last: Promise<void> = Promise.resolve();

  /** @param say prints a line. */
  constructor(session: Session, say: (line: string) => void) {
    this.#session = session;
    this.#executions = new Executions(session, 'dev');
    this.#say = say;
  }

  /** Prints each execution that ends from now on, and each that begins to wait for approval. */
  watch({ aws }: LocalAws): void {
    aws.stateMachines.watch((execution, { type, details }) => {
      const isWaiting = type === 'TaskStateEntered' && details?.['name'] === 'RequestApproval';
      if (!isWaiting && !ENDS.has(type)) return;
      if (isPlan(executionOf(execution).name)) return;
      // In their order. An execution that can't be read any more has ended together with the AWS.
      this.#last = this.#last.then(() => this.#print(execution, isWaiting)).catch(() => {});
    });
  }

  async #print(execution: string, isWaiting: boolean): Promise<void> {
    const described = await this.#executions.read(execution);
    const summary = visible(summaryOf(described));
    const isReconcile = described.machine === 'reconcile';
    const done = isReconcile ? reconcileOutcomeText(described) : undefined;
    const outcome = isWaiting ? 'WAITING' : (done ?? summary.outcome);
    const isOpen = isWaiting || summary.wouldFail;
    const colour = isOpen ? 'yellow' : described.status === 'SUCCEEDED' ? 'green' : 'red';
    // A reconcile does not record who started it.
    const about = isReconcile
      ? [visible(reconcileRequestText(described))]
      : [
          requestedByName(summary.requestedBy ?? { via: 'unknown' }),
          await this.#aboutText(summary),
        ];
    const time = clock(isWaiting ? undefined : summary.stopped);
    const parts = [time, ...about, styleText(colour, outcome)];
    this.#say(parts.join('  '));
    const messages = auditRecords(described).flatMap(
      ({ message, wouldFail }) => message ?? wouldFail?.message ?? [],
    );
    for (const message of new Set(messages)) this.#say(`  ${visible(message)}`);
  }

  /** The request, with the name of its app client. */
  async #aboutText({
    execution,
    operation,
    userPoolId,
    clientId,
  }: ExecutionSummary): Promise<string> {
    const about = [operation, userPoolId].filter((part) => part !== undefined).join(' ');
    if (userPoolId === undefined || clientId === undefined) return about;
    const providerName = providerNameOf(userPoolId, executionOf(execution).partition);
    const found = await clientNames(this.#session, [{ providerName, clientId }]);
    for (const [id, name] of visible([...found])) this.#names.set(id, name);
    return `${operation} ${this.#names.get(clientId) ?? clientId}`;
  }
}
