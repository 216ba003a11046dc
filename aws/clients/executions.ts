import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { commandFor } from '../../core/command-line.ts';
import { InvalidRequestError } from '../../core/errors.ts';
import { type Execution, executionOf } from '../../core/execution.ts';
import type { ExecutionEnd } from '../../core/request/undo.ts';
import { requestHandler } from './request-handler.ts';

const client = new SFNClient({ requestHandler });

/**
 * The end of an earlier execution of the same state machine.
 *
 * @throws InvalidRequestError if it belongs to another state machine, is still running, or is not known any more.
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
 */
export async function endOf(executionArn: string, own: Execution): Promise<ExecutionEnd> {
  const machine = ({ arn, name }: Execution) => arn.slice(0, -name.length);
  if (machine(executionOf(executionArn)) !== machine(own)) {
    throw new InvalidRequestError(
      `${executionArn} is not an execution of this state machine. Only executions that begin with ${machine(own)} can be undone here.`,
    );
  }
  try {
    const {
      status = '',
      output,
      cause,
    } = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'RUNNING') {
      const { name } = executionOf(executionArn);
      const deny = commandFor(executionArn, 'approve', name, '--deny', '--reason', '…');
      throw new InvalidRequestError(
        `The execution ${executionArn} is still running. Wait until it ends, or stop it, and ask again. If it waits for approval, deny it: ${deny}`,
      );
    }
    return {
      status,
      ...(output !== undefined && { output }),
      ...(cause !== undefined && { cause }),
    };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ExecutionDoesNotExist') throw error;
    throw new InvalidRequestError(
      `There is no execution ${executionArn}. Step Functions forgets executions after 90 days. The log group still has what it changed; link or unlink that by hand.`,
      { cause: error },
    );
  }
}

/**
 * Starts an execution. The same name starts it only once.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export async function startExecution(asked: {
  stateMachineArn: string;
  name: string;
  /** JSON. */
  input: string;
}): Promise<void> {
  try {
    await client.send(new StartExecutionCommand(asked));
  } catch (error) {
    // An earlier delivery of the same event started it, and it has ended.
    if (!(error instanceof Error) || error.name !== 'ExecutionAlreadyExists') throw error;
  }
}
