import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { PolicyDocument } from 'embedded-aws/kernel/iam.ts';
import { type Check, quotaCheck } from '../../cli/check/checks.ts';
import { STATES } from '../../core/reconcile/classify.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import { sharedLinks } from '../setup.ts';
import { ACCOUNT_A, pools, startWorld, type World } from '../world.ts';
import { poolbridge, someone } from './command.ts';

const TIGHT = 'us-east-1_Tight0001';

test('the check of a quota speaks of one entry in the singular', () => {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as PoolReport['counts'];
  const pool = { identityPoolId: 'ap-south-1:1', links: [], entries: [] };
  const foundIn = (more: Partial<PoolReport['counts']>, quota?: number) =>
    quotaCheck({
      ...pool,
      counts: { ...counts, ...more },
      ...(quota !== undefined && { quota }),
    }).found;
  assert.equal(foundIn({ linked: 1 }), 'its role can be assumed; 1 entry');
  assert.match(
    foundIn({ linked: 2, missing: 1 }, 2),
    /2 of 2 entries, room for 0, and 1 is missing$/,
  );
  assert.match(foundIn({ linked: 2, missing: 2 }, 2), /, and 2 are missing$/);
});

describe('poolbridge check', () => {
  let world: World;
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-test-'));
  /** The links.yml that was deployed. */
  const LINKS = join(folder, 'deployed.yml');
  before(async () => {
    world = await startWorld({ trail: true });
    writeFileSync(LINKS, sharedLinks());
    await world.createUserPool(TIGHT);
    await world.createIdentityPool(pools.tight);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await world.close();
  });

  const check = async (args: string[] = [], keys?: Parameters<typeof poolbridge>[2]) => {
    const all = ['check', '--link', 'tight', '--links', LINKS, ...args, '--json'];
    const { code, out, err } = await poolbridge(world, all, keys);
    const { checks, ...more } = JSON.parse(out) as { checks: Check[]; message?: string };
    assert.ok(
      checks.every(({ status, todo }) => (status === 'ok') === (todo === undefined)),
      err,
    );
    return { code, ...more, of: (name: string) => checks.find((each) => each.check === name) };
  };

  test('reports no problem for a good deployment, and the room left in each identity pool', async () => {
    const { code, out } = await poolbridge(world, ['check', '--link', 'tight', '--links', LINKS]);
    const lines = out.trimEnd().split('\n');
    assert.deepEqual([code, lines.filter((line) => !line.startsWith('✔'))], [0, []]);
    assert.ok(out.includes('deployed version: links.yml and the code here are what is deployed'));
    assert.match(out, /✔ trail in us-east-1: management-events logs management events/);
    assert.match(out, /✔ trail in eu-west-1: /, 'in every Region that links name');
    assert.ok(out.includes(`${pools.tight}: its role can be assumed; 2 of 3 entries, room for 1`));
  });

  test('says what to do about each problem', async () => {
    const other = join(folder, 'links.yml');
    writeFileSync(other, 'links: {}\n');
    world.local.aws.trail.enabled = false;
    await world.createAppClient(TIGHT);
    await world.createAppClient(TIGHT);
    await poolbridge(world, ['pause', '--reason', 'moving']);
    try {
      const found = await check(['--links', other]);
      assert.equal(found.code, 1);
      assert.equal(found.message, '1 of 7 checks failed.');
      assert.match(found.of('links.yml')!.todo!, /Add a link/);
      assert.equal(
        found.of('deployed version')!.found,
        'links.yml here differs from what is deployed',
      );
      assert.match(
        found.of('deployed version')!.todo!,
        /To deploy what is here: npx osls deploy --stage dev --region us-east-1 --param="links=.*"$/,
      );
      // The quota that counts is the deployed one, whatever links.yml is here.
      assert.match(found.of(pools.tight)!.found, /2 of 3 entries, room for 1, and 2 are missing$/);
      assert.equal(found.of('trail in us-east-1')!.status, 'failed');
      assert.match(found.of('writes')!.found, /^paused since .* \(moving\)$/);
      const { of } = await check();
      assert.match(of(pools.tight)!.found, /2 of 3 entries, room for 1, and 2 are missing$/);
    } finally {
      world.local.aws.trail.enabled = true;
      await poolbridge(world, ['resume']);
    }
    writeFileSync(other, 'links: [');
    const garbled = await check(['--links', other]);
    assert.equal(garbled.of('links.yml')!.status, 'failed');
    // A line for each problem, and nothing about packaging.
    writeFileSync(other, 'links:\n  a: { clinets: [] }\n');
    const wrong = await poolbridge(world, ['check', '--link', 'tight', '--links', other]);
    assert.match(
      wrong.out,
      /^✖ links\.yml: \S+links\.yml:2: .*\n( {2}\S+links\.yml:2: .*\n)+ {2}→ /,
    );
    assert.ok(!wrong.out.includes('packaged'), wrong.out);
    const links = readFileSync(LINKS, 'utf8');
    writeFileSync(
      other,
      links.replace('    userPools: [', '    userPools: [us-east-11_Typo00001, '),
    );
    const doubtful = (await check(['--links', other])).of('links.yml');
    assert.equal(doubtful!.status, 'warning');
    assert.match(
      doubtful!.found,
      /links\.yml:\d+: links\.[a-z-]+\.userPools\.0 is in us-east-11, /,
    );
    const closed = await check(['--link', 'half-closed']);
    assert.match(closed.of(pools.closed)!.found, /^TargetAccessDeniedError: /);
    const nowhere = await check(['--stage', 'nope']);
    assert.match(
      nowhere.of('deployed')!.todo!,
      /If not: npx osls deploy --stage nope --region us-east-1 --param="links=\S+"$/,
    );
    assert.equal(nowhere.of(pools.tight), undefined);
  });

  test('does not doubt the links.yml that is deployed if only the code differs', async () => {
    const machine = world.local.aws.stateMachines.machines.get(world.machineArn)!;
    const { definition } = machine;
    const packaged = JSON.stringify(definition).replace(
      / code [0-9a-f]{16}/,
      ` code ${'0'.repeat(16)}`,
    );
    machine.definition = JSON.parse(packaged);
    try {
      const { found, todo } = (await check()).of('deployed version')!;
      assert.equal(found, 'the code here differs from what is deployed');
      assert.match(todo!, /^Find out with git which is newer\. To deploy what is here: /);
    } finally {
      machine.definition = definition;
    }
  });

  test('accepts one good trail, even if the trail of the organization can not be read', async () => {
    const { trail } = world.local.aws;
    const arn = 'arn:aws:cloudtrail:us-east-1:999999999999:trail/organization';
    trail.organizationTrail = arn;
    try {
      const both = await check();
      assert.match(both.of('trail in us-east-1')!.found, /^management-events logs/);
      trail.enabled = false;
      const { code, of } = await check();
      assert.equal(code, 0);
      const { status, found, todo } = of('trail in us-east-1')!;
      assert.equal(status, 'unknown');
      assert.match(found, /^can't be read: organization: TrailNotFoundException$/);
      assert.match(todo!, /^arn:aws:\S+:trail\/organization is the organization's trail/);
      assert.match(
        todo!,
        /only account 999999999999 can read .* or create a trail in this account/,
      );
      // The management account can read it like any other trail.
      const managed = await check([], { accessKeyId: '999999999999', secretAccessKey: 'any' });
      assert.equal(managed.of('trail in us-east-1')!.found, 'organization logs management events');
    } finally {
      trail.enabled = true;
      trail.organizationTrail = undefined;
    }
  });

  test('distinguishes a trail that the caller may not read from one that does not log', async () => {
    const { session } = someone(world, 'lister', [
      { Effect: 'Allow', Action: 'cloudtrail:DescribeTrails', Resource: '*' },
    ]);
    const { status, todo } = (await check([], session)).of('trail in us-east-1')!;
    assert.equal(status, 'unknown');
    assert.match(todo!, /^Ask for cloudtrail:GetTrailStatus and .* on arn:aws:\S+, or ask/);
  });

  test('finds an unknown setting of an identity pool before the first write', async () => {
    const stored = world.local.aws.identityPools.find(pools.tight);
    const before = stored.pool;
    stored.pool = Object.assign({ NewSetting: { on: true } }, before);
    try {
      const { code, of } = await check();
      assert.equal(code, 1);
      const { status, found, todo } = of(pools.tight)!;
      assert.equal(status, 'failed');
      assert.match(found, /^UnknownPoolFieldError: .* a new member at IdentityPool\.NewSetting/);
      assert.match(
        todo!,
        /^Update Poolbridge; until then it writes nothing to this identity pool\. .*: npx osls deploy /,
      );
    } finally {
      stored.pool = before;
    }
  });

  test('needs no more than these permissions, as do the other commands', async () => {
    const inRegion = (service: string, rest: string) =>
      `arn:aws:${service}:us-east-1:${ACCOUNT_A}:${rest}`;
    const machine = (name: string) => inRegion('states', `stateMachine:poolbridge-dev-${name}`);
    const runs = (name: string) => inRegion('states', `execution:poolbridge-dev-${name}:*`);
    const both = [machine('link'), machine('reconcile'), runs('link'), runs('reconcile')];
    const states = (...names: string[]) => ({
      Effect: 'Allow' as const,
      Resource: both,
      Action: names.map((name) => `states:${name}`),
    });
    const logs = {
      Effect: 'Allow' as const,
      Action: 'logs:FilterLogEvents',
      Resource: [
        inRegion('logs', 'log-group:/aws/vendedlogs/states/poolbridge-dev-*'),
        inRegion('logs', 'log-group:/aws/lambda/poolbridge-dev-UpdateIdentityPool:*'),
        inRegion('logs', 'log-group:/aws/lambda/poolbridge-dev-ReconcileIdentityPool:*'),
      ],
    };
    const reading = ['DescribeExecution', 'GetExecutionHistory'];
    const starting = ['StartExecution', 'DescribeExecution'];
    const planned = await poolbridge(world, ['plan', '--link', 'tight', '--json']);
    const { execution } = JSON.parse(planned.out);
    const needed: Record<string, [string[], PolicyDocument['Statement'], error?: string]> = {
      // The write would be refused too: the identity pool is full.
      plan: [['--link', 'tight'], [states(...starting)], 'ProviderQuotaError'],
      entries: [
        ['--link', 'tight'],
        [
          states(...starting),
          {
            Effect: 'Allow',
            Action: 'dynamodb:Query',
            Resource: inRegion('dynamodb', 'table/poolbridge-dev'),
            Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': pools.tight } },
          },
        ],
      ],
      approvals: [[], [states('ListExecutions', ...reading)]],
      status: [['--link', 'tight'], [states(...starting)]],
      reconcile: [['--link', 'tight'], [states(...starting)]],
      history: [['--reconcile'], [states('ListExecutions', 'DescribeExecution')]],
      show: [[execution], [states(...reading)]],
      audit: [[], [states('ListExecutions', ...reading), logs]],
      replay: [
        ['--user-pool', TIGHT, '--client', 'any'],
        [
          {
            Effect: 'Allow',
            Action: 'events:PutEvents',
            Resource: inRegion('events', 'event-bus/default'),
          },
        ],
      ],
      check: [
        ['--link', 'tight', '--links', LINKS],
        [
          states('DescribeStateMachine', ...starting),
          { Effect: 'Allow', Action: 'cloudtrail:DescribeTrails', Resource: '*' },
          {
            Effect: 'Allow',
            Resource: `arn:aws*:cloudtrail:*:${ACCOUNT_A}:trail/*`,
            Action: ['cloudtrail:GetTrailStatus', 'cloudtrail:GetEventSelectors'],
          },
          {
            Effect: 'Allow',
            Action: 'dynamodb:GetItem',
            Resource: inRegion('dynamodb', 'table/poolbridge-dev'),
            Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'pause' } },
          },
        ],
      ],
    };
    for (const [name, [args, statements, error]] of Object.entries(needed)) {
      const { session } = someone(world, `may-${name}`, statements);
      const { code, out, err } = await poolbridge(world, [name, ...args], session);
      if (error) assert.ok(err.includes(`\n${error}: `), `${name}: ${err}`);
      else assert.equal(code, 0, `${name}: ${err}`);
      for (const denied of ['AccessDeniedException', 'may not read']) {
        assert.ok(!`${out}${err}`.includes(denied), `${name}: ${out}${err}`);
      }
    }
  });

  test('reports as unknown what the caller may not read', async () => {
    const { session } = someone(world, 'unknown', []);
    const { code, of } = await check([], session);
    assert.equal(code, 0);
    assert.equal(of('credentials')!.status, 'ok');
    for (const name of ['deployed', 'trail in us-east-1'])
      assert.equal(of(name)!.status, 'unknown');
  });
});
