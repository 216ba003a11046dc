import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { until } from '../until.ts';
import { type Ended, HOME, type World } from '../world.ts';

/** Links an app client, and aborts the execution while it writes. The function goes on. */
export async function linkAborted(
  world: World,
  identityPoolId: string,
  userPoolId: string,
  clientId: string,
): Promise<Ended> {
  const { aws } = world.local;
  const call = aws.call.bind(aws);
  const sfn = world.client(SFNClient, HOME);
  aws.call = async (asked) => {
    if (asked.operation === 'UpdateIdentityPool') {
      aws.call = call;
      const running = [...aws.stateMachines.executions.values()].find(
        ({ status, input }) => status === 'RUNNING' && input.includes(clientId),
      );
      await sfn.send(new StopExecutionCommand({ executionArn: running!.arn }));
    }
    return call(asked);
  };
  const ended = await world.run({ userPoolId, clientId });
  const key = {
    pk: { S: identityPoolId },
    sk: { S: `entry#cognito-idp.us-east-1.amazonaws.com/${userPoolId}#${clientId}` },
  };
  await until(async () => {
    const asked = { TableName: 'poolbridge-dev', Key: key };
    return JSON.stringify(await aws.tables.ask(HOME, 'GetItem', asked)).includes(clientId);
  });
  return ended;
}
