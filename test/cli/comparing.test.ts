import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  UpdateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { sharedLinks } from '../setup.ts';
import { ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';
import { operatorOf, subject } from './operator.ts';

const MOBILE = 'us-east-1_Mobile001';
const HEALED = 'us-east-1_Healed001';
const TIGHT = 'us-east-1_Tight0001';

describe('an operator who compares what is there with links.yml', () => {
  let world: World;
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-test-'));
  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [MOBILE, HEALED]) await world.createUserPool(id);
    for (const id of [pools.mobile, pools.healed]) await world.createIdentityPool(id);
  });
  after(() => {
    rmSync(folder, { recursive: true });
    return world.close();
  });

  const { say, json, linked, entriesOf } = operatorOf(() => world);

  test('sees which of the two entries of a user pool with the updated issuer is missing', async () => {
    const clientId = await world.createAppClient(MOBILE);
    await linked(clientId);
    const switchTo = (Type: 'ORIGINAL' | 'UPDATED') =>
      world
        .client(CognitoIdentityProviderClient, HOME)
        .send(new UpdateUserPoolCommand({ UserPoolId: MOBILE, IssuerConfiguration: { Type } }));
    await switchTo('UPDATED');
    try {
      const why = await say('why', ...subject(clientId));
      // The ledger's last write is that of the other entry.
      assert.match(
        why.out,
        /\n {2}entry missing: .* has no entry for it under the updated issuer of its user pool\. If it has one under the original issuer, AWS does not document whether that is enough\.\n/,
      );
      const entries = await say('entries', '--link', 'mobile', '--user-pool', MOBILE);
      const rows = entries.out.split('\n').filter((line) => line.includes(clientId));
      assert.deepEqual(
        rows.map((line) => [line.split(' ')[0], line.includes(`${MOBILE} (updated issuer)`)]),
        [
          ['linked', false],
          ['missing', true],
        ],
      );
    } finally {
      await switchTo('ORIGINAL');
    }
  });

  test('is told to deploy a links.yml that has more than what is deployed', async () => {
    const file = join(folder, 'links.yml');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
        cwd: folder,
      });
    writeFileSync(file, sharedLinks());
    git('init', '--quiet');
    git('add', 'links.yml');
    git('commit', '--quiet', '--message', 'deployed');
    appendFileSync(
      file,
      `  brand-new:\n    userPools: [us-east-1_Brandnew1]\n    identityPool: ap-south-1:00000000-0000-0000-0000-0000000000ff\n    roleArn: arn:aws:iam::${ACCOUNT_B}:role/poolbridge-link\n`,
    );
    const deploy = `npx osls deploy --stage dev --region us-east-1 --param="links=${file}"`;
    const status = await say('status', '--link', 'brand-new', '--links', file);
    assert.deepEqual([status.code, status.out], [2, '']);
    assert.ok(
      status.err.startsWith(
        `${file} has the link brand-new, but it is not deployed yet. To deploy it: ${deploy}\n`,
      ),
      status.err,
    );
    const why = await json('why', ...subject('any', 'us-east-1_Brandnew1'), '--links', file);
    const [{ reason, todo }] = why.answer.reasons;
    assert.deepEqual([why.code, reason, todo], [3, 'not deployed', `Deploy it: ${deploy}`]);
    rmSync(join(folder, '.git'), { recursive: true });
    const unknown = await say('status', '--link', 'brand-new', '--links', file);
    assert.match(
      unknown.err,
      /^\S+links\.yml is not the links\.yml that is deployed, .*\n.*\nInvalidRequestError: .* It has no link "brand-new"\. It has (?:[a-z-]+, ){9}[a-z-]+ and \d+ more\.\n/,
    );
  });

  test('compares a link with its identity pool, sees what a repair would change, and repairs it', async () => {
    const clientId = await world.createAppClient(HEALED, 'app-one');
    const named = await world.createAppClient(HEALED, 'other');
    const before = await world.describe(pools.healed);
    const status = await say('status', '--link', 'healed');
    const shown = await say('show', '--last');
    const [found = '', steps = ''] = status.out.split('Next steps:\n');
    assert.ok(shown.out.includes(found), shown.out);
    assert.ok(!shown.out.includes('nothing was written'));
    assert.match(shown.out, /\n {2}to look again +poolbridge status\n/);
    assert.equal(status.code, 0, status.err);
    assert.match(
      steps,
      /^ {2}missing {2}To link what is missing: poolbridge reconcile --repair --link healed\n {2}foreign {2}Left alone: .*: poolbridge entries --state foreign --link healed\n$/,
    );
    assert.match(
      found,
      new RegExp(
        `^${pools.healed} \\(healed, healed-by-tags, healed-but-kept\\): linked 0, missing 1, foreign 2\n {2}missing +app-one +${clientId} +${HEALED}\n$`,
      ),
    );
    const plan = await say('plan', '--link', 'healed');
    assert.match(plan.out, new RegExp(`\n {2}\\+ {2}app-one {2}${clientId} {2}${HEALED}\n`));
    assert.ok(!plan.out.includes(named));
    const apply = 'poolbridge reconcile --repair --link healed';
    assert.ok(plan.out.endsWith(`\n1 to add. To apply: ${apply}\n`), plan.out);
    const coded = await json('plan', '--link', 'healed', '--detailed-exitcode');
    assert.deepEqual([coded.code, coded.answer.amount.add, coded.answer.apply], [2, 1, apply]);
    const markdown = ['plan', '--link', 'healed', '--format', 'markdown', '--detailed-exitcode'];
    const comment = await say(...markdown);
    assert.equal(comment.code, 2, comment.err);
    assert.match(comment.out, /^## Poolbridge plan, stage `dev`\n\n\*\*1 to add\.\*\*\n/);
    assert.ok(comment.out.includes(`| ➕ | \`app-one\` | \`${clientId}\` | \`${HEALED}\` |  |\n`));
    assert.ok(comment.out.endsWith(`\n\`\`\`sh\n${apply}\n\`\`\`\n`), comment.out);
    const client = await say('plan', ...subject(clientId, HEALED));
    assert.ok(
      client.out.endsWith(
        `\n1 to add. To apply: poolbridge link --user-pool ${HEALED} --client ${clientId}\n`,
      ),
      client.out,
    );
    assert.deepEqual(await world.describe(pools.healed), before);
    assert.equal((await say('reconcile', '--link', 'healed', '--repair')).code, 2);
    const { answer } = await json('reconcile', '--link', 'healed', '--repair', '--yes');
    assert.deepEqual(answer.identityPools[0].repaired, { linked: 1, unlinked: 0 });
    assert.ok((await entriesOf(pools.healed)).includes(clientId));
    const same = await say('plan', '--link', 'healed', '--detailed-exitcode');
    assert.deepEqual([same.code, same.out.endsWith('\nNothing to change.\n')], [0, true]);
    assert.equal((await say('plan', '--detailed-exitcode', '--nope')).code, 1);
    const unknown = await json('status', '--link', 'nope');
    assert.deepEqual([unknown.code, unknown.answer.error], [2, 'InvalidRequestError']);
    // The links.yml of the working copy is another one.
    assert.match(
      unknown.err,
      /^The links\.yml that is deployed was not found here, .* link nope\./,
    );
  });

  test('sees in a plan what the write would refuse, and fails as it would', async () => {
    await world.createUserPool(TIGHT);
    await world.createIdentityPool(pools.tight);
    const clientIds = [await world.createAppClient(TIGHT), await world.createAppClient(TIGHT)];
    const plan = await say('plan', '--link', 'tight');
    const repair = await say('reconcile', '--link', 'tight', '--repair', '--yes');
    assert.deepEqual([plan.code, repair.code], [1, 1]);
    const [, refusal = ''] = /\n {2}(ProviderQuotaError: .*\n)/.exec(repair.out) ?? [];
    assert.ok(refusal !== '' && plan.out.includes(`\n  would fail: ${refusal}`), plan.out);
    assert.match(plan.err, /\nProviderQuotaError: This would fail\.\n$/);
    assert.match(plan.out, /\n {2}! {2}app {2}\w+ {2}\S+ {2}ProviderQuotaError\n/);
    assert.match(plan.out, /\n1 to add, 1 refused\. To apply: /);
    const linked = await entriesOf(pools.tight);
    assert.equal(clientIds.filter((clientId) => linked.includes(clientId)).length, 1);
    const refused = clientIds.find((clientId) => !linked.includes(clientId))!;
    const why = await json('why', ...subject(refused, TIGHT));
    const [{ reasons, credentials }] = why.answer.identityPools;
    assert.deepEqual(
      [why.code, credentials, reasons.map(({ reason }: { reason: string }) => reason)],
      [1, false, ['quota']],
    );
    assert.match(
      reasons[0].todo,
      /raise the quota L-14403AD5, set providerQuota and deploy\. Then link it: poolbridge link /,
    );
  });

  test('sees what a dry run says would fail, wherever the execution is shown', async () => {
    const clientId = await world.createAppClient(TIGHT);
    const dryRun = await say('link', ...subject(clientId, TIGHT), '--dry-run');
    const wouldFail = /PLANNED \S+ \(tight\)\n {2}would fail: ProviderQuotaError: \S.*\n/;
    assert.equal(dryRun.code, 1);
    assert.match(dryRun.out, wouldFail);
    assert.match(dryRun.err, /\nProviderQuotaError: This would fail\.\n$/);
    const shown = await say('show', '--last');
    assert.match(shown.out, wouldFail);
    assert.match(shown.out, /\n {2}request +link \(dry run\)\n/);
    assert.equal((await json('show', '--last')).answer.dryRun, true);
    const [, row] = (await say('history', '--limit', '1')).out.split('\n');
    assert.match(row!, / {2}would fail: ProviderQuotaError \(dry run\) {2}link /);
    // A dry run is marked however it ends.
    await say('link', ...subject('any', 'us-east-1_Other0001'), '--dry-run');
    const refused = await say('history', '--limit', '1');
    assert.match(refused.out, / {2}NotCoveredError \(dry run\) {2}link /);
    const marked = await json('history', '--limit', '1');
    assert.equal(marked.answer.executions[0].dryRun, true);
    const csv = await say('history', '--limit', '1', '--output', 'csv');
    assert.ok(csv.out.endsWith(',true\r\n'), csv.out);
    const plan = await say('plan', ...subject(clientId, TIGHT), '--detailed-exitcode');
    assert.deepEqual([plan.code, plan.out.endsWith('\n1 refused.\n')], [1, true]);
    assert.match(plan.out, wouldFail);
    const { code, answer } = await json('link', ...subject(clientId, TIGHT), '--dry-run');
    assert.deepEqual([code, answer.error], [1, 'ProviderQuotaError']);
    assert.equal(answer.results[0].wouldFail.error, 'ProviderQuotaError');
    const audited = await json('audit', '--all', '--user-pool', TIGHT);
    const { outcome, verified, ...record } = audited.answer.records.at(-1);
    assert.deepEqual([outcome, verified], ['PLANNED', 'nothing was written']);
    assert.equal(record.wouldFail.error, 'ProviderQuotaError');
    assert.match((await say('audit', '--all', '--user-pool', TIGHT)).out, /would fail: Provider/);
  });
});
