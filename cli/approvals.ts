import {
  GetExecutionHistoryCommand,
  type GetExecutionHistoryOutput,
  type HistoryEvent,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import type { Approval } from '../core/approval.ts';
import { ApprovalDeniedError } from '../core/errors.ts';
import { executionOf } from '../core/execution.ts';
import type { ShownChange } from '../core/merge.ts';
import { config } from './caller.ts';

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
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
 */
function waitingIn(events: HistoryEvent[]): WaitingApproval[] {
  if (events.at(-1)?.type?.startsWith('Execution')) return [];
  const next = new Map(events.map((event) => [event.previousEventId, event]));
  const waits = (event: HistoryEvent): boolean => {
    const following = next.get(event.id);
    return !following || (goesOn.includes(following.type ?? '') && waits(following));
  };
  return events.flatMap((event) => {
    const { resource, parameters = '{}' } = event.taskScheduledEventDetails ?? {};
    if (resource !== 'invoke.waitForTaskToken' || !waits(event)) return [];
    const { token, target, changes } = JSON.parse(parameters).Payload;
    return [{ token, identityPoolId: target.identityPoolId, links: target.links, changes }];
  });
}

/** What an execution waits for, and how that is decided. */
export class Approvals {
  readonly #sfn: SFNClient;
  readonly #execution: string;

  /** @param execution its ARN, which says the Region too. */
  constructor(execution: string) {
    this.#execution = execution;
    this.#sfn = new SFNClient({ ...config, region: executionOf(execution).region });
  }

  async waiting(): Promise<WaitingApproval[]> {
    const events: HistoryEvent[] = [];
    let nextToken: string | undefined;
    do {
      const page: GetExecutionHistoryOutput = await this.#sfn.send(
        new GetExecutionHistoryCommand({
          ...{ executionArn: this.#execution, maxResults: 1000, nextToken },
          includeExecutionData: true,
        }),
      );
      events.push(...(page.events ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return waitingIn(events);
  }

  async approve({ token }: WaitingApproval, approval: Approval): Promise<void> {
    const output = JSON.stringify(approval);
    await this.#sfn.send(new SendTaskSuccessCommand({ taskToken: token, output }));
  }

  async deny({ token }: WaitingApproval, { approvedBy, reason, time }: Approval): Promise<void> {
    const { name, message } = new ApprovalDeniedError(
      `${approvedBy} has refused the change at ${time} (${reason}), so nothing was written.`,
    );
    await this.#sfn.send(
      new SendTaskFailureCommand({ taskToken: token, error: name, cause: message }),
    );
  }
}
