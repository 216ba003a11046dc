import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACCOUNT_B, pools, startWorld, type World } from '../world.ts';

const HUGE = 'us-east-1_Huge00001';
const entries = (count: number, userPoolId: string) =>
  Array.from({ length: count }, (_, i) => ({
    ProviderName: `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`,
    ClientId: `client${i}`.padEnd(26, 'x'),
    ServerSideTokenCheck: i % 2 === 0,
  }));

const lengthOf = (value: unknown) => JSON.stringify(value).length;

describe('an identity pool with 1,000 entries', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    world.local.aws.identityPools.providerQuota = 1000;
    await world.createUserPool(HUGE);
  });
  after(() => world.close());

  /** The longest input or output of any state. */
  const longestState = async (executionArn: string): Promise<number> => {
    const events = await world.history(executionArn);
    const texts = events.flatMap((event) =>
      Object.values(event).flatMap((details) =>
        typeof details === 'object' && details !== null && !(details instanceof Date)
          ? [String(details.input ?? ''), String(details.output ?? '')]
          : [],
      ),
    );
    return Math.max(...texts.map((text) => text.length));
  };

  test('is linked, with states far below the size that Step Functions allows', async () => {
    const CognitoIdentityProviders = entries(999, 'us-east-1_Foreign01');
    await world.createIdentityPool(pools.huge, ACCOUNT_B, { CognitoIdentityProviders });
    const clientId = await world.createAppClient(HUGE);
    const ended = await world.run({ userPoolId: HUGE, clientId });
    const [result] = ended.result().results;
    assert.ok(result && result.outcome === 'LINKED');
    const after = await world.describe(pools.huge);
    assert.equal(after.CognitoIdentityProviders!.length, 1000);
    assert.deepEqual(after.CognitoIdentityProviders!.slice(0, 999), CognitoIdentityProviders);
    const { before: was, after: is } = result;
    assert.ok(was.CognitoIdentityProviders && 'count' in was.CognitoIdentityProviders);
    assert.ok(is.CognitoIdentityProviders && 'count' in is.CognitoIdentityProviders);
    assert.deepEqual(
      [was.CognitoIdentityProviders.count, is.CognitoIdentityProviders.count],
      [999, 1000],
    );
    assert.match(is.CognitoIdentityProviders.sha256, /^[0-9a-f]{64}$/);
    assert.notEqual(was.CognitoIdentityProviders.sha256, is.CognitoIdentityProviders.sha256);
    const longest = await longestState(ended.executionArn);
    assert.ok(longest < 200_000, `${longest} characters`);
  });

  test('refuses the entry after the thousandth', async () => {
    const clientId = await world.createAppClient(HUGE);
    assert.equal((await world.run({ userPoolId: HUGE, clientId })).error, 'ProviderQuotaError');
  });

  test('loses all entries of one user pool in one request, and the output names each of them', async () => {
    world.local.aws.identityPools.stored.clear();
    const CognitoIdentityProviders = entries(1000, HUGE);
    await world.createIdentityPool(pools.huge, ACCOUNT_B, { CognitoIdentityProviders });
    const ended = await world.run({ operation: 'unlink', userPoolId: HUGE });
    const [result] = ended.result().results;
    assert.ok(result && result.outcome === 'UNLINKED');
    const named = result.changes.flatMap((change) =>
      'clientIds' in change ? change.clientIds : [],
    );
    assert.deepEqual(named.sort(), CognitoIdentityProviders.map(({ ClientId }) => ClientId).sort());
    assert.deepEqual((await world.describe(pools.huge)).CognitoIdentityProviders, []);
    assert.ok((await longestState(ended.executionArn)) < 200_000);
    assert.ok(lengthOf(result) < 50_000);
  });
});
