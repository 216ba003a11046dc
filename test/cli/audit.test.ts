import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityClient,
  GetIdentityPoolRolesCommand,
  GetPrincipalTagAttributeMapCommand,
  SetIdentityPoolRolesCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { apply, expanded } from '../../core/identity-pool/changes.ts';
import type { IdentityPool as Pool } from '../../core/identity-pool/identity-pool.ts';
import { sameSettings } from '../../core/identity-pool/same-settings.ts';
import { sessionNameOf } from '../../core/session-name.ts';
import { deployAccountB } from '../../demo/deploy.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, ACCOUNT_B, ACCOUNT_C, HOME, pools, startWorld, type World } from '../world.ts';
import { poolbridge, someone } from './command.ts';
import { whileForgotten } from './forgetting.ts';

const MOBILE = 'us-east-1_Mobile001';
const STRICT = 'us-east-1_Strict001';
const HALF = 'us-east-1_Half00001';
const HEALED = 'us-east-1_Healed001';
const LEAVING = 'us-east-1_Leaving01';
const APPROVED = 'us-east-1_Approve01';
const MAPPED = 'us-east-1_Mapped001';
const SCRIPT = '=HYPERLINK("x"),<script>alert(1)</script>';

// The executions are started by the root user.
const FORGED = `arn:aws:iam::${ACCOUNT_A}:user/someone-else`;
const ROOT = `arn:aws:iam::${ACCOUNT_A}:root`;

const MAPPER = '777777777777';
const MAPPED_POOL = 'ap-south-1:00000000-0000-0000-0000-000000000012';
const role = (name: string) => `arn:aws:iam::${MAPPER}:role/${name}`;

/** The accounts of the identity pools. */
const accounts: Record<string, string> = {
  [pools.mobile]: ACCOUNT_B,
  [pools.healed]: ACCOUNT_B,
  [pools.there]: ACCOUNT_C,
  [MAPPED_POOL]: MAPPER,
};

const UPDATE = 'UpdateIdentityPool';
const READ_AGAIN = 'read back under the lease, and once more after it';

