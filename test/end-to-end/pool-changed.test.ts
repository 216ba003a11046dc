import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CognitoIdentityClient,
  type CognitoIdentityProvider,
  DeleteIdentityPoolCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import type { EntryRemoved } from '../../core/reconcile/removed.ts';
import { deployAccountB } from '../../demo/deploy.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';

const USER_POOL = 'us-east-1_Healed001';
const RESTORED = 'us-east-1_Restored1';
const HomeBusArn = `arn:aws:events:us-east-1:${ACCOUNT_A}:event-bus/default`;
const THERE = { account: ACCOUNT_B, region: 'ap-south-1' };

type Entries = CognitoIdentityProvider[];

describe('a change that someone else makes to an identity pool', () => {
  let world: World;
  before(async () => {
    world = await startWorld({}, { ForwardingAccounts: ACCOUNT_B });
    await deployAccountB(world.local.aws, THERE, {
      TrustedAccountId: ACCOUNT_A,
      IdentityPoolIds: [pools.healed, pools.restored].join(','),
      ExternalId: 'pairing-1',
      TellPoolChanges: 'true',
      HomeBusArn,
    });
    await world.createUserPool(USER_POOL);
    await world.createIdentityPool(pools.healed);
  });
  after(() => world.close());

  /** What others do: they send the identity pool back with other entries. */
  async function update(
    CognitoIdentityProviders: Entries,
    IdentityPoolId: string = pools.healed,
  ): Promise<void> {
    await world.client(CognitoIdentityClient, THERE).send(
      new UpdateIdentityPoolCommand({
        IdentityPoolId,
        IdentityPoolName: 'pool',
        AllowUnauthenticatedIdentities: true,
        CognitoIdentityProviders,
      }),
    );
  }

  const entries = async (): Promise<Entries> =>
    (await world.describe(pools.healed)).CognitoIdentityProviders ?? [];

  const rechecks = () =>
    [...world.local.aws.stateMachines.executions.values()].filter(
      ({ machine, input }) => machine.arn === world.reconcileArn && input.includes('waitUntil'),
    );

  /** The counts of the only identity pool that the last recheck compared. */
  async function lastCounts(): Promise<Record<string, number>> {
    const { output, cause } = await world.ended(rechecks().at(-1)!.arn);
    assert.ok(output, cause);
    const { identityPools } = JSON.parse(output);
    assert.equal(identityPools.length, 1);
    assert.equal(identityPools[0].identityPoolId, pools.healed);
    return identityPools[0].counts;
  }

  const ended = () => rechecks().filter(({ status }) => status !== 'RUNNING').length;

  test('starts a reconcile of that identity pool alone, which reports it', async () => {
    const clientId = await world.createAppClient(USER_POOL);
    await world.executionFor(clientId);
    await world.local.aws.buses.settled();
    assert.equal(rechecks().length, 0, 'an update of Poolbridge starts none');
    await update((await entries()).filter((entry) => entry.ClientId !== clientId));
    await until(() => rechecks().length === 1);
    assert.equal((await lastCounts())['removed'], 1);
  });

  test('is not followed by a reconcile for each of many, and the last one sees the last change', async () => {
    await until(() => ended() === rechecks().length);
    const before = rechecks().length;
    const all = await entries();
    for (let i = 0; i < 60; i++) {
      await update([
        ...all,
        {
          ProviderName: 'cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Foreign01',
          ClientId: `foreign${i}`,
        },
      ]);
    }
    await update([
      ...all,
      { ProviderName: 'cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Foreign01', ClientId: 'last' },
      { ProviderName: 'cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Foreign01', ClientId: 'more' },
    ]);
    await until(
      async () =>
        ended() === rechecks().length && (await lastCounts())['foreign'] === all.length + 2,
    );
    assert.ok(rechecks().length - before <= 4, `${rechecks().length - before} reconciles`);
  });

  test('is undone if the link says restore, and names who made it without a look into the event history', async () => {
    await until(() => ended() === rechecks().length);
    await world.createUserPool(RESTORED);
    await world.createIdentityPool(pools.restored);
    const { operations } = world.local.aws.services.get('cloudtrail')!;
    const { LookupEvents } = operations;
    let looks = 0;
    operations['LookupEvents'] = {
      ...LookupEvents!,
      run(call) {
        looks += 1;
        return LookupEvents!.run(call);
      },
    };
    const nextRemoved = await world.listen('EntryRemoved');
    const clientId = await world.createAppClient(RESTORED);
    await world.executionFor(clientId);
    const linked = async () =>
      (await world.describe(pools.restored)).CognitoIdentityProviders?.some(
        (entry) => entry.ClientId === clientId,
      ) === true;
    await until(linked);
    // CloudTrail has no fractions of a second, so an update in the same one could have come before.
    const second = Math.floor(Date.now() / 1000);
    await until(() => Date.now() / 1000 > second + 1);
    await update([], pools.restored);
    assert.ok(!(await linked()));
    await until(linked);
    const { detail } = await nextRemoved();
    const { clientId: told, restored, removedBy } = detail as EntryRemoved;
    assert.deepEqual([told, restored], [clientId, true]);
    assert.equal(removedBy?.principalArn, `arn:aws:iam::${ACCOUNT_B}:root`);
    assert.equal(looks, 0);
    const { output } = await world.ended(rechecks().at(-1)!.arn);
    const [entry] = JSON.parse(output!).identityPools[0].entries;
    const { principalArn, time, eventId } = removedBy!;
    assert.deepEqual(entry.removedBy, { principalArn, time, eventId });
    assert.equal(entry.restored, true);
  });

  test('of another account than that of its identity pool changes nothing', async () => {
    await until(() => ended() === rechecks().length);
    const before = rechecks().length;
    const detail = {
      eventSource: 'cognito-identity.amazonaws.com',
      eventType: 'AwsApiCall',
      eventName: 'UpdateIdentityPool',
      eventID: 'forged',
      eventTime: '2026-01-02T03:04:05Z',
      userIdentity: { arn: `arn:aws:iam::${ACCOUNT_A}:user/someone` },
      requestParameters: { identityPoolId: pools.healed },
    };
    world.local.aws.emit(HOME.account, HOME.region, {
      source: 'aws.cognito-identity',
      'detail-type': 'AWS API Call via CloudTrail',
      time: detail.eventTime,
      resources: [],
      detail,
    });
    await world.local.aws.buses.settled();
    await until(async () => (await logged()).includes('does not come from the account'));
    assert.equal(rechecks().length, before);
  });

  /** What NoteChange has logged. */
  async function logged(): Promise<string> {
    const { events = [] } = await world
      .client(CloudWatchLogsClient, HOME)
      .send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/poolbridge-dev-NoteChange' }));
    return events.map(({ message }) => message).join('');
  }

  test('that deletes it fails a reconcile, so that the alarm rings', async () => {
    await until(() => ended() === rechecks().length);
    const before = rechecks().length;
    await world
      .client(CognitoIdentityClient, THERE)
      .send(new DeleteIdentityPoolCommand({ IdentityPoolId: pools.healed }));
    await until(() => ended() > before);
    assert.equal(rechecks().at(-1)!.error, 'IdentityPoolNotFoundError');
  });
});
