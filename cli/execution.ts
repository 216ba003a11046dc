import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Output } from '../core/outcome.ts';
import { callerIdentity, config, linkMachineArn } from './caller.ts';

/** How an execution ended. */
export type Ending =
  | { status: 'SUCCEEDED'; output: Output }
  | { status: string; error: string; message: string };

/** The `link` state machine of this account, reached as the AWS CLI reaches it. */
export class LinkMachine {
  readonly #sfn = new SFNClient(config);
  readonly #stage: string;

  constructor(stage: string) {
    this.#stage = stage;
  }

  /** Starts an execution and returns its ARN. */
  async start(request: object): Promise<string> {
    const { executionArn = '' } = await this.#sfn.send(
      new StartExecutionCommand({
        stateMachineArn: linkMachineArn(await callerIdentity(), this.#stage),
        input: JSON.stringify(request),
      }),
    );
    return executionArn;
  }

  /** Waits for the end of an execution, and tells of each state as it is entered. */
  async follow(executionArn: string, entered: (state: string) => void): Promise<Ending> {
    for (let seen = 0; ; ) {
      const described = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
      const states = await this.#statesOf(executionArn);
      for (const state of states.slice(seen)) entered(state);
      seen = states.length;
      if (described.status !== 'RUNNING') return endingOf(described);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  async #statesOf(executionArn: string): Promise<string[]> {
    const { events = [] } = await this.#sfn.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
    );
    return events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
  }
}

interface Described {
  status?: string | undefined;
  output?: string | undefined;
  error?: string | undefined;
  cause?: string | undefined;
}

function endingOf({ status = '', output = '{}', error = status, cause = '' }: Described): Ending {
  if (status === 'SUCCEEDED') return { status, output: JSON.parse(output) };
  try {
    const { message = cause } = JSON.parse(cause);
    return { status, error, message };
  } catch {
    return { status, error, message: cause || `The execution ended as ${status}.` };
  }
}
