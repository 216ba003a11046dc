import type { SFN } from '@aws-sdk/client-sfn';
import { ApprovalDeniedError } from '../../core/errors.ts';
import type { ShownChange } from '../../core/identity-pool/changes.ts';
import { moment } from '../../core/moment.ts';
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

/** The outcome of a change that waits, where outcomes are listed. */
export const WAITING = 'WAITING';

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
    const { resource, parameters } = event.details;
    const isRequest = event.type === 'TaskScheduled' && resource === 'invoke.waitForTaskToken';
    // A log group may have the event without its data.
    if (!isRequest || parameters === undefined || !waits(event)) return [];
    const { token, target, changes } = JSON.parse(String(parameters)).Payload;
    const { identityPoolId, links, clientName, approvalTime } = target;
    const until = new Date(event.time + approvalTime.seconds * 1000).toISOString();
    const since = new Date(event.time).toISOString();
    return [
      { token, identityPoolId, links, ...(clientName && { clientName }), changes, since, until },
    ];
  });
}

/** Why a decision has no effect. */
export const TOO_LATE = 'it is already approved or denied, or the time to decide is over';

// The task of a decision that came too late no longer exists.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
const GONE = ['TaskTimedOut', 'TaskDoesNotExist'];

/** Whether Step Functions still took a decision. */
async function isInTime(decision: Promise<unknown>): Promise<boolean> {
  try {
    await decision;
    return true;
  } catch (error) {
    if (!(error instanceof Error && GONE.includes(error.name))) throw error;
    return false;
  }
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

  /** @returns false if the change no longer waits. */
  approve({ token }: WaitingApproval, approval: Approval): Promise<boolean> {
    const output = JSON.stringify(approval);
    return isInTime(this.#sfn.sendTaskSuccess({ taskToken: token, output }));
  }

  /** @returns false if the change no longer waits. */
  deny({ token }: WaitingApproval, { approvedBy, reason, time }: Approval): Promise<boolean> {
    const { name, message } = new ApprovalDeniedError(
      `${approvedBy} denied the change at ${moment(time)} (${reason}), so nothing was written.`,
    );
    return isInTime(this.#sfn.sendTaskFailure({ taskToken: token, error: name, cause: message }));
  }
}
