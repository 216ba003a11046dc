import type { SFN } from '@aws-sdk/client-sfn';
import { ApprovalDeniedError } from '../../core/errors.ts';
import type { ShownChange } from '../../core/identity-pool/changes.ts';
import type { Approval } from '../../core/request/approval.ts';
import { type Event, historyOf } from './history.ts';

/** A pending change of an execution, to one identity pool. */
export interface WaitingApproval {
  token: string;
  identityPoolId: string;
  links: string[];
  /** The name of the app client, if it is known. */
  clientName?: string;
  changes: ShownChange[];
  /** When it was asked for, and until when it waits; ISO 8601. */
  since: string;
  until: string;
}

const stillPending = ['TaskStarted', 'TaskSubmitted'];

/** The changes that wait for approval: those in the history that have not been decided, expired or failed. */
export function waitingIn(events: Event[]): WaitingApproval[] {
  if (events.at(-1)?.type.startsWith('Execution')) return [];
  const next = new Map(events.map((event) => [event.previous, event]));
  const waits = (event: Event): boolean => {
    const following = next.get(event.id);
    return !following || (stillPending.includes(following.type) && waits(following));
  };
  return events.flatMap((event) => {
    const { resource, parameters = '{}' } = event.details;
    const isRequest = event.type === 'TaskScheduled' && resource === 'invoke.waitForTaskToken';
    if (!isRequest || !waits(event)) return [];
    const { token, target, changes } = JSON.parse(String(parameters)).Payload;
    const { identityPoolId, links, clientName, approvalTime } = target;
    const until = new Date(event.time + approvalTime.seconds * 1000).toISOString();
    const since = new Date(event.time).toISOString();
    return [
      { token, identityPoolId, links, ...(clientName && { clientName }), changes, since, until },
    ];
  });
}

/** Reads and decides the pending changes of an execution. Never prints the task token. */
export class Approvals {
  readonly #sfn: SFN;
  readonly #execution: string;

  constructor(sfn: SFN, execution: string) {
    this.#sfn = sfn;
    this.#execution = execution;
  }

  async waiting(): Promise<WaitingApproval[]> {
    return waitingIn(await historyOf(this.#sfn, this.#execution));
  }

  async approve({ token }: WaitingApproval, approval: Approval): Promise<void> {
    await this.#sfn.sendTaskSuccess({ taskToken: token, output: JSON.stringify(approval) });
  }

  async deny({ token }: WaitingApproval, { approvedBy, reason, time }: Approval): Promise<void> {
    const { name, message } = new ApprovalDeniedError(
      `${approvedBy} denied the change at ${time} (${reason}), so nothing was written.`,
    );
    await this.#sfn.sendTaskFailure({ taskToken: token, error: name, cause: message });
  }
}
