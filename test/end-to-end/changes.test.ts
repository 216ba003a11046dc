import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CognitoIdentityClient,
  type CognitoIdentityProvider,
  DeleteIdentityPoolCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  UpdateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { parsePolicy } from 'embedded-aws/kernel/iam.ts';
import { functionName } from '../../core/deployment.ts';
import type { EntryRemoved } from '../../core/reconcile/removed.ts';
import { deployAccountB } from '../../demo/deploy.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';

const USER_POOL = 'us-east-1_Healed001';
const RESTORED = 'us-east-1_Restored1';
const WEB = 'us-east-1_Web000001';
const TIGHT = 'us-east-1_Tight0001';
const HomeBusArn = `arn:aws:events:us-east-1:${ACCOUNT_A}:event-bus/default`;
const THERE = { account: ACCOUNT_B, region: 'ap-south-1' };

type Entries = CognitoIdentityProvider[];

describe('a change that someone else makes', () => {
  let world: World;
  before(async () => {
    world = await startWorld({}, { ForwardingAccounts: ACCOUNT_B });
    await deployAccountB(world.local.aws, THERE, {
      TrustedAccountId: ACCOUNT_A,
      IdentityPoolIds: [pools.healed, pools.restored, pools.tight, pools.web].join(','),
      ExternalId: 'pairing-1',
      TellPoolChanges: 'true',
      HomeBusArn,
    });
    await world.createUserPool(USER_POOL);
    await world.createIdentityPool(pools.healed);
    await world.createUserPool(WEB, { team: 'web' });
    await world.createIdentityPool(pools.web);
    await world.createUserPool(TIGHT);
    await world.createIdentityPool(pools.tight, ACCOUNT_B, {});
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

  test('to an identity pool starts a reconcile of it alone, which reports it', async () => {
    const clientId = await world.createAppClient(USER_POOL);
    await world.executionFor(clientId);
    await world.local.aws.buses.settled();
    assert.equal(rechecks().length, 0, 'an update of Poolbridge starts none');
    await update((await entries()).filter((entry) => entry.ClientId !== clientId));
    await until(() => rechecks().length === 1);
    assert.equal((await lastCounts())['removed'], 1);
  });

  test('to an identity pool is not followed by a reconcile for each of many, and the last one sees the last change', async () => {
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

  test('to an identity pool is undone if the link says restore, and names who made it without a look into the event history', async () => {
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
    const { clientId: told, restored, removedBy, executionArn } = detail as EntryRemoved;
    assert.deepEqual([told, restored], [clientId, true]);
    assert.equal(removedBy?.principalArn, `arn:aws:iam::${ACCOUNT_B}:root`);
    assert.equal(looks, 0);
    const { output } = await world.ended(executionArn);
    const [entry] = JSON.parse(output!).identityPools[0].entries;
    const { principalArn, time, eventId } = removedBy!;
    assert.deepEqual(entry.removedBy, { principalArn, time, eventId });
    assert.equal(entry.restored, true);
  });

  test('to an identity pool of another account starts nothing', async () => {
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
    await until(async () =>
      (await logged('NoteChange')).includes('does not come from the account'),
    );
    assert.equal(rechecks().length, before);
  });

  /** What a function has logged. */
  async function logged(name: string): Promise<string> {
    const { events = [] } = await world
      .client(CloudWatchLogsClient, HOME)
      .send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/poolbridge-dev-${name}` }));
    return events.map(({ message }) => message).join('');
  }

  /** Renames an app client of the user pool whose clients are covered by name. */
  const rename = (ClientId: string, ClientName: string) =>
    world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new UpdateUserPoolClientCommand({ UserPoolId: WEB, ClientId, ClientName }));

  /** Changes the time of an entry in the ledger. */
  async function linkedYesterday(clientId: string): Promise<void> {
    const { tables } = world.local.aws;
    const sk = { S: `entry#cognito-idp.us-east-1.amazonaws.com/${WEB}#${clientId}` };
    const asked = { TableName: 'poolbridge-dev', Key: { pk: { S: pools.web }, sk } };
    const { Item } = (await tables.ask(HOME, 'GetItem', asked)) as {
      Item: Record<string, { S: string }>;
    };
    const body = { ...JSON.parse(Item['body']!.S), time: Date.now() - 86_400_000 };
    await tables.ask(HOME, 'PutItem', {
      TableName: 'poolbridge-dev',
      Item: { ...Item, body: { S: JSON.stringify(body) } },
    });
  }

  test('to the name of an app client links it if a link covers its new name', async () => {
    const clientId = await world.createAppClient(WEB, 'other-app');
    assert.deepEqual((await world.executionFor(clientId)).result().results, []);
    await rename(clientId, 'web-app');
    const renamed = () =>
      [...world.local.aws.stateMachines.executions.values()].find(
        ({ name, input }) => name.startsWith('renamed-') && input.includes(clientId),
      );
    await until(() => renamed() !== undefined);
    const { results, requestedBy } = (await world.ended(renamed()!.arn)).result();
    assert.equal(results[0]!.outcome, 'LINKED');
    assert.equal(requestedBy.principalArn, `arn:aws:iam::${ACCOUNT_A}:root`);

    // Once it is linked and no link covers its name, a recheck reports it. What was linked within the last minute is
    // believed to be covered still.
    await linkedYesterday(clientId);
    await rename(clientId, 'other-app');
    const rechecked = () =>
      rechecks().find(({ input, status }) => input.includes(pools.web) && status !== 'RUNNING');
    await until(() => rechecked() !== undefined);
    const { output, cause } = await world.ended(rechecked()!.arn);
    assert.match(output ?? cause!, /"uncovered":1/);
  });

  test('to the name of an app client links nothing that a person unlinked', async () => {
    const clientId = await world.createAppClient(WEB, 'web-two');
    await world.executionFor(clientId);
    await world.run({ operation: 'unlink', userPoolId: WEB, clientId });
    const before = world.local.aws.stateMachines.executions.size;
    await rename(clientId, 'web-three');
    await until(async () => (await logged('NoteRename')).includes(clientId));
    assert.equal(world.local.aws.stateMachines.executions.size, before);
  });

  test('that makes room links what the quota refused', async () => {
    const clients: string[] = [];
    for (let i = 0; i < 4; i++) {
      clients.push(await world.createAppClient(TIGHT));
      await world.executionFor(clients[i]!);
    }
    const [first, last] = [clients[0]!, clients[3]!];
    const ids = async () =>
      ((await world.describe(pools.tight)).CognitoIdentityProviders ?? []).map(
        ({ ClientId }) => ClientId,
      );
    assert.ok(!(await ids()).includes(last));
    await world.run({ operation: 'unlink', userPoolId: TIGHT, clientId: first });
    await until(async () => (await ids()).includes(last));
    assert.ok(!(await ids()).includes(first));
  });

  test('that makes room is remembered until its recheck has started', async () => {
    await until(() => ended() === rechecks().length);
    const isAwaited = async () => {
      const Key = { pk: { S: `changes#${pools.tight}` }, sk: { S: 'room' } };
      const asked = { TableName: 'poolbridge-dev', Key };
      return 'Item' in ((await world.local.aws.tables.ask(HOME, 'GetItem', asked)) as object);
    };
    const finished = async (result: object) => {
      const detail = { results: [{ identityPoolId: pools.tight, ...result }] };
      const { FunctionError } = await world.client(LambdaClient, HOME).send(
        new InvokeCommand({
          FunctionName: functionName('dev', 'NoteRoom'),
          Payload: Buffer.from(JSON.stringify({ id: 'one-event', detail })),
        }),
      );
      return FunctionError;
    };
    const role = [...world.local.aws.iam.roles.values()].find(({ arn }) =>
      arn.includes('-NoteRoomRole'),
    )!;
    const before = rechecks().length;
    await finished({ outcome: 'FAILED', error: 'ProviderQuotaError' });
    assert.ok(await isAwaited());
    role.boundary = parsePolicy({
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'states:StartExecution', Resource: '*' },
      ],
    });
    assert.equal(await finished({ outcome: 'UNLINKED' }), 'Unhandled');
    assert.deepEqual([await isAwaited(), rechecks().length], [true, before]);
    delete role.boundary;
    // EventBridge delivers the event again.
    assert.equal(await finished({ outcome: 'UNLINKED' }), undefined);
    assert.deepEqual([await isAwaited(), rechecks().length], [false, before + 1]);
  });

  test('whose event is lost is found by a sweep', async () => {
    const { aws } = world.local;
    aws.trail.enabled = false;
    const clientId = await world.createAppClient(USER_POOL, 'app-swept');
    aws.trail.enabled = true;
    const ids = async () => (await entries()).map(({ ClientId }) => ClientId);
    assert.ok(!(await ids()).includes(clientId));
    aws.buses.fire(`arn:aws:events:us-east-1:${ACCOUNT_A}:rule/poolbridge-dev-sweep`);
    await until(async () => (await ids()).includes(clientId));
    await until(() => ended() === rechecks().length);
    const before = rechecks().length;
    aws.buses.fire(`arn:aws:events:us-east-1:${ACCOUNT_A}:rule/poolbridge-dev-sweep`);
    await until(async () => (await logged('Sweep')).split('user pools swept').length === 3);
    assert.equal(rechecks().length, before, 'a sweep that finds nothing starts nothing');
  });

  test('that deletes an identity pool fails a reconcile, so that the alarm rings', async () => {
    await until(() => ended() === rechecks().length);
    const before = rechecks().length;
    await world
      .client(CognitoIdentityClient, THERE)
      .send(new DeleteIdentityPoolCommand({ IdentityPoolId: pools.healed }));
    await until(() => ended() > before);
    assert.equal(rechecks().at(-1)!.error, 'IdentityPoolNotFoundError');
  });
});