describe('poolbridge audit', () => {
  let world: World;
  let since: string;
  /** Every identity pool at the start. */
  const first = new Map<string, Pool>();
  const executions: Record<string, string> = {};

  /** An identity pool with its roles, role mappings and principal tags. */
  async function poolNow(id: string): Promise<Pool> {
    const account = accounts[id]!;
    const pool = (await world.describe(id, account)) as Pool;
    if (id !== MAPPED_POOL) return pool;
    const client = world.client(CognitoIdentityClient, { account, region: 'ap-south-1' });
    const { Roles = {}, RoleMappings = {} } = await client.send(
      new GetIdentityPoolRolesCommand({ IdentityPoolId: id }),
    );
    const name = `cognito-idp.us-east-1.amazonaws.com/${MAPPED}`;
    const tags = await client
      .send(
        new GetPrincipalTagAttributeMapCommand({ IdentityPoolId: id, IdentityProviderName: name }),
      )
      .catch(() => ({ UseDefaults: false, PrincipalTags: {} }));
    const { UseDefaults = false, PrincipalTags = {} } = tags;
    return {
      ...pool,
      Roles,
      RoleMappings,
      PrincipalTags: { [name]: { UseDefaults, PrincipalTags } },
    } as Pool;
  }

  const ask = (operation: string, input: object) =>
    world.local.aws.tables.ask(HOME, operation, { TableName: 'poolbridge-dev', ...input });
  const lease = { pk: { S: pools.mobile }, sk: { S: 'lease' } };
  const start = async (name: string, input: object) => {
    const { executionArn = '' } = await world.client(SFNClient, HOME).send(
      new StartExecutionCommand({
        stateMachineArn: world.machineArn,
        input: JSON.stringify(input),
        name,
      }),
    );
    executions[name] = executionArn;
    return executionArn;
  };
  const run = async (name: string, input: object) => world.ended(await start(name, input));

  /** Lets requests wait for the lease together, so that one execution writes for all of them. */
  async function together(inputs: Record<string, object>) {
    await ask('UpdateItem', {
      Key: lease,
      UpdateExpression: 'SET nonce = :nonce, expiresAt = :expiresAt',
      ExpressionAttributeValues: {
        ':nonce': { S: 'somebody' },
        ':expiresAt': { N: String(Date.now() + 60_000) },
      },
    });
    const started: string[] = [];
    for (const [name, input] of Object.entries(inputs)) {
      const executionArn = await start(name, input);
      started.push(executionArn);
      await until(async () => {
        const answer = await ask('Query', {
          KeyConditionExpression: 'pk = :pool AND begins_with(sk, :pending)',
          ExpressionAttributeValues: { ':pool': lease.pk, ':pending': { S: 'pending#' } },
        });
        return JSON.stringify(answer).includes(executionArn);
      });
    }
    await ask('UpdateItem', { Key: lease, UpdateExpression: 'REMOVE nonce, expiresAt' });
    await Promise.all(started.map((executionArn) => world.ended(executionArn)));
  }

  /** Stops an execution at the moment of its write and, with `kill`, its function too. */
  async function cutShort(name: string, input: object, kill = false) {
    const { aws } = world.local;
    const { call } = aws;
    const cut = Promise.withResolvers<void>();
    aws.call = async (asked) => {
      const answer = await call.call(aws, asked);
      if (asked.operation !== UPDATE) return answer;
      aws.call = call;
      await world
        .client(SFNClient, HOME)
        .send(new StopExecutionCommand({ executionArn: executions[name]! }));
      const fn = aws.functions.all().find((each) => each.name.endsWith(UPDATE))!;
      if (kill) await Promise.all([...fn.busy].map((sandbox) => sandbox.stop()));
      cut.resolve();
      return answer;
    };
    const { status } = await run(name, input);
    assert.equal(status, 'ABORTED');
    await cut.promise;
    const isFree = async () =>
      !JSON.stringify(await ask('GetItem', { Key: lease })).includes('nonce');
    if (!kill) await until(isFree);
  }

  // All kinds of executions: by hand, by events, together, failing, approved, undone, repaired, stopped.
  before(async () => {
    world = await startWorld();
    since = new Date().toISOString();
    const mapper = { account: MAPPER, region: 'ap-south-1' };
    await deployAccountB(world.local.aws, mapper, {
      TrustedAccountId: ACCOUNT_A,
      PrincipalTags: 'true',
      IdentityPoolIds: MAPPED_POOL,
      RoleName: 'poolbridge-mapper',
      RoleMappingRoleArns: ['admin', 'dev'].map(role).join(),
    });
    for (const id of [MOBILE, STRICT, HALF, LEAVING, APPROVED, MAPPED]) {
      await world.createUserPool(id);
    }
    for (const [id, account] of Object.entries(accounts)) {
      await world.createIdentityPool(id, account);
      if (id === MAPPED_POOL) {
        const client = world.client(CognitoIdentityClient, mapper);
        const Roles = { authenticated: role('dev') };
        await client.send(new SetIdentityPoolRolesCommand({ IdentityPoolId: id, Roles }));
      }
      first.set(id, await poolNow(id));
    }
    const clients = await Promise.all(
      [MOBILE, MOBILE, STRICT, LEAVING, MAPPED].map((id) =>
        world.createAppClient(id, id === MAPPED ? 'rules-one' : 'app'),
      ),
    );
    for (const clientId of clients) await world.executionFor(clientId);
    const [one, two, , leaving, mapped] = clients;
    await run('unlinked', { operation: 'unlink', userPoolId: MOBILE, clientId: one });
    await run('planned', { userPoolId: MOBILE, clientId: one, dryRun: true });
    await run('reasoned', {
      userPoolId: MOBILE,
      clientId: two,
      reason: SCRIPT,
      claimedArn: FORGED,
    });
    await run('undone', { operation: 'undo', executionArn: executions['unlinked'] });
    await run('refused', { userPoolId: 'us-east-1_Other0001', clientId: 'any' });
    await run('unmapped', { operation: 'unlink', userPoolId: MAPPED, clientId: mapped });
    await run('remapped', { operation: 'undo', executionArn: executions['unmapped'] });
    await run('all', { operation: 'unlink', userPoolId: STRICT, reason: 'all of them' });
    const half = await world.createAppClient(HALF);
    executions['half'] = (await world.executionFor(half)).executionArn;

    const approved = await world.createAppClient(APPROVED);
    await until(async () => {
      const { executions: known } = world.local.aws.stateMachines;
      const [arn] = [...known].find(([, { input }]) => input.includes(approved)) ?? [];
      executions['approved'] = arn ?? '';
      return (
        arn !== undefined && JSON.stringify(await world.history(arn)).includes('TaskSubmitted')
      );
    });
    const said = await poolbridge(world, [
      'approve',
      executions['approved']!,
      '--reason',
      'agreed',
    ]);
    assert.equal(said.code, 0, said.err);
    const cognito = world.client(CognitoIdentityProviderClient, HOME);
    await cognito.send(
      new DeleteUserPoolClientCommand({ UserPoolId: LEAVING, ClientId: leaving! }),
    );
    await until(async () =>
      (await world.executions()).some(({ input }) => /"unlink".*Leaving01/.test(input!)),
    );

    world.local.aws.trail.enabled = false;
    await together({
      left: { operation: 'unlink', userPoolId: MOBILE, clientId: two },
      joined: { userPoolId: MOBILE, clientId: await world.createAppClient(MOBILE) },
      emptied: { operation: 'unlink', userPoolId: MOBILE, reason: 'after all' },
    });
    const replayed = await world.createAppClient(MOBILE);
    const why = ['--reason', 'it was lost'];
    await poolbridge(world, ['replay', '--user-pool', MOBILE, '--client', replayed, ...why]);
    executions['replayed'] = (await world.executionFor(replayed)).executionArn;
    const stopped = await world.createAppClient(MOBILE);
    await cutShort('stopped', { userPoolId: MOBILE, clientId: stopped, reason: 'too slow' });

    await world.createUserPool(HEALED);
    await world.createAppClient(HEALED, 'app-one');
    await world.createAppClient(MAPPED, 'rules-two');
    const repair = (link: string) =>
      world.run({ link, repair: true, reason: 'by hand' }, undefined, world.reconcileArn);
    executions['repaired'] = (await repair('healed')).executionArn;
    executions['mapped'] = (await repair('mapped-by-rules')).executionArn;
  });
  after(() => world.close());

  const writes = async (...args: string[]) => {
    const said = await poolbridge(world, ['audit', '--since', since, ...args]);
    assert.equal(said.code, 0, said.err);
    return said.out;
  };
  const audit = (...args: string[]) => writes('--all', ...args);
  const records = async (...args: string[]): Promise<AuditRecord[]> =>
    JSON.parse(await audit('--json', ...args)).records;
  const of = (all: AuditRecord[], name: string) =>
    all.filter(({ execution }) => execution === executions[name]);

  const forgotten = <T>(meanwhile: () => Promise<T>) => whileForgotten(world, meanwhile);

  /** An identity pool rebuilt from the audit: its first state plus every change since. */
  function rebuilt(all: AuditRecord[], id: string): Pool {
    const done = all
      .flatMap(({ identityPoolId, written, changes }) =>
        identityPoolId === id && written ? { ...written, changes } : [],
      )
      .sort((a, b) => a.sequence - b.sequence || a.share - b.share);
    return done.reduce(
      (pool, { changes }) => apply(pool, changes.flatMap(expanded)),
      first.get(id)!,
    );
  }

  async function assertRebuilt(...audits: AuditRecord[][]) {
    for (const [id, was] of first) {
      const now = await poolNow(id);
      assert.ok(!sameSettings(now, was), `${id} was changed`);
      for (const all of audits) assert.ok(sameSettings(rebuilt(all, id), now), id);
    }
  }

  test('rebuilds every identity pool, with and without the history of Step Functions', async () => {
    const known = await records();
    assert.ok(known.every(({ source }) => source === 'history'));
    const [logged, shown] = await forgotten(async () => [
      await records(),
      await poolbridge(world, ['show', executions['half']!]),
    ]);
    assert.ok(logged.every(({ source }) => source === 'log group'));
    const said = ({ source: _, started, stopped, seconds, ...record }: AuditRecord) => record;
    const inOrder = (all: AuditRecord[]) => all.map((each) => JSON.stringify(said(each))).sort();
    assert.deepEqual(inOrder(logged), inOrder(known));
    assert.match(shown.out, /^FAILED .*\n(.*\n)* {2}read from +the log group\n/);
    await assertRebuilt(known, logged);
    const changed = known.filter(
      ({ changes, outcome }) => changes.length > 0 && outcome !== 'PLANNED',
    );
    assert.ok(changed.length >= 18 && changed.every(({ written }) => written));
  });

  test('shows for every write who requested it, which link allowed it, who wrote it, the changes, how it was verified and the duration', async () => {
    const [csv, page, all] = await forgotten(async () => [
      await audit('--format', 'csv'),
      await audit('--format', 'html'),
      await records(),
    ]);
    const written = (name: string) => {
      const [record, ...more] = of(all, name).filter((each) => each.written);
      assert.equal(more.length, 0, name);
      const { requestedBy, links, changes, verified, writtenBy, seconds = 0 } = record!;
      const { via, reason = '' } = requestedBy as { via: string; reason?: string };
      const writer = writtenBy ?? record!.execution;
      assert.ok(record!.assumedRoleArn!.endsWith(`/${sessionNameOf(executionOf(writer))}`), name);
      assert.ok(seconds > 0, name);
      for (const value of [record!.assumedRoleArn!, verified, record!.written!.time, ...links]) {
        assert.ok(csv.includes(value) && page.includes(value), `${name}: ${value}`);
      }
      for (const { provider } of changes.flatMap(expanded)) {
        const id = 'ClientId' in provider ? provider.ClientId! : provider.ProviderName!;
        assert.ok(csv.includes(id) && page.includes(id), `${name}: ${id}`);
      }
      const ops = changes.flatMap(expanded).map(({ op }) => op);
      return [record!.outcome, `${via} ${reason}`.trim(), links.join(), ops.join(), verified];
    };
    const told = {
      unlinked: ['UNLINKED', 'person', 'mobile', 'remove', READ_AGAIN],
      undone: ['LINKED', 'person', 'mobile', 'add', READ_AGAIN],
      all: ['UNLINKED', 'person all of them', 'mobile-strict', 'remove', READ_AGAIN],
      unmapped: ['UNLINKED', 'person', 'mapped-by-rules', 'unmap,remove,untag', READ_AGAIN],
      remapped: ['LINKED', 'person', 'mapped-by-rules', 'add,map,tag', READ_AGAIN],
      half: ['LINKED', 'cloudtrail', 'half-open', 'add', READ_AGAIN],
      left: ['UNLINKED', 'person', 'mobile', 'remove', READ_AGAIN],
      joined: ['LINKED', 'person', 'mobile', 'add', READ_AGAIN],
      emptied: ['UNLINKED', 'person after all', 'mobile', 'remove,remove', READ_AGAIN],
      replayed: ['LINKED', 'event it was lost', 'mobile', 'add', READ_AGAIN],
      stopped: ['LINKED', 'person too slow', 'mobile', 'add', 'read back under the lease'],
      repaired: ['REPAIRED', 'reconcile by hand', 'healed', 'add', 'read back under the lease'],
      mapped: [
        'REPAIRED',
        'reconcile by hand',
        'mapped-by-rules',
        'add,map',
        'read back under the lease',
      ],
    };
    for (const [name, expected] of Object.entries(told)) assert.deepEqual(written(name), expected);

    // One execution wrote for all three, in the order of their requests.
    const shared = ['left', 'joined', 'emptied'].flatMap((name) => of(all, name));
    assert.equal(new Set(shared.map(({ written: at }) => at!.sequence)).size, 1);
    assert.deepEqual(
      shared.map(({ written: at }) => at!.share),
      [0, 1, 2],
    );
    assert.equal(shared.filter(({ writtenBy }) => writtenBy).length, 2);
    const approved = of(all, 'approved').find(({ identityPoolId: id }) => id === pools.mobile)!;
    assert.equal(approved.approval!.reason, 'agreed');
    const left = all.find((each) => each.userPoolId === LEAVING && each.operation === 'unlink')!;
    assert.deepEqual([left.outcome, left.requestedBy.via], ['UNLINKED', 'cloudtrail']);
    assert.equal(of(all, 'stopped')[0]!.status, 'ABORTED');
    assert.match(await audit(), /LINKED, ABORTED +ap-south-1/);
  });

  test('leaves out what wrote nothing, unless it is asked for, and says how much that is', async () => {
    const all = await records();
    const { records: shown, omitted } = JSON.parse(await writes('--json'));
    const names = new Set((shown as AuditRecord[]).map(({ execution }) => execution));
    for (const name of ['unlinked', 'emptied', 'stopped', 'repaired', 'half']) {
      assert.ok(names.has(executions[name]!), name);
    }
    for (const name of ['planned', 'refused']) assert.ok(!names.has(executions[name]!), name);
    assert.ok((shown as AuditRecord[]).every(({ written }) => written));
    assert.equal(omitted, all.length - shown.length);
    assert.ok((await writes()).endsWith(`\n${omitted} more that wrote nothing: add --all.\n`));
    assert.match(await writes('--user-pool', 'us-east-1_Other0001'), /^No writes\.\n1 more that/);
  });

  test('shows the same for executions that were planned, failed, undone or repaired', async () => {
    const all = await records();
    const created = all.find(({ userPoolId }) => userPoolId === MOBILE);
    assert.equal(created!.requestedBy.via, 'cloudtrail');
    assert.ok('principalArn' in created!.requestedBy && created!.requestedBy.eventId);
    assert.deepEqual(created!.links, ['mobile']);
    assert.match(
      created!.assumedRoleArn!,
      /^arn:aws:sts::222222222222:assumed-role\/poolbridge-link/,
    );
    assert.ok(created!.assumedRoleArn!.endsWith(`/${created!.sessionName}`) || created!.writtenBy);
    assert.equal(created!.verified, 'read back under the lease, and once more after it');
    assert.ok(created!.seconds! > 0 && Date.parse(created!.stopped!) >= Date.parse(since));

    const outcomes = (name: string) => of(all, name).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes('unlinked'), ['UNLINKED']);
    assert.deepEqual(outcomes('planned'), ['PLANNED']);
    assert.deepEqual(outcomes('half').sort(), ['FAILED', 'LINKED']);
    const [refused] = of(all, 'refused');
    assert.deepEqual(
      [refused!.outcome, refused!.error, refused!.userPoolId],
      ['FAILED', 'NotCoveredError', 'us-east-1_Other0001'],
    );
    assert.equal(of(all, 'undone')[0]!.undoes, executions['unlinked']);
    // Both targets are complete, although the cause of a failed execution leaves out before and after.
    assert.ok(of(all, 'half').find(({ outcome }) => outcome === 'LINKED')!.before);
    const [repaired] = of(all, 'repaired');
    assert.deepEqual([repaired!.outcome, repaired!.changes.length], ['REPAIRED', 1]);
    assert.equal(repaired!.sessionName, sessionNameOf(executionOf(executions['repaired']!)));

    assert.ok(
      (await records('--user-pool', HEALED)).every(({ machine }) => machine === 'reconcile'),
    );
    assert.deepEqual(
      [...new Set((await records('--identity-pool', pools.closed)).map(({ error }) => error))],
      ['TargetAccessDeniedError'],
    );
  });

  test('is a table, or CSV in which nothing is a formula', async () => {
    const all = await records();
    const lines = (await audit()).trimEnd().split('\n');
    assert.equal(lines.length, all.length + 1);
    assert.match(lines[0]!, /^started +outcome +identity pool/);
    const csv = await audit('--format', 'csv');
    assert.ok(csv.includes(`,"'${SCRIPT.replaceAll('"', '""')}",`), csv);
    assert.equal(csv.split('\r\n').length, all.length + 2);
    assert.equal(await audit('--output', 'csv'), csv);
    const [heads = ''] = csv.split('\r\n');
    for (const line of (await audit('--output', 'text')).trimEnd().split('\n')) {
      assert.equal(line.split('\t').length, heads.split(',').length, line);
    }
  });

  test('is one HTML file that loads nothing, runs no script and shows all input as text', async () => {
    const page = await audit('--format', 'html');
    const [, style = ''] = /<style>(.*)<\/style>/s.exec(page) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
    const meta = `<meta http-equiv="Content-Security-Policy" content="${policy.replaceAll("'", '&#39;')}">`;
    assert.ok(page.includes(meta), page);
    assert.ok(!/<script|<link|<img|<iframe|src=|href=|url\(|@import|http:\/\//.test(page));
    assert.ok(page.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
    assert.equal([...page.matchAll(/<th scope="row">/g)].length, (await records()).length);
    assert.match(page, /<ins>\+ add .*<\/ins>/);
    assert.match(page, /light-dark\(/);
  });

  test('proves by CloudTrail who started what a person asked for, and marks the rest as claimed', async () => {
    const all = await records();
    const manual = all.filter(({ requestedBy }) => requestedBy.via === 'person');
    assert.ok(manual.length > 10);
    for (const { startedBy } of manual) assert.equal(startedBy?.principalArn, ROOT);
    assert.ok(all.every((each) => manual.includes(each) || each.startedBy === undefined));
    const [forged] = of(all, 'reasoned');
    assert.equal((forged!.requestedBy as { claimedArn?: string }).claimedArn, FORGED);
    assert.ok((await audit()).includes(`${ROOT}, claimed: ${FORGED} (`));
    const [csv, page] = [await audit('--format', 'csv'), await audit('--format', 'html')];
    assert.match(csv, new RegExp(`person,,,${FORGED},${ROOT},${forged!.startedBy!.eventId},`));
    assert.ok(page.includes(`by CloudTrail ${ROOT}, event ${forged!.startedBy!.eventId}`));

    const Action = ['states:*', 'logs:FilterLogEvents'];
    const reader = someone(world, 'no-trail', [{ Effect: 'Allow', Action, Resource: '*' }]);
    const asked = ['audit', '--since', since, '--all'];
    const said = await poolbridge(world, asked, reader.session);
    assert.equal(said.code, 0, said.err);
    assert.equal(said.err.match(/cloudtrail:LookupEvents/g)?.length, 1, said.err);
    assert.ok(said.out.includes(` a person, claimed: ${FORGED} (`), said.out);
  });

  test('shows a write whose function was killed, and whether the next write found it made', async () => {
    const clientId = await world.createAppClient(MOBILE);
    await cutShort('killed', { userPoolId: MOBILE, clientId }, true);
    const killed = async () =>
      of(await records(), 'killed').map((each) => [each.outcome, each.verified]);
    assert.deepEqual(await killed(), [['UNKNOWN', 'not known whether it was made']]);
    // The lease of the killed function expires.
    await ask('UpdateItem', {
      Key: lease,
      UpdateExpression: 'SET expiresAt = :past',
      ExpressionAttributeValues: { ':past': { N: '0' } },
    });
    await run('next', { userPoolId: MOBILE, clientId: await world.createAppClient(MOBILE) });
    assert.deepEqual(await killed(), [['LINKED', 'seen to be there by the next write']]);
    await forgotten(async () => assertRebuilt(await records()));
    // The audit includes an execution that neither Step Functions nor its log group has.
    const group = world.local.aws.logGroups.all().find(({ name }) => name.endsWith('dev-link'))!;
    const lines = group.events.splice(0);
    const untold = await forgotten(() => records());
    group.events.push(...lines);
    await assertRebuilt(untold);
    const [next] = of(untold, 'next');
    assert.deepEqual([next!.status, next!.requestedBy.via], ['UNKNOWN', 'unknown']);
  });

  test('says what is wrong with a period', async () => {
    for (const [args, expected] of [
      [['--since', 'yesterday'], /--since must be a time like .* how long ago, like 90d/],
      [['--since', '1d', '--until', '2d'], /--since \(1d\) must be before --until \(2d\)\./],
      [['--since', '2999-01-01'], /--since must be in the past, not 2999-01-01\./],
      [['--since', '0d'], /--since must be in the past/],
      [['--since', 'call 1'], /--since must be a time like/],
      [['--since', '2026-02-31'], /--since must be a time like/],
      [['--since', '99999999999d'], /--since must be a time like/],
      [['--format', 'pdf'], /Allowed choices are table, json, csv, html/],
    ] as const) {
      const { code, err } = await poolbridge(world, ['audit', ...args]);
      assert.equal(code, 2);
      assert.match(err, expected);
    }
  });
});
