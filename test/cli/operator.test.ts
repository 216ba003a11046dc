import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { IdentityPool } from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
  UpdateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { sharedLinks } from '../setup.ts';
import { ACCOUNT_A, ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';
import { poolbridge, someone } from './command.ts';

const MOBILE = 'us-east-1_Mobile001';
const HALF = 'us-east-1_Half00001';
const HEALED = 'us-east-1_Healed001';
const TIGHT = 'us-east-1_Tight0001';
const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:';

describe('an operator', () => {
  let world: World;
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-test-'));
  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [MOBILE, HALF, HEALED]) await world.createUserPool(id);
    for (const id of [pools.mobile, pools.healed]) await world.createIdentityPool(id);
  });
  after(() => {
    rmSync(folder, { recursive: true });
    return world.close();
  });

  const say = (...args: string[]) => poolbridge(world, args);
  /** Runs a command with --json, and parses its answer. */
  const json = async (...args: string[]) => {
    const said = await say(...args, '--json');
    return { ...said, answer: JSON.parse(said.out) };
  };
  const subject = (clientId: string, userPool = MOBILE) => [
    '--user-pool',
    userPool,
    '--client',
    clientId,
  ];
  const linked = async (clientId: string) => {
    const { answer } = await json('link', ...subject(clientId));
    return answer.execution as string;
  };
  const clientsIn = ({ CognitoIdentityProviders = [] }: IdentityPool) =>
    CognitoIdentityProviders.map(({ ClientId }) => ClientId);
  const entriesOf = async (pool: string) => clientsIn(await world.describe(pool));

  test('links with the permissions of two calls; the answer is on stdout, everything else on stderr', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const starter = someone(world, 'starter', [
      {
        Effect: 'Allow',
        Action: ['states:StartExecution', 'states:DescribeExecution'],
        Resource: [world.machineArn, `${EXECUTION}*`],
      },
    ]);
    const args = ['link', ...subject(clientId), '--reason', 'drill'];
    const { code, out, err } = await poolbridge(world, args, starter.session);
    assert.equal(code, 0, err);
    assert.ok(out.startsWith(`LINKED ${pools.mobile} (mobile)\n  + ${clientId}  ${MOBILE}\n`));
    assert.match(out, / {2}as arn:aws:sts::222222222222:assumed-role\/poolbridge-link\//);
    assert.ok(err.startsWith(EXECUTION) && err.trimEnd().split('\n').length === 1, err);
    const { requestedBy } = (await world.executionFor(clientId)).result();
    const claimedArn = `arn:aws:sts::${ACCOUNT_A}:assumed-role/starter/session`;
    assert.deepEqual(requestedBy, { via: 'person', claimedArn, reason: 'drill' });
    const denied = await poolbridge(world, ['status'], starter.session);
    assert.match(
      denied.err,
      /AccessDeniedException: .* You need states:StartExecution on arn:aws:states:us-east-1:\d+:stateMachine:poolbridge-dev-reconcile\. docs\/permissions\.md lists what each command needs\.\n$/,
    );
    const again = await say('link', ...subject(clientId), '--no-wait');
    assert.equal(again.out.trim(), (await world.ended(again.out.trim())).executionArn);
    assert.equal(again.err, `To see it: poolbridge show ${again.out.trim().split(':').at(-1)}\n`);
  });

  test('plans, links, unlinks and undoes, and with --json every answer is one document', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const before = await world.describe(pools.mobile);
    const plan = await json('plan', ...subject(clientId));
    assert.deepEqual(
      plan.answer.results.map((each: { outcome: string }) => each.outcome),
      ['PLANNED'],
    );
    assert.deepEqual(await world.describe(pools.mobile), before);
    const execution = await linked(clientId);
    assert.ok((await entriesOf(pools.mobile)).includes(clientId));

    const here = ['--identity-pool', pools.mobile, '--yes'];
    const unlink = await json('unlink', ...subject(clientId), ...here);
    const { execution: unlinking, operation, results } = unlink.answer;
    assert.deepEqual([operation, results[0].outcome], ['unlink', 'UNLINKED']);
    assert.deepEqual(await world.describe(pools.mobile), before);

    const undone = await say('undo', unlinking, '--reason', 'by mistake', '--yes');
    assert.match(undone.out, /^LINKED \S+ \(mobile\)\n {2}\+ app {2}\w+ {2}us-east-1_Mobile001\n/);
    const refused = await json('undo', execution.split(':').at(-1)!, '--yes');
    assert.equal(refused.code, 1);
    assert.equal(refused.answer.error, 'UndoConflictError');
    assert.equal(refused.answer.results[0].outcome, 'FAILED');
    // Also of an undo that failed, history says what it was to undo.
    const listed = await say('history', '--limit', '1');
    assert.ok(listed.out.includes(`  undo ${execution.split(':').at(-1)}  `), listed.out);
    assert.equal((await json('history', '--limit', '1')).answer.executions[0].undoes, execution);
  });

  test('unlinks a whole user pool only with --all-clients, and only once a person has agreed', async () => {
    const clientIds = [await world.createAppClient(MOBILE), await world.createAppClient(MOBILE)];
    for (const clientId of clientIds) await linked(clientId);
    const before = await world.describe(pools.mobile);
    const all = ['unlink', '--user-pool', MOBILE, '--all-clients'];
    const executions = async () => (await world.executions()).length;
    const known = await executions();
    const alone = await say(...all);
    assert.equal(alone.code, 2);
    assert.match(alone.err, /^This can take entries away, .* Add --yes to agree\.\n/);
    assert.equal(await executions(), known, 'nothing was started');
    const refused = await poolbridge(world, all, undefined, {}, true, 'no');
    assert.equal(refused.code, 1);
    const count = (await entriesOf(pools.mobile)).length - 2;
    assert.match(refused.err, new RegExp(`${count} entries would be taken away:\n`));
    for (const id of clientIds) {
      assert.match(refused.err, new RegExp(`\n {2}- +app +${id} +${MOBILE} +${pools.mobile}\n`));
    }
    assert.match(refused.err, /\nTheir users get no more AWS credentials there\. /);
    assert.match(refused.err, new RegExp(`Take away ${count} entries\\? \\[y/N\\] `));
    assert.match(refused.err, /NotConfirmedError\S*: Nothing was changed/);
    assert.deepEqual(await world.describe(pools.mobile), before);
    const unsaid = await say('unlink', '--user-pool', MOBILE);
    assert.equal(unsaid.code, 2);
    assert.match(unsaid.err, /^--client is missing, or --all-clients\n/);
    const { code, out, err } = await poolbridge(world, all, undefined, {}, true, 'y');
    assert.equal(code, 0, err);
    for (const clientId of clientIds) assert.match(out, new RegExp(`^  - app  ${clientId}  `, 'm'));
    const [, undo = ''] =
      /To undo, while its app clients exist: poolbridge (undo \S+)\n$/.exec(
        stripVTControlCharacters(err),
      ) ?? [];
    const undone = await poolbridge(world, undo.split(' '), undefined, {}, true, 'not asked');
    assert.equal(undone.code, 0, undone.err);
    assert.deepEqual(new Set(await entriesOf(pools.mobile)), new Set(clientsIn(before)));
    assert.equal((await say('link', '--user-pool', MOBILE, '--all-clients')).code, 2);
  });

  test('is not told how to undo an unlink of an app client that no longer exists', async () => {
    const clientId = await world.createAppClient(MOBILE);
    await linked(clientId);
    await world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new DeleteUserPoolClientCommand({ UserPoolId: MOBILE, ClientId: clientId }));
    const unlinked = await say('unlink', ...subject(clientId), '--yes');
    assert.match(unlinked.out, /^UNLINKED /);
    assert.ok(!unlinked.err.includes('To undo'), unlinked.err);
    const name = unlinked.err.split('\n')[0]!.split(':').at(-1)!;
    const undone = await say('undo', name, '--yes');
    assert.match(undone.err, /It can't be linked again, so .*There is nothing else to undo\.\n$/);
  });

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

  test('sees why a command failed, what it still did, and the kind of failure in the exit code', async () => {
    const absent = await say('link', ...subject('absent'));
    assert.equal(absent.code, 1);
    assert.match(
      absent.err.split('\n')[1]!,
      /^UserPoolClientNotFoundError: The user pool us-east-1_Mobile001 has no app client absent\./,
    );
    const uncovered = await json('link', ...subject('absent', 'us-east-1_Other0001'));
    assert.equal(uncovered.code, 3);
    assert.equal(uncovered.answer.error, 'NotCoveredError');
    assert.match(uncovered.answer.message, /^No link in links\.yml covers/);
    const inHalf = await world.createAppClient(HALF);
    const half = await say('link', ...subject(inHalf, HALF));
    assert.equal(half.code, 1);
    assert.match(half.out, new RegExp(`^LINKED ${pools.mobile} \\(half-open\\)\n`));
    assert.match(half.out, new RegExp(`FAILED ${pools.closed} \\(half-closed\\)\n`));
    const denied = /Deploy resources\/account-b\.yml there/g;
    assert.equal(half.out.match(denied)?.length, 1, half.out);
    assert.match(half.err, /\nTargetAccessDeniedError: 1 of 2 identity pools failed\.\n$/);
    // The entry may be there although the role is refused.
    const unseen = await say('why', ...subject(inHalf, HALF));
    assert.match(unseen.out, new RegExp(`^not known ${pools.closed} `, 'm'));
    assert.match(
      unseen.err,
      /\nCredentialsNotKnownError: It is not known whether users of the app client \w+ get credentials from 1 of 2 identity pools\.\n$/,
    );
    // A person is asked only about what can be done.
    const unlink = ['unlink', ...subject(inHalf, HALF)];
    const stopped = await poolbridge(world, unlink, undefined, {}, true, 'yes');
    assert.deepEqual([stopped.code, stopped.out.match(denied)?.length], [1, 1]);
    assert.match(
      stopped.err,
      /TargetAccessDeniedError.*: This would fail in 1 of 2 identity pools\. Nothing was changed\. To change the other identity pools, add --yes\.\n$/,
    );
    assert.ok((await entriesOf(pools.mobile)).includes(inHalf));
    // What was done nevertheless is in the list too, and how to undo it comes last.
    const part = await say(...unlink, '--yes');
    assert.match(part.out, new RegExp(`^UNLINKED ${pools.mobile} `));
    assert.match(
      part.err,
      /\nTargetAccessDeniedError: 1 of 2 identity pools failed\.\nTo undo, .*: poolbridge undo \S+\n$/,
    );
    const listed = await say('history', '--limit', '1');
    assert.match(listed.out, / {2}TargetAccessDeniedError, UNLINKED {2}unlink /);
    const again = await json('link', ...subject(await world.createAppClient(HALF), HALF));
    assert.match(again.answer.message, denied);
    const shown = await json('show', '--last');
    const [, ...words] = (shown.answer.again as string).split(' ');
    assert.deepEqual(words.slice(0, 3), ['link', '--user-pool', HALF]);
    assert.equal((await json(...words)).answer.execution.split(':').at(-2), 'poolbridge-dev-link');
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

  test('finds an execution with who requested it and every state that it visited', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const execution = await linked(clientId);
    const { answer } = await json('history', '--limit', '1');
    const [{ started, stopped, ...last }, ...none] = answer.executions;
    assert.deepEqual(none, []);
    assert.deepEqual(last, {
      execution,
      machine: 'link',
      status: 'SUCCEEDED',
      outcome: 'LINKED',
      requestedBy: { via: 'person', claimedArn: `arn:aws:iam::${ACCOUNT_A}:root` },
      operation: 'link',
      userPoolId: MOBILE,
      clientId,
    });
    assert.ok(Date.parse(started) <= Date.parse(stopped));
    const lines = (await say('history', '--status', 'FAILED')).out.trimEnd().split('\n');
    assert.ok(lines.length > 1 && lines.slice(1).every((line) => / {2}\w+Error,? /.test(line)));
    const reconciled = await json('history', '--reconcile', '--limit', '1');
    assert.equal(reconciled.answer.executions[0].machine, 'reconcile');
    // For both state machines, show finds what history prints.
    const find = async (...args: string[]) => (await json('show', ...args)).answer;
    const repair = reconciled.answer.executions[0].execution;
    const [repairName, linkName] = [repair, execution].map((arn) => arn.split(':').at(-1)!);
    assert.equal((await find(repairName)).execution, repair);
    assert.equal((await find(repairName.slice(0, -4))).execution, repair);
    assert.equal((await find(linkName.slice(0, -4))).execution, execution);
    assert.equal((await find('--last')).execution, execution);
    assert.match((await find('no-such')).message, /^There is no execution no-such in this account/);
    const undone = await json('undo', repairName, '--yes');
    assert.equal(undone.code, 2);
    assert.match(
      undone.answer.message,
      /is an execution of reconcile.* To see that: poolbridge show /,
    );
    for (const name of ['twin-one', 'twin-two'])
      await world.run({ userPoolId: MOBILE, clientId }, name);
    const several = await json('show', 'twin-');
    assert.deepEqual(
      [several.code, several.answer.message],
      [2, 'The names of 2 executions begin with twin-: twin-two, twin-one. Type more of the name.'],
    );

    const shown = await json('show', execution.split(':').at(-1)!);
    const { records, states } = shown.answer;
    const [{ changes, difference, assumedRoleArn }] = records;
    assert.equal(changes[0].provider.ClientId, clientId);
    assert.deepEqual(
      difference.map(({ op, after }: { op: string; after: object }) => [op, after]),
      [['add', changes[0].provider]],
    );
    assert.match(assumedRoleArn, /:assumed-role\/poolbridge-link\//);
    const entered = (await world.history(execution)).flatMap(
      ({ stateEnteredEventDetails: details }) => details?.name ?? [],
    );
    assert.deepEqual(
      states.map(({ state }: { state: string }) => state),
      entered,
    );
    for (const { entered: from, exited, seconds } of states.slice(0, -1)) {
      assert.equal(seconds, (Date.parse(exited) - Date.parse(from)) / 1000);
    }
    const { out } = await say('show', execution);
    assert.match(out, new RegExp(`\n {2}\\S+ +\\S+ m?s +UpdateIdentityPool +${pools.mobile}\n`));
    assert.ok(!out.includes('console'), 'the embedded AWS has none');
  });

  test('replays an event for each of many app clients', async () => {
    const clientIds = await Promise.all(
      Array.from({ length: 11 }, () => world.createAppClient(MOBILE)),
    );
    const each = clientIds.flatMap((clientId) => ['--client', clientId]);
    const { code, answer } = await json('replay', '--user-pool', MOBILE, ...each, '--dry-run');
    assert.equal(code, 0);
    assert.deepEqual(
      answer.events.map(({ clientId }: { clientId: string }) => clientId),
      clientIds,
    );
    await world.local.aws.buses.settled();
    const [first] = clientIds;
    const { requestedBy } = (await world.executionFor(first!)).result();
    assert.deepEqual([requestedBy.via, requestedBy.eventId], ['event', answer.events[0].eventId]);
    const asked = (await world.executions()).map(({ input = '' }) => input);
    for (const clientId of clientIds) assert.ok(asked.some((input) => input.includes(clientId)));
    assert.equal((await say('replay', '--user-pool', MOBILE)).code, 2);
    assert.equal(
      (await say('replay', '--user-pool', MOBILE, '--client', first!, '--unlink')).code,
      2,
    );
  });

  test('reads in one line what to check when the deployment can not be reached', async () => {
    const noCredentials = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const nowhere = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    const server = createServer((_, response) => response.end('<html><meta><head></head></html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    after(() => server.close());
    const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const cases: [Record<string, string | undefined>, string[], RegExp][] = [
      [
        {},
        ['--stage', 'nope'],
        /^StateMachineDoesNotExist: .*-nope-link.*\. Check that Poolbridge/,
      ],
      [{ AWS_ACCESS_KEY_ID: ACCOUNT_B }, [], /^StateMachineDoesNotExist: .*222222222222.*\. Check/],
      [noCredentials, [], /^CredentialsProviderError: .*\. Sign in, or set AWS_PROFILE/],
      [{ AWS_ENDPOINT_URL: 'foo' }, [], /^TypeError: Invalid URL\. The endpoint .* must be a URL/],
      [nowhere, [], /^Error: connect ECONNREFUSED 127\.0\.0\.1:1\. AWS does not answer\. /],
      [
        { AWS_ENDPOINT_URL: world.local.endpoint.replace('http:', 'https:') },
        [],
        /^Error: write EPROTO .* The endpoint does not speak TLS: /,
      ],
      [{ AWS_ENDPOINT_URL: page }, [], /^Error: .* What answers is not AWS\. Check the endpoint /],
      [{ AWS_REGION: undefined }, [], /^Error: Region is missing\. Name the Region .* --region/],
    ];
    for (const [changed, args, expected] of cases) {
      const all = ['link', ...subject('any'), ...args];
      const { code, out, err } = await poolbridge(world, all, undefined, changed);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err.trimEnd(), expected);
      assert.equal(err.trimEnd().split('\n').length, 1, err);
    }
    // The next command works as it stands: in the same place, started in the same way.
    const shared = ['--region', 'us-east-1', '--endpoint', world.local.endpoint];
    const viaNpx = { npm_command: 'exec' };
    const unfound = await poolbridge(world, ['show', 'nope', ...shared], undefined, viaNpx);
    const listed = ['npx', 'poolbridge', 'history', ...shared].join(' ');
    assert.ok(unfound.err.includes(` To list them: ${listed}\n`), unfound.err);
    assert.match(unfound.err, /\nFor help: npx poolbridge show --help\n$/);
    const elsewhere = { AWS_REGION: undefined, AWS_DEFAULT_REGION: HOME.region };
    const found = await poolbridge(world, ['history'], undefined, elsewhere);
    assert.equal(found.code, 0, found.err);
  });

  test('sees what is wrong with a command line and where to find help, with exit code 2', async () => {
    const empty = join(folder, 'empty.yml');
    writeFileSync(empty, 'links: {}\n');
    const wrong: [string[], RegExp][] = [
      [[], /A command is missing\./],
      [['lnk'], /unknown command 'lnk'\n\(Did you mean link\?\)/],
      [['link'], /required option '--user-pool <id>' not specified/],
      [['link', '--user-pool', MOBILE], /--client is missing/],
      [['link', ...subject('any'), '--reasn'], /unknown option '--reasn'/],
      [['unlink', ...subject('any'), '--all-clients'], /'--all-clients' cannot be used with/],
      [['plan', '--client', 'any'], /--user-pool is missing/],
      [['plan', '--link', 'mobile', '--user-pool', MOBILE], /cannot be used with/],
      [
        ['link', '--user-pool', 'x', '--client', 'any'],
        /^--user-pool must be an id like "us-east-1_AbCdEfGhI", not "x"\./,
      ],
      [
        ['link', '--user-pool', 'xx-east-1_Abc', '--client', 'any'],
        /^--user-pool is "xx-east-1_Abc", and /,
      ],
      [['unlink', ...subject('a b')], /^--client must be an id like .*, not "a b"\./],
      [
        ['plan', ...subject('any'), '--identity-pool', 'x'],
        /^--identity-pool must be an id like "ap-south-1:/,
      ],
      [['audit', '--identity-pool', 'x'], /^--identity-pool must be an id/],
      [['lease', '--identity-pool', pools.mobile, '--force'], /^--force needs --release$/m],
      [['approve', 'any', '--show', '--deny'], /'--show' cannot be used with option '--deny'/],
      [['entries', '--link', 'No_Link'], /^--link must be the name of a link: /],
      [['check', '--link', 'No_Link'], /^--link must be the name of a link: /],
      [['replay', ...subject('any'), '--client', '!'], /^--client must be an id like .*, not "!"/],
      [
        ['link', ...subject('any'), '--reason', 'x'.repeat(1001)],
        /^--reason is longer than 1000 characters/,
      ],
      [
        ['unlink', ...subject('any'), '--left-behind'],
        /^--left-behind needs --client and --identity-pool/,
      ],
      [['status', '--link', 'No_Link'], /^--link must be the name of a link: /],
      [
        ['status', '--link', 'moblie', '--links', 'test/links.yml'],
        /^test\/links\.yml has no link moblie\. It has mobile, /,
      ],
      [
        ['status', '--link', 'mobile', '--links', empty],
        /^\S+empty\.yml has no link mobile\. It has no links\.\n?/,
      ],
      ...['plan', 'status', 'entries', 'why'].map((name): [string[], RegExp] => [
        [name, ...(name === 'why' ? subject('any') : []), '--links', 'none.yml'],
        /^--links: none\.yml can't be read \(ENOENT.*\)\.\nCreate it, or name another file\.\n?/,
      ]),
      [['status', '--watch', '9999999'], /^--watch must be a number of seconds, from 10 to 86400,/],
      ...['foo', 'localhost:4566', ''].map((endpoint): [string[], RegExp] => [
        ['history', '--endpoint', endpoint],
        /^--endpoint must be a URL like http:\/\/localhost:4566, not "/,
      ]),
      ...[['link', ...subject('any')], ['pause'], ['approve', 'any']].map(
        (args): [string[], RegExp] => [
          [...args, '--reason', '…'],
          /^--reason is still the placeholder\. Write the reason in its place\./,
        ],
      ),
      ...[['pause'], ['approve', 'any']].map((args): [string[], RegExp] => [
        [...args, '--reason', ' '],
        /^--reason is missing/,
      ]),
      [['pause', '--reason', 'x'.repeat(201)], /^--reason is longer than 200 characters/],
      [
        ['plan', ...subject('any'), '--links', 'test/links.yml'],
        /--links does not go with --user-pool\. Leave it out, or deploy the file first\./,
      ],
      [['history', '--limit', 'many'], /--limit must be a number from 1 to 1000, not many/],
      [['history', '--status', 'x'], /Allowed choices are RUNNING/],
      [['show'], /Name one execution, or add --last\./],
      [['show', 'any', '--last'], /Name one execution, or add --last\./],
      [['show', 'a b'], /"a b" can not be the name of an execution\./],
      [['undo', 'arn:aws:states:x'], /is not the ARN of an execution, like arn:aws:states:/],
    ];
    const started = world.local.aws.stateMachines.executions.size;
    for (const [args, expected] of wrong) {
      const { code, out, err } = await say(...args);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
      assert.match(err, expected);
      assert.match(err, /For help: poolbridge .*--help\n$/);
      const asked = await json(...args);
      assert.deepEqual([asked.code, asked.answer.error], [2, 'UsageError']);
      assert.match(asked.answer.message, expected);
    }
    assert.equal(world.local.aws.stateMachines.executions.size, started, 'nothing was started');
  });
});
