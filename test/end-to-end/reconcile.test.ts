import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityClient,
  type CognitoIdentityProvider,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
  DeleteUserPoolCommand,
  UpdateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { AwsError } from 'embedded-aws';
import { moment } from '../../core/moment.ts';
import type { EntryState } from '../../core/reconcile/classify.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import type { EntryRemoved } from '../../core/reconcile/removed.ts';
import type { reconcileReport } from '../../core/reconcile/report.ts';
import { PAUSE } from '../../core/write/pause.ts';
import { deployAccountB } from '../../demo/deploy.ts';
import { Judged } from '../judged.ts';
import { ACCOUNT_A, ACCOUNT_B, full, HOME, pools, startWorld, type World } from '../world.ts';

const FIRST = 'us-east-1_Healed001';
const SECOND = 'us-east-1_Healed002';
const TAGGED = 'us-east-1_Healed003';
const OTHER = 'us-east-1_Healed004';
const KEPT = 'us-east-1_Kept00001';
const RESTORED = 'us-east-1_Restored1';
const FAILING = 'us-east-1_Nowhere01';

type Output = Extract<
  ReturnType<typeof reconcileReport>['report'],
  { status: 'SUCCEEDED' }
>['output'];

const providerName = (userPoolId: string) => `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;

describe('reconcile', () => {
  let world: World;
  let nextRemoved: Awaited<ReturnType<World['listen']>>;
  /** The app clients, by their role in these tests. */
  const clients: Record<string, string> = {};

  before(async () => {
    // Without a trail, every event is lost.
    world = await startWorld({ trail: false });
    nextRemoved = await world.listen('EntryRemoved');
    await world.createUserPool(FIRST);
    await world.createUserPool(SECOND);
    await world.createUserPool(TAGGED, { team: 'healed' });
    await world.createUserPool(OTHER);
    await world.createUserPool(KEPT);
    await world.createIdentityPool(pools.healed);
  });
  after(() => world.close());

  const userPools = () => world.client(CognitoIdentityProviderClient, HOME);

  const reconcile = (input: unknown, name?: string) => world.run(input, name, world.reconcileArn);

  /** The report of an execution about the identity pool of the link `healed`. */
  const outputOf = async (input: object, name?: string): Promise<Output> => {
    const ended = await reconcile({ link: 'healed', ...input }, name);
    assert.equal(ended.status, 'SUCCEEDED', ended.cause);
    return JSON.parse(ended.output!);
  };

  const reportOf = ({ identityPools }: Output): PoolReport => {
    const [report, ...more] = identityPools;
    assert.deepEqual(more, []);
    assert.ok(report && 'counts' in report);
    return report;
  };

  const counts = (some: Partial<Record<EntryState, number>>) => ({
    linked: 0,
    missing: 0,
    orphaned: 0,
    foreign: 0,
    removed: 0,
    uncovered: 0,
    changed: 0,
    ...some,
  });

  /** How often an operation was called since the last call of this function. */
  const calls = new Map<string, number>();
  const watch = () => {
    for (const [service, operation] of [
      ['cognito-identity', 'DescribeIdentityPool'],
      ['cognito-identity', 'UpdateIdentityPool'],
      ['cognito-idp', 'ListUserPoolClients'],
    ] as const) {
      const { operations } = world.local.aws.services.get(service)!;
      const { run, ...rest } = operations[operation]!;
      operations[operation] = {
        ...rest,
        run(call) {
          calls.set(operation, (calls.get(operation) ?? 0) + 1);
          return run(call);
        },
      };
    }
  };
  const called = () => {
    const now = Object.fromEntries(calls);
    calls.clear();
    return now;
  };

  const entries = async (): Promise<CognitoIdentityProvider[]> =>
    (await world.describe(pools.healed)).CognitoIdentityProviders ?? [];

  const ours = async () =>
    (await entries())
      .filter(({ ProviderName }) => !ProviderName!.includes('Foreign'))
      .map(({ ClientId }) => ClientId!)
      .sort();

  const named = (...names: string[]) => names.map((name) => clients[name]!).sort();

  const accountB = { account: ACCOUNT_B, region: 'ap-south-1' };

  /** Changes the entries in Account-B without Poolbridge. */
  const meddle = async (
    change: (entries: CognitoIdentityProvider[]) => CognitoIdentityProvider[],
    by = world.client(CognitoIdentityClient, accountB),
    identityPoolId: string = pools.healed,
  ) => {
    const pool = await world.describe(identityPoolId);
    await by.send(
      new UpdateIdentityPoolCommand({
        ...pool,
        IdentityPoolId: identityPoolId,
        IdentityPoolName: pool.IdentityPoolName,
        AllowUnauthenticatedIdentities: pool.AllowUnauthenticatedIdentities,
        CognitoIdentityProviders: change(pool.CognitoIdentityProviders ?? []),
      }),
    );
  };

  const daysLater = (days = 2) => world.daysLater(pools.healed, days);

  test('reports app clients that are not linked, and writes nothing unless it repairs', async () => {
    for (const name of ['stays', 'deleted', 'renamed', 'taken', 'flagged']) {
      clients[name] = await world.createAppClient(FIRST, `app-${name}`);
    }
    clients['of a pool that goes'] = await world.createAppClient(SECOND, 'app');
    clients['tagged'] = await world.createAppClient(TAGGED, 'any');
    clients['kept'] = await world.createAppClient(KEPT, 'any');
    await world.createAppClient(FIRST, 'not covered');
    await world.createAppClient(OTHER, 'app');
    watch();
    const output = await outputOf({});
    assert.equal(output.repair, false);
    assert.deepEqual(output.links, ['healed', 'healed-by-tags', 'healed-but-kept']);
    const { repaired, ...report } = reportOf(output);
    assert.equal(repaired, undefined);
    assert.deepEqual(report.counts, counts({ missing: 8, foreign: 2 }));
    assert.deepEqual(output.totals, report.counts);
    assert.ok(report.entries.every(({ state }) => state === 'missing'));
    assert.deepEqual(
      report.entries.find(({ clientId }) => clientId === clients['tagged']),
      {
        state: 'missing',
        providerName: providerName(TAGGED),
        clientId: clients['tagged'],
        clientName: 'any',
        repair: 'link',
      },
    );
    assert.deepEqual(called(), { DescribeIdentityPool: 1, ListUserPoolClients: 4 });
    assert.deepEqual(await ours(), []);
  });

  test('links existing app clients in one write, and loses nothing', async () => {
    const output = await outputOf({ repair: true }, 'first-run');
    const { repaired, counts: found, changes } = reportOf(output);
    assert.deepEqual(found, counts({ missing: 8, foreign: 2 }));
    assert.deepEqual(repaired, { linked: 8, unlinked: 0 });
    assert.equal(changes?.length, 8);
    assert.deepEqual(output.totals.repaired, repaired);
    assert.deepEqual(await ours(), Object.values(clients).sort());
    assert.equal(called()['UpdateIdentityPool'], 1);
    const {
      IdentityPoolId: _,
      CognitoIdentityProviders: now,
      ...pool
    } = await world.describe(pools.healed);
    const { CognitoIdentityProviders: foreign, ...rest } = full;
    for (const entry of foreign!) {
      assert.ok(now!.some(({ ClientId }) => ClientId === entry.ClientId));
    }
    assert.deepEqual(pool, { ...rest, IdentityPoolName: 'pool' });
    assert.deepEqual(reportOf(await outputOf({ repair: true })), {
      identityPoolId: pools.healed,
      links: output.links,
      entries: [],
      counts: counts({ linked: 8, foreign: 2 }),
      quota: 12,
      repaired: { linked: 0, unlinked: 0 },
    });
    assert.equal(called()['UpdateIdentityPool'], undefined);
  });

  test('compares only identity pools whose links changed since their last repair, if a deployment asks', async () => {
    const judged = new Judged(world);
    await judged.keepAllBut(pools.healed);
    const compared = async () => {
      const ended = await reconcile({ repair: true, changedOnly: true });
      const { identityPools }: Output = JSON.parse(ended.output ?? ended.cause!);
      return [ended.status, identityPools.map(({ identityPoolId }) => identityPoolId)];
    };
    const other = 'the digest of other links';
    const present = judged.present(pools.healed);
    // The test before has repaired it.
    assert.equal(await judged.kept(pools.healed), present);
    await judged.keep(pools.healed, other);
    await outputOf({});
    assert.equal(await judged.kept(pools.healed), other);
    assert.deepEqual(await compared(), ['SUCCEEDED', [pools.healed]]);
    assert.equal(await judged.kept(pools.healed), present);
    assert.deepEqual(await compared(), ['SUCCEEDED', []]);

    // What fails is compared again, even if the other links come back.
    await judged.keep(pools.nowhere, other);
    assert.deepEqual(await compared(), ['FAILED', [pools.nowhere]]);
    assert.equal(await judged.kept(pools.nowhere), undefined);
    called();
  });

  test('repairs what lost events left, and leaves the rest for a person to decide', async () => {
    const gone = { UserPoolId: FIRST, ClientId: clients['deleted'] };
    await userPools().send(new DeleteUserPoolClientCommand(gone));
    await userPools().send(new DeleteUserPoolCommand({ UserPoolId: SECOND }));
    const kept = { UserPoolId: KEPT, ClientId: clients['kept'] };
    await userPools().send(new DeleteUserPoolClientCommand(kept));
    await userPools().send(
      new UpdateUserPoolClientCommand({
        UserPoolId: FIRST,
        ClientId: clients['renamed'],
        ClientName: 'no longer',
      }),
    );
    await meddle((all) => [
      ...all
        .filter(({ ClientId }) => ClientId !== clients['taken'])
        .map((entry) =>
          entry.ClientId === clients['flagged'] ? { ...entry, ServerSideTokenCheck: true } : entry,
        ),
      // Made by hand, for an app client that never existed.
      { ProviderName: providerName(FIRST), ClientId: 'byhand' },
    ]);
    clients['lost'] = await world.createAppClient(FIRST, 'app-lost');
    // Its listing may be older than an entry that was just linked.
    assert.equal(reportOf(await outputOf({})).counts.orphaned, 0);
    await daysLater();
    called();
    const report = reportOf(await outputOf({ repair: true }));
    assert.deepEqual(
      report.counts,
      counts({
        linked: 2,
        missing: 1,
        orphaned: 3,
        foreign: 3,
        removed: 1,
        uncovered: 1,
        changed: 1,
      }),
    );
    assert.deepEqual(
      Object.fromEntries(report.entries.map(({ clientId, state }) => [clientId, state])),
      Object.fromEntries(
        Object.entries({
          lost: 'missing',
          deleted: 'orphaned',
          'of a pool that goes': 'orphaned',
          kept: 'orphaned',
          taken: 'removed',
          renamed: 'uncovered',
          flagged: 'changed',
        }).map(([name, state]) => [clients[name]!, state]),
      ),
    );
    assert.deepEqual(report.repaired, { linked: 1, unlinked: 2 });
    assert.equal(called()['UpdateIdentityPool'], 1);
    // A missing app client in a listing does not count as a deletion event.
    const { Items = [] } = (await world.local.aws.tables.ask(HOME, 'Scan', {
      TableName: 'poolbridge-dev',
    })) as { Items?: { sk?: { S?: string }; body?: { S?: string } }[] };
    const entry = Items.find(({ sk }) => sk?.S?.endsWith(`#${clients['deleted']}`));
    assert.match(entry?.body?.S ?? '', /"state":"unlinked"/);
    assert.doesNotMatch(entry?.body?.S ?? '', /"deleted":true/);
    // Kept, because its link says keep.
    assert.deepEqual(
      await ours(),
      [...named('stays', 'tagged', 'kept', 'renamed', 'flagged', 'lost'), 'byhand'].sort(),
    );
  });

  /** A role of Account-B for its infrastructure. */
  const terraform = () => {
    const { iam } = world.local.aws;
    const { accessKeyId, secretAccessKey, sessionToken } = iam.openSession(
      iam.putRole({
        arn: `arn:aws:iam::${ACCOUNT_B}:role/terraform`,
        name: 'terraform',
        trust: { Version: '2012-10-17', Statement: [] },
        policies: [
          {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: 'cognito-identity:*', Resource: '*' }],
          },
        ],
      }),
      { name: 'apply', seconds: 900 },
    ).session;
    return new CognitoIdentityClient({
      endpoint: world.local.endpoint,
      region: 'ap-south-1',
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    });
  };

  /** The events about the two entries that others removed, in any order. */
  const nextTwo = async (executionArn: string) => {
    const events = new Map<string, EntryRemoved>();
    for (const { source, resources, detail } of [await nextRemoved(), await nextRemoved()]) {
      const event = detail as EntryRemoved;
      assert.deepEqual([source, resources], ['poolbridge', [executionArn]]);
      assert.deepEqual(
        [event.executionArn, event.identityPoolId, event.providerName, event.links],
        [executionArn, pools.healed, providerName(FIRST), ['healed']],
      );
      events.set(event.clientId, event);
    }
    const of = (name: string) => {
      const event = events.get(clients[name]!)!;
      assert.equal(event.clientName, `app-${name}`);
      return event;
    };
    return { taken: of('taken'), wiped: of('wiped') };
  };

  test('publishes an event for each entry that others removed, with who did it if CloudTrail may be read', async () => {
    for (const name of ['wiped', 'unwanted']) {
      clients[name] = await world.createAppClient(FIRST, `app-${name}`);
    }
    await reconcile({ link: 'healed', repair: true });
    const unwanted = { userPoolId: FIRST, clientId: clients['unwanted'] };
    (await world.run({ operation: 'unlink', ...unwanted })).result();
    await meddle((all) => all.filter(({ ClientId }) => ClientId !== clients['wiped']), terraform());
    // A later writer did not do it.
    await meddle((all) => all);
    await daysLater();

    // Every run publishes events for entries that are still missing.
    for (const { detail } of [await nextRemoved(), await nextRemoved()]) {
      assert.equal((detail as EntryRemoved).clientId, clients['taken']);
    }
    const { executionArn, output } = await reconcile({ link: 'healed' });
    const { counts: found, removedByOthers } = reportOf(JSON.parse(output!));
    assert.deepEqual([found.removed, removedByOthers], [3, 2]);
    const { taken, wiped } = await nextTwo(executionArn);
    assert.equal(taken.removedBy, undefined);
    assert.equal(wiped.removedBy, undefined);
    assert.match(
      wiped.message,
      /account 222222222222 does not allow Poolbridge to look it up.*NameWhoRemoves=true/,
    );
    assert.match(wiped.linkedBy.executionArn, /:execution:poolbridge-dev-reconcile:/);
    assert.ok(Date.parse(wiped.linkedBy.time) < Date.now() - 86_400_000);

    await deployAccountB(world.local.aws, accountB, {
      TrustedAccountId: ACCOUNT_A,
      IdentityPoolIds: [pools.healed, pools.restored].join(','),
      ExternalId: 'pairing-1',
      NameWhoRemoves: 'true',
    });
    const known = await nextTwo((await reconcile({ link: 'healed' })).executionArn);
    const root = `arn:aws:iam::${ACCOUNT_B}:root`;
    assert.equal(known.taken.removedBy?.principalArn, root);
    const arn = `arn:aws:sts::${ACCOUNT_B}:assumed-role/terraform/apply`;
    assert.equal(known.wiped.removedBy?.principalArn, arn);
    assert.ok(
      known.wiped.message.startsWith(`${arn} removed the app client ${clients['wiped']} of`),
    );
    const { eventID, eventTime } = world.local.aws.trail.records.find(({ userIdentity }) =>
      JSON.stringify(userIdentity).includes(arn),
    )!;
    const { eventId, time } = known.wiped.removedBy!;
    assert.deepEqual([eventId, time], [eventID, eventTime]);
  });

  test('publishes them even if CloudTrail fails, and reports the identity pool even if publishing fails', async () => {
    const { services } = world.local.aws;
    const failing = (service: string, operation: string, isMeant: (input: string) => boolean) => {
      const { operations } = services.get(service)!;
      const working = operations[operation]!;
      operations[operation] = {
        ...working,
        run(call) {
          if (!isMeant(JSON.stringify(call.input))) return working.run(call);
          throw new AwsError('InvalidLookupAttributesException', 'No.');
        },
      };
      return () => {
        operations[operation] = working;
      };
    };
    const answerAgain = failing('cloudtrail', 'LookupEvents', () => true);
    const { taken } = await nextTwo((await reconcile({ link: 'healed' })).executionArn);
    assert.match(
      taken.message,
      /not known who did this: CloudTrail could not be read \(InvalidLookup\w+\)\./,
    );
    answerAgain();
    const takeAgain = failing('events', 'PutEvents', (input) => input.includes('EntryRemoved'));
    const ended = await reconcile({ link: 'healed' });
    takeAgain();
    assert.equal(ended.status, 'SUCCEEDED', ended.cause);
    assert.equal(reportOf(JSON.parse(ended.output!)).removedByOthers, 2);
    // There were no other events between the earlier ones and these.
    await nextTwo((await reconcile({ link: 'healed' })).executionArn);
  });

  test('sends no more events about an entry that someone unlinks, even if it is already removed', async () => {
    const asked = { operation: 'unlink', userPoolId: FIRST, clientId: clients['taken'] };
    const { results } = (await world.run(asked)).result();
    assert.equal(results[0]!.outcome, 'NOT_LINKED');
    await daysLater();
    const { counts: found, removedByOthers } = reportOf(await outputOf({ link: 'healed' }));
    assert.deepEqual([found.removed, removedByOthers], [3, 1]);
    const { detail } = await nextRemoved();
    assert.equal((detail as EntryRemoved).clientId, clients['wiped']);
  });

  test('names no one if the event history begins after the removal, even if it shows a later writer', async () => {
    const { trail } = world.local.aws;
    const isUpdate = ({ eventName }: { eventName: string }) => eventName === 'UpdateIdentityPool';
    const isForgotten = new Set(trail.records.filter(isUpdate));
    trail.records.splice(
      ...[0, trail.records.length],
      ...trail.records.filter((record) => !isForgotten.has(record)),
    );
    await meddle((all) => all, terraform());
    const later = trail.records.find(isUpdate)!;
    later['eventTime'] = new Date(Date.now() - 80 * 86_400_000).toISOString();
    await daysLater(200);
    const { executionArn } = await reconcile({ link: 'healed' });
    const { detail, resources } = await nextRemoved();
    assert.deepEqual(resources, [executionArn]);
    const { clientId, removedBy, message, linkedBy } = detail as EntryRemoved;
    assert.equal(clientId, clients['wiped']);
    assert.equal(removedBy, undefined);
    assert.match(
      message,
      /It is not known who did this: the event history of CloudTrail goes back 90 days and shows no moment/,
    );
    assert.ok(message.includes(`look there for UpdateIdentityPool since ${moment(linkedBy.time)}`));
    assert.ok(!message.includes('terraform'), message);
  });

  test('unlinks the entries of a user pool that was found by tags, once it is deleted', async () => {
    await userPools().send(new DeleteUserPoolCommand({ UserPoolId: TAGGED }));
    await daysLater();
    const report = reportOf(await outputOf({ repair: true }));
    assert.deepEqual(report.repaired, { linked: 0, unlinked: 1 });
    assert.ok(!(await ours()).includes(clients['tagged']!));
  });

  test('fills the identity pool up to its quota, and names the app clients that are left out', async () => {
    const added = await Promise.all(
      Array.from({ length: 6 }, (_, i) => world.createAppClient(FIRST, `app-more-${i}`)),
    );
    const ended = await reconcile({ link: 'healed', repair: true });
    assert.equal(ended.status, 'FAILED');
    assert.equal(ended.error, 'ProviderQuotaError');
    const { message, identityPools } = JSON.parse(ended.cause!);
    assert.match(message, /already holds 12 of 12 user pool providers/);
    const { entries: told, repaired } = identityPools[0] as PoolReport;
    const refused = told.filter((entry) => entry.refused === 'ProviderQuotaError');
    assert.deepEqual(repaired, { linked: 4, unlinked: 0 });
    assert.equal(refused.length, 2);
    const there = new Set(await ours());
    assert.deepEqual(
      added.filter((id) => !there.has(id)).sort(),
      refused.map(({ clientId }) => clientId).sort(),
    );
  });

  test('covers every link on its schedule; an identity pool that fails does not stop the others', async () => {
    await meddle((all) => all.filter(({ ClientId }) => ClientId === clients['stays']));
    await world.createUserPool(FAILING);
    clients['by schedule'] = await world.createAppClient(FIRST, 'app-by-schedule');
    const { buses, stateMachines } = world.local.aws;
    const rule = `arn:aws:events:us-east-1:${HOME.account}:rule/poolbridge-dev-reconcile`;
    const known = new Set(stateMachines.executions.keys());
    buses.fire(rule);
    await buses.settled();
    const [arn] = [...stateMachines.executions.keys()].filter((each) => !known.has(each));
    const ended = await world.ended(arn!);
    assert.equal(ended.input, '{"repair":true}');
    assert.equal(ended.error, 'ReconcileFailedError');
    const { message, totals } = JSON.parse(ended.cause!);
    assert.match(message, /^2\d\d of 2\d\d identity pools failed\. /);
    assert.ok(totals.repaired.linked >= 1);
    assert.ok((await ours()).includes(clients['by schedule']!));
  });

  test('restores what others removed if its link says so, and stops after three times until a person links it', async () => {
    await world.createUserPool(RESTORED);
    await world.createIdentityPool(pools.restored);
    const ours = { userPoolId: RESTORED, clientId: await world.createAppClient(RESTORED, 'app') };
    const unlinked = { ...ours, clientId: await world.createAppClient(RESTORED, 'unlinked') };
    for (const asked of [ours, unlinked]) (await world.run(asked)).result();
    (await world.run({ operation: 'unlink', ...unlinked })).result();
    const listed = async () =>
      ((await world.describe(pools.restored)).CognitoIdentityProviders ?? [])
        .filter(({ ProviderName }) => ProviderName === providerName(RESTORED))
        .map(({ ClientId }) => ClientId);

    /** Others remove the entry, and a reconcile finds that. */
    const round = async (repair = true) => {
      await meddle(
        (all) => all.filter(({ ClientId }) => ClientId !== ours.clientId),
        terraform(),
        pools.restored,
      );
      await world.daysLater(pools.restored);
      const { status, output, executionArn } = await reconcile({ link: 'restored', repair });
      assert.equal(status, 'SUCCEEDED');
      let next = await nextRemoved();
      // Those of earlier executions are not looked at.
      while (next.resources[0] !== executionArn) next = await nextRemoved();
      return { report: reportOf(JSON.parse(output!)), event: next.detail as EntryRemoved };
    };

    const foreseen = await round(false);
    assert.deepEqual(
      new Map(foreseen.report.entries.map((entry) => [entry.clientId, entry.repair])),
      new Map([
        [ours.clientId, 'link'],
        [unlinked.clientId, undefined],
      ]),
    );
    assert.equal(foreseen.report.counts.removed, 2);
    assert.equal(foreseen.event.repair, 'link');
    assert.deepEqual(await listed(), []);

    for (let i = 0; i < 3; i++) {
      const { report, event } = await round();
      assert.deepEqual([report.removedByOthers, report.restored, report.braked], [1, 1, undefined]);
      assert.deepEqual(report.repaired, { linked: 1, unlinked: 0 });
      assert.equal(event.restored, true);
      assert.match(event.removedBy!.principalArn, /assumed-role\/terraform/);
      assert.match(event.message, /Poolbridge has linked it again\./);
      assert.deepEqual(await listed(), [ours.clientId]);
    }
    for (const repair of [true, false]) {
      const { report, event } = await round(repair);
      assert.deepEqual([report.removedByOthers, report.restored, report.braked], [1, undefined, 1]);
      assert.deepEqual([event.braked, event.restored], [true, undefined]);
      assert.match(event.message, /has stopped: it waits for a person\./);
      assert.deepEqual(await listed(), []);
    }

    (await world.run(ours)).result();
    assert.equal((await round()).report.restored, 1);
    assert.deepEqual(await listed(), [ours.clientId]);

    // Restores that were not written do not count.
    const pause = { pk: { S: PAUSE }, sk: { S: PAUSE } };
    const ask = (operation: string, input: object) =>
      world.local.aws.tables.ask(HOME, operation, { TableName: 'poolbridge-dev', ...input });
    await ask('PutItem', { Item: pause });
    await meddle(() => [], terraform(), pools.restored);
    await world.daysLater(pools.restored);
    for (let i = 0; i < 2; i++) {
      const { error } = await reconcile({ link: 'restored', repair: true });
      assert.equal(error, 'PausedError');
    }
    await ask('DeleteItem', { Key: pause });
    assert.equal((await round()).report.restored, 1);
  });

  test('refuses an invalid input with one sentence', async () => {
    const refusal = async (input: unknown) => {
      const { error, cause } = await reconcile(input);
      assert.equal(error, 'InvalidRequestError');
      return JSON.parse(cause!).message;
    };
    const unknown: string = await refusal({ link: 'mobille' });
    assert.ok(
      unknown.startsWith(
        'link must be the name of a link in the links.yml that is deployed. It has no link "mobille". It has mobile, ',
      ),
      unknown,
    );
    assert.match(unknown, / and \d+ more\.$/);
    assert.equal(await refusal({ repair: 'yes' }), 'repair must be true or false, not "yes".');
    assert.equal(
      await refusal({ repairs: true }),
      'The request has the unknown key "repairs"; it may hold link, identityPoolId, repair, allEntries, changedOnly, part, reason, claimedArn, waitUntil.',
    );
    assert.equal(
      await refusal([]),
      'The request must be an object like {"link":"…","repair":true}, not a list.',
    );
  });
});
