import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityClient,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  DeleteUserPoolClientCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { isFaulty } from '../../core/request/outcome.ts';
import { poolbridge } from '../cli/command.ts';
import { ACCOUNT_A, ACCOUNT_B, ACCOUNT_C, HOME, pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';
const providerName = (id: string) => `cognito-idp.${id.split('_')[0]}.amazonaws.com/${id}`;
const entry = (userPoolId: string, ClientId: string, ServerSideTokenCheck = false) => ({
  ProviderName: providerName(userPoolId),
  ClientId,
  ServerSideTokenCheck,
});

/** An identity pool with one more entry, as AWS would list it. */
const plus = (pool: object, ...entries: object[]) => ({
  ...pool,
  CognitoIdentityProviders: [
    ...((pool as { CognitoIdentityProviders?: object[] }).CognitoIdentityProviders ?? []),
    ...entries,
  ],
});

const Username = 'ada';
const Password = 'Correct-horse-1';

describe('linking', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    for (const id of [
      MOBILE,
      'eu-west-1_Mobile002',
      'us-east-1_Strict001',
      'us-east-1_Both00001',
    ]) {
      await world.createUserPool(id);
    }
    await world.createIdentityPool(pools.mobile);
    await world.createIdentityPool(pools.there, ACCOUNT_C, {});
  });
  after(() => world.close());

  test('a new app client is linked, and nothing else in the identity pool changes', async () => {
    const before = await world.describe(pools.mobile);
    const clientId = await world.createAppClient(MOBILE, 'ios');
    const execution = await world.executionFor(clientId);
    const { results, requestedBy, ...output } = execution.result();
    const after = await world.describe(pools.mobile);
    assert.deepEqual(after, plus(before, entry(MOBILE, clientId)));
    assert.deepEqual(output, { operation: 'link', userPoolId: MOBILE, clientId });
    const { eventId, time, ...by } = requestedBy;
    assert.deepEqual(by, {
      via: 'cloudtrail',
      principalArn: `arn:aws:iam::${ACCOUNT_A}:root`,
      account: ACCOUNT_A,
      region: 'us-east-1',
    });
    assert.match(eventId!, /^[0-9a-f-]{36}$/);
    assert.match(time!, /^\d{4}-\d\d-\d\dT[\d:]+Z$/);
    const [result, ...more] = results;
    assert.deepEqual(more, []);
    assert.ok(result && !isFaulty(result));
    const { assumedRoleArn, ...rest } = result;
    assert.deepEqual(rest, {
      identityPoolId: pools.mobile,
      links: ['mobile'],
      outcome: 'LINKED',
      changes: [{ op: 'add', provider: entry(MOBILE, clientId) }],
      before,
      after,
      attempts: 1,
    });
    assert.match(
      assumedRoleArn,
      /^arn:aws:sts::222222222222:assumed-role\/poolbridge-link\/.*-[0-9a-f]{8}$/,
    );
  });

  test('a user whom the identity pool refused gets credentials as soon as the app client is linked', async () => {
    const cognito = world.client(CognitoIdentityProviderClient, HOME);
    const identity = world.client(CognitoIdentityClient, {
      account: ACCOUNT_B,
      region: 'ap-south-1',
    });
    await cognito.send(new AdminCreateUserCommand({ UserPoolId: MOBILE, Username }));
    await cognito.send(
      new AdminSetUserPasswordCommand({ UserPoolId: MOBILE, Username, Password, Permanent: true }),
    );
    const { aws } = world.local;
    aws.trail.enabled = false;
    const { UserPoolClient } = await cognito.send(
      new CreateUserPoolClientCommand({
        UserPoolId: MOBILE,
        ClientName: 'public',
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      }),
    );
    aws.trail.enabled = true;
    const clientId = UserPoolClient!.ClientId!;
    const { AuthenticationResult } = await cognito.send(
      new InitiateAuthCommand({
        ClientId: clientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: Username, PASSWORD: Password },
      }),
    );
    const Logins = { [providerName(MOBILE)]: AuthenticationResult!.IdToken! };
    const getId = () => identity.send(new GetIdCommand({ IdentityPoolId: pools.mobile, Logins }));
    await assert.rejects(getId(), {
      name: 'NotAuthorizedException',
      message: 'Token is not from a supported provider of this identity pool.',
    });
    (await world.run({ userPoolId: MOBILE, clientId })).result();
    const { IdentityId } = await getId();
    const { iam } = aws;
    const role = iam.putRole({
      arn: `arn:aws:iam::${ACCOUNT_B}:role/users`,
      name: 'users',
      policies: [],
      trust: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Federated: 'cognito-identity.amazonaws.com' },
            Action: 'sts:AssumeRoleWithWebIdentity',
            Condition: {
              StringEquals: { 'cognito-identity.amazonaws.com:aud': pools.mobile },
              'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': 'authenticated' },
            },
          },
        ],
      },
    });
    aws.identityPools.find(pools.mobile).roles = { authenticated: role.arn };
    const { Credentials } = await identity.send(
      new GetCredentialsForIdentityCommand({ IdentityId, Logins }),
    );
    assert.match(Credentials!.AccessKeyId!, /^ASIA/);
  });

  test('a trial with a user of the user pool says which role session the credentials belong to', async () => {
    const args = ['trial', '--user-pool', MOBILE, '--username', Username, '--timeout', '2'];
    const trial = (password?: string) =>
      poolbridge(world, [...args, '--json'], undefined, { POOLBRIDGE_TRIAL_PASSWORD: password });
    const { code, out, err } = await trial(Password);
    assert.equal(code, 0, err);
    const [granted, ...others] = JSON.parse(out).credentials;
    assert.deepEqual(others, []);
    assert.equal(granted.identityPoolId, pools.mobile);
    assert.match(granted.arn, /^arn:aws:sts::222222222222:assumed-role\/users\//);
    const refused = await trial('Wrong-horse-1');
    assert.equal(refused.code, 1);
    assert.equal(JSON.parse(refused.out).credentials[0].error, 'NotAuthorizedException');
    assert.match(refused.out, /the user got no credentials\. The app client itself is deleted\./);
    assert.equal((await trial()).code, 2);
  });

  test('the outcomes by event, by hand and a second time are LINKED, LINKED and ALREADY_LINKED', async () => {
    const before = await world.describe(pools.mobile);
    const first = await world.createAppClient(MOBILE);
    const byEvent = (await world.executionFor(first)).result();
    world.local.aws.trail.enabled = false;
    const second = await world.createAppClient(MOBILE);
    world.local.aws.trail.enabled = true;
    const byHand = (
      await world.run({ userPoolId: MOBILE, clientId: second, reason: 'drill' })
    ).result();
    const again = (await world.run({ userPoolId: MOBILE, clientId: second })).result();
    const outcomes = [byEvent, byHand, again].map(({ results: [result] }) => result!.outcome);
    assert.deepEqual(outcomes, ['LINKED', 'LINKED', 'ALREADY_LINKED']);
    assert.deepEqual(byHand.requestedBy, { via: 'person', reason: 'drill' });
    assert.deepEqual(
      await world.describe(pools.mobile),
      plus(before, entry(MOBILE, first), entry(MOBILE, second)),
    );
  });

  test('an app client that is already linked is not written again', async () => {
    const clientId = await world.createAppClient(MOBILE);
    await world.executionFor(clientId);
    const writes = () =>
      world.local.aws.trail.records.filter((r) => r.eventName === 'UpdateIdentityPool').length;
    const before = writes();
    await world.run({ userPoolId: MOBILE, clientId });
    assert.equal(writes(), before);
  });

  test('the entry of an app client in another Region has that Region in its name', async () => {
    const clientId = await world.createAppClient('eu-west-1_Mobile002');
    const { results } = (await world.run({ userPoolId: 'eu-west-1_Mobile002', clientId })).result();
    assert.equal(results[0]!.outcome, 'LINKED');
    const { CognitoIdentityProviders } = await world.describe(pools.mobile);
    const added = CognitoIdentityProviders!.find(({ ClientId }) => ClientId === clientId);
    assert.equal(added!.ProviderName, 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Mobile002');
  });

  test('a new entry checks tokens on the server if its link says so', async () => {
    const clientId = await world.createAppClient('us-east-1_Strict001');
    const { results } = (await world.executionFor(clientId)).result();
    assert.ok(results[0] && results[0].outcome !== 'FAILED');
    assert.deepEqual(results[0].changes, [
      { op: 'add', provider: entry('us-east-1_Strict001', clientId, true) },
    ]);
  });

  test('an app client that two links cover is linked in both accounts', async () => {
    const clientId = await world.createAppClient('us-east-1_Both00001');
    const { results } = (await world.executionFor(clientId)).result();
    assert.deepEqual(
      results.map(({ identityPoolId, outcome, links }) => [identityPoolId, outcome, links]),
      [
        [pools.mobile, 'LINKED', ['both-here']],
        [pools.there, 'LINKED', ['both-there']],
      ],
    );
    const there = await world.describe(pools.there, ACCOUNT_C);
    assert.deepEqual(there.CognitoIdentityProviders, [entry('us-east-1_Both00001', clientId)]);
  });

  test('a request may name one of the identity pools', async () => {
    world.local.aws.trail.enabled = false;
    const clientId = await world.createAppClient('us-east-1_Both00001');
    world.local.aws.trail.enabled = true;
    const identityPoolId = pools.there;
    const request = { userPoolId: 'us-east-1_Both00001', clientId, identityPoolId };
    const { results } = (await world.run(request)).result();
    assert.deepEqual(
      results.map((result) => result.identityPoolId),
      [pools.there],
    );
  });

  test('a dry run shows what would change, and writes nothing', async () => {
    world.local.aws.trail.enabled = false;
    const clientId = await world.createAppClient(MOBILE);
    world.local.aws.trail.enabled = true;
    const before = await world.describe(pools.mobile);
    const { results } = (await world.run({ userPoolId: MOBILE, clientId, dryRun: true })).result();
    const [result] = results;
    assert.ok(result && result.outcome === 'PLANNED' && !isFaulty(result));
    assert.deepEqual(result.changes, [{ op: 'add', provider: entry(MOBILE, clientId) }]);
    assert.deepEqual(result.before, before);
    assert.deepEqual(result.after, plus(before, entry(MOBILE, clientId)));
    assert.deepEqual(await world.describe(pools.mobile), before);
  });

  test('unlinking removes only the entry; without an entry the outcome is NOT_LINKED', async () => {
    const before = await world.describe(pools.mobile);
    const clientId = await world.createAppClient(MOBILE);
    await world.executionFor(clientId);
    const request = { operation: 'unlink', userPoolId: MOBILE, clientId };
    const { results } = (await world.run(request)).result();
    assert.ok(results[0] && results[0].outcome === 'UNLINKED');
    assert.deepEqual(results[0].changes, [{ op: 'remove', provider: entry(MOBILE, clientId) }]);
    assert.deepEqual(await world.describe(pools.mobile), before);
    const again = (await world.run(request)).result();
    assert.equal(again.results[0]!.outcome, 'NOT_LINKED');
  });

  test('an app client that was deleted can still be unlinked', async () => {
    const clientId = await world.createAppClient(MOBILE);
    await world.executionFor(clientId);
    await world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new DeleteUserPoolClientCommand({ UserPoolId: MOBILE, ClientId: clientId }));
    const request = { operation: 'unlink', userPoolId: MOBILE, clientId };
    assert.equal((await world.run(request)).result().results[0]!.outcome, 'UNLINKED');
  });

  test('unlinking without a client removes every entry of the user pool, and no other', async () => {
    const before = await world.describe(pools.mobile);
    const clients = [];
    for (const name of ['one', 'two']) {
      const clientId = await world.createAppClient('us-east-1_Strict001', name);
      await world.executionFor(clientId);
      clients.push(clientId);
    }
    const request = { operation: 'unlink', userPoolId: 'us-east-1_Strict001' };
    const output = (await world.run(request)).result();
    assert.ok(!('clientId' in output));
    const [result] = output.results;
    assert.ok(result && result.outcome === 'UNLINKED');
    const removed = result.changes.map(
      (change) => 'ClientId' in change.provider && change.provider.ClientId,
    );
    assert.ok(clients.every((clientId) => removed.includes(clientId)));
    const kept = before.CognitoIdentityProviders!.filter(
      ({ ProviderName }) => ProviderName !== providerName('us-east-1_Strict001'),
    );
    assert.deepEqual((await world.describe(pools.mobile)).CognitoIdentityProviders, kept);
  });

  test('a LinkRequested event links like a request of a person', async () => {
    world.local.aws.trail.enabled = false;
    const clientId = await world.createAppClient(MOBILE);
    world.local.aws.trail.enabled = true;
    const detail = { userPoolId: MOBILE, clientId, reason: 'say "hello" \\ and </end>' };
    const { Entries } = await world.client(EventBridgeClient, HOME).send(
      new PutEventsCommand({
        Entries: [
          { Source: 'poolbridge', DetailType: 'LinkRequested', Detail: JSON.stringify(detail) },
        ],
      }),
    );
    const { results, requestedBy } = (await world.executionFor(clientId)).result();
    assert.equal(results[0]!.outcome, 'LINKED');
    const { time, ...by } = requestedBy;
    assert.ok(time);
    assert.deepEqual(by, {
      via: 'event',
      eventId: Entries![0]!.EventId,
      account: ACCOUNT_A,
      region: 'us-east-1',
      reason: detail.reason,
    });
  });

  test('an identity pool without settings gets its entry and no new setting', async () => {
    const clientId = await world.createAppClient('us-east-1_Both00001');
    await world.executionFor(clientId);
    const { CognitoIdentityProviders: _, ...settings } = await world.describe(
      pools.there,
      ACCOUNT_C,
    );
    assert.deepEqual(settings, {
      IdentityPoolId: pools.there,
      IdentityPoolName: 'pool',
      AllowUnauthenticatedIdentities: false,
      IdentityPoolTags: {},
    });
  });
});
