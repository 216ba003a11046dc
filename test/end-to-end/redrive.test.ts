import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  UntagResourceCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { HOME, pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';
const WEB = 'us-east-1_Web000001';

describe('a step that runs again much later, as in a redrive', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(MOBILE);
    await world.createUserPool(WEB, { team: 'web' });
    for (const id of [pools.mobile, pools.web]) await world.createIdentityPool(id);
  });
  after(() => world.close());

  /** Runs a step of an execution again, with the same input. */
  const again = async (executionArn: string, step: string): Promise<Record<string, unknown>> => {
    const { FunctionError, answer } = await invoke(executionArn, step);
    assert.equal(FunctionError, undefined, JSON.stringify(answer));
    return answer;
  };

  const invoke = async (executionArn: string, step: string) => {
    const events = await world.history(executionArn);
    const entered = events.findIndex((event) => event.stateEnteredEventDetails?.name === step);
    const scheduled = events
      .slice(entered)
      .find(({ lambdaFunctionScheduledEventDetails: details }) => details !== undefined);
    const { Payload, FunctionError } = await world.client(LambdaClient, HOME).send(
      new InvokeCommand({
        FunctionName: `poolbridge-dev-${step}`,
        Payload: Buffer.from(scheduled!.lambdaFunctionScheduledEventDetails!.input!),
      }),
    );
    return { FunctionError, answer: JSON.parse(Buffer.from(Payload!).toString()) };
  };

  const updates = () =>
    world.local.aws.trail.records.filter(({ eventName }) => eventName === 'UpdateIdentityPool')
      .length;

  test('writes nothing that was undone since', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const linked = await world.run({ userPoolId: MOBILE, clientId });
    (await world.run({ operation: 'unlink', userPoolId: MOBILE, clientId })).result();
    const [before, count] = [await world.describe(pools.mobile), updates()];
    await again(linked.executionArn, 'UpdateIdentityPool');
    const { again: roundAgain } = await again(linked.executionArn, 'VerifyIdentityPool');
    assert.equal(roundAgain, false);
    assert.deepEqual(await world.describe(pools.mobile), before);
    assert.equal(updates(), count);
  });

  test('returns the same result if nothing has changed', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const linked = await world.run({ userPoolId: MOBILE, clientId });
    const count = updates();
    const result = await again(linked.executionArn, 'UpdateIdentityPool');
    assert.equal(result['outcome'], 'LINKED');
    assert.deepEqual(result['changes'], linked.result().results[0]!['changes' as never]);
    assert.equal(updates(), count);
  });

  test('links nothing by tags that the user pool no longer has', async () => {
    const clientId = await world.createAppClient(WEB, 'web-shop');
    const request = { userPoolId: WEB, clientId };
    const linked = await world.run(request);
    assert.equal(linked.result().results[0]!.outcome, 'LINKED');
    (await world.run({ operation: 'unlink', ...request })).result();
    const before = await world.describe(pools.web);
    const cognito = world.client(CognitoIdentityProviderClient, HOME);
    const ResourceArn = `arn:aws:cognito-idp:us-east-1:111111111111:userpool/${WEB}`;
    await cognito.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['team'] }));
    const { answer } = await invoke(linked.executionArn, 'UpdateIdentityPool');
    assert.equal(answer.errorType, 'NotCoveredError', JSON.stringify(answer));
    assert.deepEqual(await world.describe(pools.web), before);
  });
});
