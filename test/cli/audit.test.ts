import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { IdentityPool } from '@aws-sdk/client-cognito-identity';
import type { AuditRecord } from '../../core/audit.ts';
import { executionOf, sessionNameOf } from '../../core/execution.ts';
import { type IdentityPool as Pool, sameSettings } from '../../core/identity-pool.ts';
import { apply, expanded } from '../../core/merge.ts';
import { pools, startWorld, type World } from '../world.ts';
import { poolbridge } from './command.ts';

const MOBILE = 'us-east-1_Mobile001';
const STRICT = 'us-east-1_Strict001';
const HALF = 'us-east-1_Half00001';
const HEALED = 'us-east-1_Healed001';
const SCRIPT = '=HYPERLINK("x"),<script>alert(1)</script>';

describe('poolbridge audit', () => {
  let world: World;
  let since: string;
  /** Every identity pool as it was before anything was done. */
  const first = new Map<string, IdentityPool>();
  const executions: Record<string, string> = {};

  // A day of a deployment: by hand, by events, together, in vain, undone, repaired and stopped.
  before(async () => {
    world = await startWorld();
    since = new Date().toISOString();
    for (const id of [MOBILE, STRICT, HALF]) await world.createUserPool(id);
    for (const id of [pools.mobile, pools.healed]) {
      first.set(id, await world.createIdentityPool(id));
    }
    const [one, two, three] = await Promise.all(
      [MOBILE, MOBILE, STRICT].map((id) => world.createAppClient(id)),
    );
    for (const clientId of [one, two, three]) await world.executionFor(clientId!);
    const run = async (name: string, input: object) => {
      executions[name] = (await world.run(input)).executionArn;
    };
    await run('unlinked', { operation: 'unlink', userPoolId: MOBILE, clientId: one });
    await run('planned', { userPoolId: MOBILE, clientId: one, dryRun: true });
    await run('reasoned', { userPoolId: MOBILE, clientId: two, reason: SCRIPT });
    await run('undone', { operation: 'undo', executionArn: executions['unlinked'] });
    await run('refused', { userPoolId: 'us-east-1_Other0001', clientId: 'any' });
    const half = await world.createAppClient(HALF);
    executions['half'] = (await world.executionFor(half)).executionArn;
    world.local.aws.trail.enabled = false;
    await world.createUserPool(HEALED);
    await world.createAppClient(HEALED, 'app-one');
    const repair = await world.run({ link: 'healed', repair: true }, undefined, world.reconcileArn);
    executions['repaired'] = repair.executionArn;
  });
  after(() => world.close());

  const audit = async (...args: string[]) => {
    const said = await poolbridge(world, ['audit', '--since', since, ...args]);
    assert.equal(said.code, 0, said.err);
    return said.out;
  };
  const records = async (...args: string[]): Promise<AuditRecord[]> =>
    JSON.parse(await audit('--json', ...args)).records;
  const of = (all: AuditRecord[], name: string) =>
    all.filter(({ execution }) => execution === executions[name]);

  /** An identity pool as the audit alone has it: as it was first, and every change since. */
  function rebuilt(all: AuditRecord[], id: string): Pool {
    const done = all
      .filter(({ identityPoolId, outcome }) => identityPoolId === id && outcome !== 'PLANNED')
      .sort((a, b) => Date.parse(a.stopped!) - Date.parse(b.stopped!));
    const start = first.get(id) as Pool;
    return done.reduce((pool, { changes }) => apply(pool, changes.flatMap(expanded)), start);
  }

  test('rebuilds every identity pool, while Step Functions knows the executions and after', async () => {
    const known = await records();
    assert.ok(known.every(({ source }) => source === 'history'));
    const { executions: remembered } = world.local.aws.stateMachines;
    const forgotten = new Map(remembered);
    remembered.clear();
    try {
      const logged = await records();
      assert.ok(logged.every(({ source }) => source === 'log group'));
      const said = ({ source: _, started, stopped, seconds, ...record }: AuditRecord) => record;
      assert.deepEqual(logged.map(said), known.map(said));
      const shown = await poolbridge(world, ['show', executions['half']!]);
      assert.match(shown.out, /^FAILED .*\n(.*\n)* {2}read from +the log group\n/);
      for (const id of first.keys()) {
        const now = (await world.describe(id)) as Pool;
        assert.ok(!sameSettings(now, first.get(id) as Pool), `${id} was changed`);
        for (const all of [known, logged]) assert.ok(sameSettings(rebuilt(all, id), now), id);
      }
      const last = known.findLast(({ identityPoolId: id }) => id === pools.mobile)!;
      assert.ok(sameSettings(last.after as Pool, rebuilt(known, pools.mobile)));
    } finally {
      for (const [arn, execution] of forgotten) remembered.set(arn, execution);
    }
  });

  test('says who asked, what allowed it, who wrote, how it was verified and how long it took', async () => {
    const all = await records();
    const [created] = all;
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
    // Both targets are known whole, though the cause of a failure leaves before and after out.
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
  });

  test('is one file of HTML that loads nothing, runs nothing and shows what people wrote as text', async () => {
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

  test('says what is wrong with a period', async () => {
    for (const [args, expected] of [
      [['--since', 'yesterday'], /--since must be a time like .* so long ago: 90d/],
      [['--since', '1d', '--until', '2d'], /--since must be before --until/],
      [['--format', 'pdf'], /Allowed choices are table, json, csv, html/],
    ] as const) {
      const { code, err } = await poolbridge(world, ['audit', ...args]);
      assert.equal(code, 2);
      assert.match(err, expected);
    }
  });
});
