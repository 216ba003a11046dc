import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CognitoIdentityClient, GetIdCommand } from '@aws-sdk/client-cognito-identity';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  DeleteUserPoolClientCommand,
  InitiateAuthCommand,
  UpdateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Check } from '../../cli/check/checks.ts';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { isFaulty } from '../../core/request/outcome.ts';
import { poolbridge } from '../cli/command.ts';
import { ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';

const UPDATED = 'us-east-1_Mobile001';
const PLAIN = 'us-east-1_Strict001';
/** Its link says `issuer: both`. */
const CHOSEN = 'us-east-1_Issuer001';
const SWITCHED = 'us-east-1_Healed001';
const newIssuer = { IssuerConfiguration: { Type: 'UPDATED' } } as const;
const original = (id: string) => `cognito-idp.us-east-1.amazonaws.com/${id}`;
const updated = (id: string) => `issuer-${original(id)}`;

type Ended = Awaited<ReturnType<World['run']>>;

describe('a user pool with the updated issuer', () => {
  let world: World;
  /** The user pools that were described since the last call. */
  let described: string[] = [];

  before(async () => {
    // Without a trail, only requests link.
    world = await startWorld({ trail: false });
    const { operations } = world.local.aws.services.get('cognito-idp')!;
    const { run, ...rest } = operations['DescribeUserPool']!;
    operations['DescribeUserPool'] = {
      ...rest,
      run(call) {
        described.push(String(call.input['UserPoolId']));
        return run(call);
      },
    };
    await world.createUserPool(UPDATED, {}, newIssuer);
    await world.createUserPool(PLAIN);
    await world.createUserPool(CHOSEN);
    await world.createUserPool(SWITCHED);
    for (const id of [pools.mobile, pools.tight, pools.healed]) await world.createIdentityPool(id);
  });
  after(() => world.close());

  const userPools = () => world.client(CognitoIdentityProviderClient, HOME);
  const resultOf = (ended: Ended) => {
    const [result] = ended.result().results;
    assert.ok(result && !isFaulty(result));
    return result;
  };
  const changesOf = (ended: Ended) =>
    resultOf(ended).changes.map(({ op, provider }) => `${op} ${provider.ProviderName}`);
  const namesOf = async (clientId: string, pool: string = pools.mobile) =>
    ((await world.describe(pool)).CognitoIdentityProviders ?? [])
      .filter(({ ClientId }) => ClientId === clientId)
      .map(({ ProviderName }) => ProviderName);

  test('is linked under both of its names, and the result says so', async () => {
    const clientId = await world.createAppClient(UPDATED);
    const ended = await world.run({ userPoolId: UPDATED, clientId });
    const { outcome, changes, issuer } = resultOf(ended);
    assert.deepEqual([outcome, issuer], ['LINKED', 'updated']);
    const entry = (ProviderName: string) => ({
      op: 'add',
      provider: { ProviderName, ClientId: clientId, ServerSideTokenCheck: false },
    });
    assert.deepEqual(changes, [entry(original(UPDATED)), entry(updated(UPDATED))]);
    const again = await world.run({ userPoolId: UPDATED, clientId });
    assert.equal(resultOf(again).outcome, 'ALREADY_LINKED');
  });

  test('gives its users access to the identity pool by the issuer in their tokens', async () => {
    const Username = 'ada';
    const Password = 'Correct-horse-battery-1';
    await userPools().send(new AdminCreateUserCommand({ UserPoolId: UPDATED, Username }));
    const password = { UserPoolId: UPDATED, Username, Password, Permanent: true };
    await userPools().send(new AdminSetUserPasswordCommand(password));
    const { UserPoolClient } = await userPools().send(
      new CreateUserPoolClientCommand({
        UserPoolId: UPDATED,
        ClientName: 'public',
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      }),
    );
    const ClientId = UserPoolClient!.ClientId!;
    await world.run({ userPoolId: UPDATED, clientId: ClientId });
    const AuthParameters = { USERNAME: Username, PASSWORD: Password };
    const { AuthenticationResult } = await userPools().send(
      new InitiateAuthCommand({ ClientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters }),
    );
    const identity = world.client(CognitoIdentityClient, {
      account: ACCOUNT_B,
      region: 'ap-south-1',
    });
    const getId = (name: string) => {
      const Logins = { [name]: AuthenticationResult!.IdToken! };
      return identity.send(new GetIdCommand({ IdentityPoolId: pools.mobile, Logins }));
    };
    assert.ok((await getId(updated(UPDATED))).IdentityId);
    await assert.rejects(getId(original(UPDATED)), /Issuer doesn't match providerName/);
  });

  test('is unlinked under both of its names, and an undo restores both', async () => {
    const clientId = await world.createAppClient(UPDATED);
    const linked = await world.run({ userPoolId: UPDATED, clientId });
    const undone = await world.run({ operation: 'undo', executionArn: linked.executionArn });
    assert.deepEqual(changesOf(undone).sort(), [
      `remove ${original(UPDATED)}`,
      `remove ${updated(UPDATED)}`,
    ]);
    await world.run({ operation: 'undo', executionArn: undone.executionArn });
    assert.equal((await namesOf(clientId)).length, 2);
    const unlinked = await world.run({ operation: 'unlink', userPoolId: UPDATED, clientId });
    assert.deepEqual(changesOf(unlinked), [
      `remove ${original(UPDATED)}`,
      `remove ${updated(UPDATED)}`,
    ]);
    assert.deepEqual(await namesOf(clientId), []);
    const { executionArn } = unlinked;
    assert.equal((await world.run({ operation: 'undo', executionArn })).status, 'SUCCEEDED');
    assert.equal((await namesOf(clientId)).length, 2);
  });

  /** Adds a pending request to link an app client of the pool, as a waiting execution does. */
  const leaveWaiting = (clientId: string) => {
    const request = { operation: 'link', userPoolId: UPDATED, clientId };
    return world.local.aws.tables.ask(HOME, 'PutItem', {
      TableName: 'poolbridge-dev',
      Item: {
        pk: { S: pools.mobile },
        sk: { S: `pending#${clientId}` },
        ticket: { N: '1' },
        expiresAt: { N: String(Date.now() + 60_000) },
        body: { S: JSON.stringify({ key: clientId, execution: 'another', ...request }) },
      },
    });
  };
  const linkPlain = async () =>
    world.run({ userPoolId: PLAIN, clientId: await world.createAppClient(PLAIN) });

  test('gets both entries from another execution that writes for its pending request', async () => {
    const waiting = await world.createAppClient(UPDATED);
    await leaveWaiting(waiting);
    await linkPlain();
    assert.deepEqual(await namesOf(waiting), [original(UPDATED), updated(UPDATED)]);
  });

  test('delays no other request if AWS refuses the new name, and its failure says what to do', async () => {
    const { identityPools } = world.local.aws;
    const [clientId, waiting] = [
      await world.createAppClient(UPDATED),
      await world.createAppClient(UPDATED),
    ];
    // An update sends all entries, so entries with the new name would make it fail.
    await world.run({ operation: 'unlink', userPoolId: UPDATED });
    identityPools.takesUpdatedIssuers = false;
    const refused = await world.run({ userPoolId: UPDATED, clientId });
    assert.equal(refused.error, 'ProviderRefusedError');
    assert.match(
      refused.failure().message,
      /Invalid Cognito Identity Provider\. .*issuer: original/,
    );
    await leaveWaiting(waiting);
    assert.equal(resultOf(await linkPlain()).outcome, 'LINKED');
    assert.deepEqual(await namesOf(waiting), []);
    identityPools.takesUpdatedIssuers = true;
    await linkPlain();
    assert.equal((await namesOf(waiting)).length, 2);
  });

  test('is described once for a link, and one with the original issuer is linked as before', async () => {
    const clientId = await world.createAppClient(PLAIN);
    described = [];
    const result = resultOf(await world.run({ userPoolId: PLAIN, clientId }));
    assert.deepEqual(described, [PLAIN]);
    assert.ok(!('issuer' in result));
    assert.deepEqual(result.changes, [
      {
        op: 'add',
        provider: {
          ProviderName: original(PLAIN),
          ClientId: clientId,
          ServerSideTokenCheck: true,
        },
      },
    ]);
    await world.run({ operation: 'unlink', userPoolId: PLAIN, clientId });
    assert.deepEqual(described, [PLAIN], 'unlinking needs no issuer');
  });

  test('is not described if its link sets the issuer, and both entries count towards the quota', async () => {
    described = [];
    const clientId = await world.createAppClient(CHOSEN);
    const refused = await world.run({ userPoolId: CHOSEN, clientId });
    assert.equal(refused.error, 'ProviderQuotaError');
    assert.match(
      refused.failure().message,
      /already holds 2 of 3 user pool providers, and 2 more are needed, so nothing was written/,
    );
    assert.deepEqual([await namesOf(clientId, pools.tight), described], [[], []]);
  });

  test('is linked as one with the original issuer if it can not be described', async () => {
    const { iam } = world.local.aws;
    const grants = [...iam.roles.values()]
      .flatMap(({ policies }) => policies.flatMap(({ Statement }) => Statement))
      .filter(({ Action }) => [Action].flat().includes('cognito-idp:DescribeUserPool'));
    const actions = grants.map(({ Action }) => Action);
    for (const grant of grants) grant.Action = 'cognito-idp:ListUserPoolClients';
    try {
      const clientId = await world.createAppClient(UPDATED);
      await world.run({ userPoolId: UPDATED, clientId });
      assert.deepEqual(await namesOf(clientId), [original(UPDATED)]);
      const { out } = await poolbridge(world, ['check', '--link', 'healed', '--json']);
      const { checks } = JSON.parse(out) as { checks: Check[] };
      const { status, todo } = checks.find(({ check }) => check === SWITCHED)!;
      assert.equal(status, 'unknown');
      assert.match(todo!, /cognito-idp:DescribeUserPool/);
    } finally {
      for (const [i, grant] of grants.entries()) grant.Action = actions[i]!;
    }
  });
});

describe('a user pool whose issuer is switched', () => {
  let world: World;
  let clientId: string;
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(SWITCHED);
    await world.createIdentityPool(pools.healed);
    clientId = await world.createAppClient(SWITCHED);
    await world.run({ userPoolId: SWITCHED, clientId });
  });
  after(() => world.close());

  const userPools = () => world.client(CognitoIdentityProviderClient, HOME);
  const reconcile = async (repair: boolean) => {
    const input = { link: 'healed', repair };
    const { output } = await world.run(input, undefined, world.reconcileArn);
    const [report] = (JSON.parse(output!) as ReconcileOutput).identityPools;
    assert.ok(report && 'counts' in report);
    return report;
  };

  test('appears in plan and check with its missing entries, and a repair adds them', async () => {
    assert.deepEqual((await reconcile(false)).issuers, undefined);
    await userPools().send(new UpdateUserPoolCommand({ UserPoolId: SWITCHED, ...newIssuer }));
    const sentence =
      'The user pool us-east-1_Healed001 has the updated issuer; its app clients get entries under both of its names.';
    const plan = await poolbridge(world, ['plan', '--link', 'healed']);
    const added = new RegExp(`\\n {2}\\+ .*${clientId} +${SWITCHED} \\(updated issuer\\)`);
    assert.match(plan.out, added);
    assert.ok(plan.out.includes(sentence), plan.out);
    const check = await poolbridge(world, ['check', '--link', 'healed']);
    assert.ok(check.out.includes(`✔ ${SWITCHED}: ${sentence}`), check.out);
    const report = await reconcile(true);
    assert.deepEqual(report.repaired, { linked: 1, unlinked: 0 });
    assert.deepEqual(report.issuers, [
      { userPoolId: SWITCHED, issuer: 'updated', entries: 'both' },
    ]);
    const { counts, entries } = await reconcile(true);
    assert.deepEqual([counts.linked, counts.foreign, entries], [2, 2, []]);
    const dryRun = await poolbridge(world, [
      'plan',
      '--user-pool',
      SWITCHED,
      '--client',
      await world.createAppClient(SWITCHED),
    ]);
    assert.ok(dryRun.out.includes('the user pool has the updated issuer'), dryRun.out);
  });

  test('says of an undo that links an entry again that no link asks for any more', async () => {
    const { executionArn } = await world.run({
      operation: 'unlink',
      userPoolId: SWITCHED,
      clientId,
    });
    const again = async () => poolbridge(world, ['undo', executionArn, '--dry-run']);
    const sentence = `\n  no link asks for entries of ${SWITCHED} (updated issuer), so they are uncovered. To keep them, set issuer: both in links.yml and deploy. If not, unlink the app client and link it again.\n`;
    const asked = await again();
    assert.ok(!asked.out.includes('uncovered'), asked.out);
    const oldIssuer = { IssuerConfiguration: { Type: 'ORIGINAL' as const } };
    await userPools().send(new UpdateUserPoolCommand({ UserPoolId: SWITCHED, ...oldIssuer }));
    const unasked = await again();
    assert.ok(unasked.out.includes(sentence), unasked.out);
    const undone = await poolbridge(world, ['undo', executionArn, '--yes']);
    assert.ok(undone.out.includes(sentence), undone.out);
    const shown = await poolbridge(world, ['show', '--last']);
    assert.ok(shown.out.includes(sentence), shown.out);
    await userPools().send(new UpdateUserPoolCommand({ UserPoolId: SWITCHED, ...newIssuer }));
  });

  test('loses the entries under both names once an app client is deleted', async () => {
    await userPools().send(
      new DeleteUserPoolClientCommand({ UserPoolId: SWITCHED, ClientId: clientId }),
    );
    const gone = { operation: 'unlink', userPoolId: SWITCHED, clientId };
    const ended = await world.run({ request: gone, requestedBy: { via: 'cloudtrail' } });
    const { results } = ended.result();
    assert.ok(results[0] && 'changes' in results[0]);
    assert.equal(results[0].changes.length, 2);
    const { counts } = await reconcile(false);
    assert.deepEqual([counts.linked, counts.orphaned, counts.removed], [0, 0, 0]);
  });
});
