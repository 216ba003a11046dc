import type { SFN } from '@aws-sdk/client-sfn';
import { ApprovalDeniedError } from '../../core/errors.ts';
import type { ShownChange } from '../../core/identity-pool/merge.ts';
import type { Approval } from '../../core/request/approval.ts';
import { type Event, historyOf } from './history.ts';

/** One identity pool of an execution that waits for approval. */
export interface WaitingApproval {
  token: string;
  identityPoolId: string;
  links: string[];
  changes: ShownChange[];
}

const goesOn = ['TaskStarted', 'TaskSubmitted'];

/**
 * What waits for approval, by the history of an execution: what was asked for and has not been
 * decided, has not expired and has not failed.
 */
export function waitingIn(events: Event[]): WaitingApproval[] {
  if (events.at(-1)?.type.startsWith('Execution')) return [];
  const next = new Map(events.map((event) => [event.previous, event]));
  const waits = (event: Event): boolean => {
    const following = next.get(event.id);
    return !following || (goesOn.includes(following.type) && waits(following));
  };
  return events.flatMap((event) => {
    const { resource, parameters = '{}' } = event.details;
    const asks = event.type === 'TaskScheduled' && resource === 'invoke.waitForTaskToken';
    if (!asks || !waits(event)) return [];
    const { token, target, changes } = JSON.parse(String(parameters)).Payload;
    return [{ token, identityPoolId: target.identityPoolId, links: target.links, changes }];
  });
}

/** What an execution waits for, and how that is decided. The token is shown to nobody. */
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
      `${approvedBy} has refused the change at ${time} (${reason}), so nothing was written.`,
    );
    await this.#sfn.sendTaskFailure({ taskToken: token, error: name, cause: message });
  }
}
