import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  CognitoIdentityClient,
  GetIdentityPoolRolesCommand,
  SetIdentityPoolRolesCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { AwsError } from 'embedded-aws';
import type { Asked } from 'embedded-aws/kernel/call.ts';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { isFaulty } from '../../core/request/outcome.ts';
import { PAUSE } from '../../core/write/pause.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import { deployAccountB } from '../../demo/deploy.ts';
import { poolbridge } from '../cli/command.ts';
import { ACCOUNT_A, type Ended, HOME, startWorld, type World } from '../world.ts';

const ACCOUNT = '777777777777';
const REGION = 'ap-south-1';
const POOL = 'ap-south-1:00000000-0000-0000-0000-000000000012';
const userPoolId = 'us-east-1_Mapped001';
const ProviderName = `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
const TableName = 'poolbridge-dev';

const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const throttled = () => new AwsError('TooManyRequestsException', 'Too many requests.', 429);
const refused = () => new AwsError('NotAuthorizedException', 'It is forbidden.', 403);

type Item = Record<string, { S?: string; N?: string }>;

/** A fault of AWS for one kind of call. */
interface Fault {
  operation: string;
  /** The number of calls before the fault, and the number that it affects. */
  after?: number;
  times?: number;
  /** For the table: text in the call's input. */
  about?: string;
  happens: () => Promise<void> | Error;
}

describe('a partial write', () => {
  let world: World;
  let accountB: CognitoIdentityClient;
  let faults: Fault[] = [];
  const clientIds: string[] = [];

  before(async () => {
    world = await startWorld({ trail: false });
    const { aws } = world.local;
    await deployAccountB(
      aws,
      { account: ACCOUNT, region: REGION },
      {
        TrustedAccountId: ACCOUNT_A,
        PrincipalTags: 'true',
        IdentityPoolIds: POOL,
        RoleName: 'poolbridge-mapper',
        RoleMappingRoleArns: ['user', 'guest', 'admin', 'dev'].map(role).join(','),
      },
    );
    await world.createUserPool(userPoolId);
    accountB = world.client(CognitoIdentityClient, { account: ACCOUNT, region: REGION });
    await world.createIdentityPool(POOL, ACCOUNT, {});
    await accountB.send(
      new SetIdentityPoolRolesCommand({
        IdentityPoolId: POOL,
        Roles: { authenticated: role('user') },
      }),
    );
    const call = aws.call.bind(aws);
    aws.call = async (asked) => {
      const error = await happens(asked);
      if (error) throw error;
      return call(asked);
    };
  });
  after(() => world.close());
  afterEach(async () => {
    faults = [];
    // Otherwise the next reconcile would link them.
    for (const ClientId of clientIds.splice(0)) {
      await world
        .client(CognitoIdentityProviderClient, HOME)
        .send(new DeleteUserPoolClientCommand({ UserPoolId: userPoolId, ClientId }));
    }
  });

  async function happens({ operation, ...asked }: Asked): Promise<Error | undefined> {
    const fault = faults.find(
      (each) => each.operation === operation && JSON.stringify(asked).includes(each.about ?? ''),
    );
    if (!fault || (fault.after ?? 0) > 0) {
      if (fault) fault.after!--;
      return undefined;
    }
    if (fault.times === 0) return undefined;
    if (fault.times !== undefined) fault.times--;
    const what = await fault.happens();
    return what ?? undefined;
  }

  const ask = async (operation: string, input: object) =>
    (await world.local.aws.tables.ask(HOME, operation, { TableName, ...input })) as { Item?: Item };
  const itemOf = async (sk: string) =>
    (await ask('GetItem', { Key: { pk: { S: POOL }, sk: { S: sk } } })).Item;
  const ledgerOf = async (clientId: string): Promise<LedgerEntry['state'] | undefined> => {
    const item = await itemOf(`entry#${ProviderName}#${clientId}`);
    return item && (JSON.parse(item['body']!.S!) as LedgerEntry).state;
  };
  const unsettled = async () => (await itemOf('lease'))?.['writing']?.S;
  const pause = () => ask('PutItem', { Item: { pk: { S: PAUSE }, sk: { S: PAUSE } } });
  const resume = () => ask('DeleteItem', { Key: { pk: { S: PAUSE }, sk: { S: PAUSE } } });

  const clientsThere = async () =>
    ((await world.describe(POOL, ACCOUNT)).CognitoIdentityProviders ?? []).map(
      ({ ClientId }) => ClientId!,
    );
  const clientsMapped = async () => {
    const { RoleMappings = {} } = await accountB.send(
      new GetIdentityPoolRolesCommand({ IdentityPoolId: POOL }),
    );
    return Object.keys(RoleMappings).map((key) => key.split(':').at(-1)!);
  };
  const opsOf = (ended: Ended) =>
    ended
      .result()
      .results.flatMap((each) => ('changes' in each ? each.changes : []).map(({ op }) => op));
  const outcomeOf = (ended: Ended) => ended.result().results[0]?.outcome;
  const reconcile = async (repair: boolean) => {
    const { output, cause } = await world.run(
      { link: 'mapped-by-rules', repair },
      undefined,
      world.reconcileArn,
    );
    assert.ok(output, cause);
    return JSON.parse(output).identityPools[0];
  };
  const newClient = async () => {
    const clientId = await world.createAppClient(userPoolId, 'rules-app');
    clientIds.push(clientId);
    return clientId;
  };
  const unlink = (clientId: string) => world.run({ operation: 'unlink', userPoolId, clientId });

  test('is taken back by the next attempt if AWS does not let this one do it', async () => {
    const clientId = await newClient();
    faults = [
      { operation: 'SetIdentityPoolRoles', happens: refused },
      { operation: 'UpdateIdentityPool', after: 1, times: 1, happens: throttled },
    ];
    const ended = await world.run({ userPoolId, clientId });
    assert.equal(ended.error, 'TargetAccessDeniedError');
    assert.deepEqual(await clientsThere(), []);
    assert.equal(await ledgerOf(clientId), undefined);
    assert.equal(await unsettled(), undefined);
  });

  test('stays recorded if no attempt can take it back; reconcile reports and repairs it', async () => {
    const clientId = await newClient();
    faults = [
      { operation: 'SetIdentityPoolRoles', happens: refused },
      { operation: 'UpdateIdentityPool', after: 1, happens: throttled },
    ];
    const ended = await world.run({ userPoolId, clientId });
    assert.equal(ended.error, 'AwsUnavailableError');
    assert.match(
      ended.failure().message,
      /could not be taken back yet.*next reconcile with repair/,
    );
    assert.doesNotMatch(ended.failure().message, /nothing was written/i);
    assert.deepEqual(await clientsThere(), [clientId]);
    assert.ok(await unsettled());

    faults = [];
    const report = await reconcile(false);
    assert.equal(report.counts.changed, 1);
    assert.equal(report.entries[0].repair, 'link');
    assert.deepEqual(await clientsMapped(), []);

    const { repaired } = await reconcile(true);
    assert.deepEqual(repaired, { linked: 1, unlinked: 0 });
    assert.deepEqual(await clientsMapped(), [clientId]);
    assert.equal(await ledgerOf(clientId), 'linked');
    assert.equal(await unsettled(), undefined);
    await unlink(clientId);
  });

  test('is finished by the retry of its execution, which claims all changes, so that an undo reverts all of them', async () => {
    const clientId = await newClient();
    faults = [{ operation: 'DescribeIdentityPool', after: 2, times: 6, happens: throttled }];
    const linked = await world.run({ userPoolId, clientId });
    assert.deepEqual([outcomeOf(linked), opsOf(linked)], ['LINKED', ['add', 'map', 'tag']]);
    assert.deepEqual(await clientsMapped(), [clientId]);
    const undone = await world.run({ operation: 'undo', executionArn: linked.executionArn });
    assert.equal(outcomeOf(undone), 'UNLINKED');
    assert.deepEqual(await clientsThere(), []);
    assert.deepEqual(await clientsMapped(), []);
  });

  test('that the retry of its execution finishes is in the audit once, also when Step Functions has forgotten it', async () => {
    const clientId = await newClient();
    faults = [{ operation: 'DescribeIdentityPool', after: 2, times: 6, happens: throttled }];
    const { executionArn } = await world.run({ userPoolId, clientId });
    faults = [];
    const { executions } = world.local.aws.stateMachines;
    const remembered = new Map(executions);
    executions.clear();
    try {
      const { out } = await poolbridge(world, ['audit', '--json']);
      const { records } = JSON.parse(out) as { records: AuditRecord[] };
      const own = records.filter(({ execution }) => execution === executionArn);
      assert.deepEqual(
        own.map(({ outcome, changes }) => [outcome, ...changes.map(({ op }) => op)]),
        [['LINKED', 'add', 'map', 'tag']],
      );
    } finally {
      for (const [arn, execution] of remembered) executions.set(arn, execution);
    }
    assert.equal(outcomeOf(await unlink(clientId)), 'UNLINKED');
  });

  test('that unlinks is finished, and not taken back', async () => {
    const clientId = await newClient();
    await world.run({ userPoolId, clientId });
    faults = [{ operation: 'UpdateIdentityPool', times: 2, happens: throttled }];
    const unlinked = await unlink(clientId);
    assert.equal(outcomeOf(unlinked), 'UNLINKED');
    assert.deepEqual(opsOf(unlinked).sort(), ['remove', 'unmap', 'untag']);
    assert.deepEqual(await clientsThere(), []);
    assert.equal(await ledgerOf(clientId), 'unlinked');
    const undone = await world.run({ operation: 'undo', executionArn: unlinked.executionArn });
    assert.deepEqual(opsOf(undone), ['add', 'map', 'tag']);
    assert.deepEqual(await clientsMapped(), [clientId]);
    await unlink(clientId);
  });

  test('is taken back if the table is slow between two calls and writes are paused meanwhile', async () => {
    const clientId = await newClient();
    const slow = async () => {
      await pause();
      await new Promise((resolve) => setTimeout(resolve, 1200));
    };
    // The lease is taken, one call is announced, then the next.
    const about = '"sk":{"S":"lease"}';
    faults = [{ operation: 'UpdateItem', about, after: 2, times: 1, happens: slow }];
    const ended = await world.run({ userPoolId, clientId });
    await resume();
    assert.equal(ended.error, 'PausedError');
    assert.deepEqual(await clientsThere(), []);
    assert.equal(await unsettled(), undefined);
  });

  test('waits while writes are paused, as the error says, and is then settled by any other write', async () => {
    const clientId = await newClient();
    const pausing = async () => {
      await pause();
      throw throttled();
    };
    faults = [{ operation: 'DescribeIdentityPool', after: 2, times: 6, happens: pausing }];
    const ended = await world.run({ userPoolId, clientId });
    await resume();
    assert.equal(ended.error, 'PausedError');
    assert.match(ended.failure().message, /neither finished nor taken back/);
    assert.deepEqual(await clientsThere(), [clientId]);
    const other = await newClient();
    const linked = await world.run({ userPoolId, clientId: other });
    assert.deepEqual(opsOf(linked), ['add', 'map', 'tag']);
    assert.deepEqual(await clientsThere(), [other]);
    assert.equal(await ledgerOf(clientId), undefined);
    await unlink(other);
  });

  test('of reconcile is recorded in the ledger by its retry, even if nothing is left to repair', async () => {
    const clientId = await newClient();
    const about = `entry#${ProviderName}#${clientId}`;
    const happens = () => new AwsError('ProvisionedThroughputExceededException', 'Too fast.');
    // So often that the first attempt fails, although the SDK repeats the call and the attempt tries it twice.
    faults = [{ operation: 'PutItem', about, times: 8, happens }];
    const { repaired } = await reconcile(true);
    assert.deepEqual(repaired, { linked: 1, unlinked: 0 });
    assert.equal(await ledgerOf(clientId), 'linked');
    assert.equal(await unsettled(), undefined);
    await world.run({ operation: 'unlink', userPoolId });
  });

  test('of a vanished execution is settled by one that finds everything done', async () => {
    const clientId = await newClient();
    const linked = await world.run({ userPoolId, clientId });
    const [result] = linked.result().results;
    assert.ok(result && !isFaulty(result));
    // UpdateIdentityPool was killed after the write and before it updated the ledger.
    await ask('DeleteItem', {
      Key: { pk: { S: POOL }, sk: { S: `entry#${ProviderName}#${clientId}` } },
    });
    const intent = {
      operation: 'link',
      providerName: ProviderName,
      clientId,
      serverSideTokenCheck: false,
    };
    const put = (sk: string, more: object) =>
      ask('PutItem', { Item: { pk: { S: POOL }, sk: { S: sk }, ...more } });
    const body = (value: unknown) => ({ body: { S: JSON.stringify(value) } });
    const share = { key: 'cut', execution: 'x:cut', links: ['mapped-by-rules'], intent };
    const { before: was, after: is, changes } = result;
    const record = {
      execution: 'x:cut',
      assumedRoleArn: 'arn',
      sequence: 9,
      before: was,
      after: is,
    };
    await put('write#9-cut', body(record));
    await put('shares#9-cut', body([{ ...share, changes }]));
    await put('lease', { sequence: { N: '9' }, writing: { S: '9-cut' } });
    const again = await world.run({ userPoolId, clientId });
    assert.equal(outcomeOf(again), 'ALREADY_LINKED');
    assert.equal(await ledgerOf(clientId), 'linked');
    assert.equal(await unsettled(), undefined);
    await unlink(clientId);
  });

  test('is kept for longer than a stage can be without a write or a reconcile', async () => {
    const clientId = await newClient();
    const linked = await world.run({ userPoolId, clientId });
    assert.equal(outcomeOf(linked), 'LINKED');
    const { Items = [] } = (await ask('Query', {
      KeyConditionExpression: 'pk = :pool',
      ExpressionAttributeValues: { ':pool': { S: POOL } },
    })) as { Items?: Item[] };
    const records = Items.filter(
      ({ sk }) => /^(write|shares)#/.test(sk!.S!) && !sk!.S!.endsWith('cut'),
    );
    assert.ok(records.length >= 2);
    const year = Date.now() / 1000 + 365 * 24 * 60 * 60;
    for (const { ttl } of records) assert.ok(Number(ttl!.N) > year);
    await unlink(clientId);
  });

  test('of reconcile does not link what a pending request unlinks', async () => {
    const clientId = await newClient();
    const asked = { key: 'waits', execution: 'x:waits', operation: 'unlink', userPoolId, clientId };
    await ask('PutItem', {
      Item: {
        pk: { S: POOL },
        sk: { S: 'pending#waits' },
        body: { S: JSON.stringify(asked) },
        expiresAt: { N: String(Date.now() + 60_000) },
        ticket: { N: '1' },
      },
    });
    await reconcile(true);
    assert.deepEqual(await clientsThere(), []);
    assert.equal(await ledgerOf(clientId), 'unlinked');
    assert.ok(await itemOf('answer#waits'));
  });

  test('keeps what others have added since', async () => {
    const clientId = await newClient();
    faults = [
      { operation: 'SetIdentityPoolRoles', happens: refused },
      { operation: 'UpdateIdentityPool', after: 1, happens: throttled },
    ];
    await world.run({ userPoolId, clientId });
    faults = [];
    const pool = await world.describe(POOL, ACCOUNT);
    const CognitoIdentityProviders = pool.CognitoIdentityProviders!.map((entry) => ({
      ...entry,
      ServerSideTokenCheck: true,
    }));
    await accountB.send(
      new UpdateIdentityPoolCommand({ ...pool, CognitoIdentityProviders } as never),
    );
    const other = await newClient();
    await world.run({ userPoolId, clientId: other });
    assert.deepEqual((await clientsThere()).sort(), [clientId, other].sort());
    assert.equal(await ledgerOf(clientId), 'linked');
    await world.run({ operation: 'unlink', userPoolId });
  });
});
