import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  EventBridgeClient,
  PutEventsCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { deployForwarder, deployUserPoolAccount } from '../../demo/deploy.ts';
import { ACCOUNT_A, ACCOUNT_D, type Ended, HOME, pools, startWorld, World } from '../world.ts';

const OWN = 'us-east-1_Mobile001';
const OWN_AWAY = 'eu-west-1_Mobile002';
const ABROAD = 'us-east-1_Abroad001';
const ABROAD_AWAY = 'eu-west-1_Abroad002';
const UNREADABLE = 'us-east-1_Abroad003';
/** A user pool of Account-A whose links unlink deleted app clients. */
const LEAVING = 'us-east-1_Leaving01';
const UNCOVERED = 'us-east-1_Abroad004';
/** An account that may forward events, but has no user pool in links.yml. */
const ACCOUNT_E = '777777777777';
/** An account that may not forward events. */
const ACCOUNT_F = '888888888888';
const ORGANIZATION = 'o-abcdefghij';
const HomeBusArn = `arn:aws:events:us-east-1:${ACCOUNT_A}:event-bus/default`;
const READER = `arn:aws:iam::${ACCOUNT_D}:role/poolbridge-read`;

describe('user pools of other Regions and accounts', () => {
  let world: World;
  let abroad: World;
  /** The dead-letter queues of the forwarders, by account. */
  const queues = new Map<string, string>();

  before(async () => {
    world = await startWorld(
      {},
      { ForwardingAccounts: ACCOUNT_E, ForwardingOrganization: ORGANIZATION },
    );
    const { local, machineArn } = world;
    local.aws.iam.organizations.set(ACCOUNT_D, ORGANIZATION);
    abroad = new World(local, machineArn, { account: ACCOUNT_D, region: 'us-east-1' });
    const away = [
      HOME,
      { account: ACCOUNT_A, region: 'eu-west-1' },
      ...['us-east-1', 'eu-west-1'].map((region) => ({ account: ACCOUNT_D, region })),
      ...[ACCOUNT_E, ACCOUNT_F].map((account) => ({ account, region: 'us-east-1' })),
    ];
    for (const where of away) {
      const { UndeliveredEvents } = await deployForwarder(local.aws, where, { HomeBusArn });
      queues.set(where.account, UndeliveredEvents!);
    }
    const UserPoolIds = [ABROAD, ABROAD_AWAY].join(',');
    const where = { account: ACCOUNT_D, region: 'us-east-1' };
    const { RoleArn } = await deployUserPoolAccount(local.aws, where, {
      TrustedAccountId: ACCOUNT_A,
      UserPoolIds,
    });
    assert.equal(RoleArn, READER);
    for (const id of [OWN, OWN_AWAY, LEAVING]) await world.createUserPool(id);
    for (const id of [ABROAD, ABROAD_AWAY, UNREADABLE, UNCOVERED]) await abroad.createUserPool(id);
    await world.createIdentityPool(pools.mobile);
  });
  after(() => world.close());

  const entries = async () => (await world.describe(pools.mobile)).CognitoIdentityProviders!;

  /** Creates an app client without an event. */
  const silently = async (where: World, userPoolId: string, name?: string): Promise<string> => {
    const { trail } = world.local.aws;
    trail.enabled = false;
    const clientId = await where.createAppClient(userPoolId, name);
    trail.enabled = true;
    return clientId;
  };

  /** Sends an event about an app client in an account, true or not, and returns the execution that it started. */
  const executionAfter = async (
    account: string,
    eventName: 'CreateUserPoolClient' | 'DeleteUserPoolClient' | 'DeleteUserPool',
    userPoolId: string,
    clientId = '',
  ): Promise<Ended | undefined> => {
    const { aws } = world.local;
    const eventID = randomUUID();
    aws.emit(account, 'us-east-1', {
      source: 'aws.cognito-idp',
      'detail-type': 'AWS API Call via CloudTrail',
      time: '2026-01-02T03:04:05Z',
      resources: [],
      detail: {
        eventSource: 'cognito-idp.amazonaws.com',
        eventType: 'AwsApiCall',
        eventName,
        eventID,
        eventTime: '2026-01-02T03:04:05Z',
        requestParameters: { userPoolId, clientId },
        responseElements: { userPoolClient: { userPoolId, clientId, clientName: 'app-x' } },
      },
    });
    await aws.buses.settled();
    return (await world.executions()).find(({ input }) => input?.includes(eventID));
  };

  /** Why events of an account were not forwarded; each is returned once. */
  const undelivered = async (account: string): Promise<(string | undefined)[]> => {
    const { Messages = [] } = await world.client(SQSClient, { account, region: 'us-east-1' }).send(
      new ReceiveMessageCommand({
        QueueUrl: queues.get(account),
        VisibilityTimeout: 600,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages.map(({ MessageAttributes }) => MessageAttributes?.['ERROR_CODE']?.StringValue);
  };

  test('a client created in another Region is linked where the forwarder is deployed', async () => {
    const clientId = await world.createAppClient(OWN_AWAY);
    const { results, requestedBy } = (await world.executionFor(clientId)).result();
    assert.equal(results[0]!.outcome, 'LINKED');
    assert.deepEqual([requestedBy.account, requestedBy.region], [ACCOUNT_A, 'eu-west-1']);
    assert.deepEqual((await entries()).at(-1), {
      ProviderName: `cognito-idp.eu-west-1.amazonaws.com/${OWN_AWAY}`,
      ClientId: clientId,
      ServerSideTokenCheck: false,
    });
    // The forwarder forwards nothing within the home, so an event there starts one execution.
    const atHome = await world.createAppClient(OWN);
    (await world.executionFor(atHome)).result();
    await world.local.aws.buses.settled();
    const started = (await world.executions()).filter(({ input }) => input?.includes(atHome));
    assert.equal(started.length, 1);
  });

  test('a client of another account is linked, and unlinked, if a link names its user pool with a role there', async () => {
    const isAbroad = ({ ProviderName }: { ProviderName?: string | undefined }) =>
      ProviderName!.endsWith(ABROAD);
    const unlinked = async (clientId: string): Promise<Ended> => {
      for (;;) {
        const about = (await world.executions()).filter(({ input }) => input?.includes(clientId));
        const unlink = about.find(({ input }) => input?.includes('"unlink"'));
        if (unlink) return unlink;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    };
    for (const userPoolId of [ABROAD, ABROAD_AWAY]) {
      const clientId = await abroad.createAppClient(userPoolId);
      const { results, requestedBy } = (await world.executionFor(clientId)).result();
      assert.equal(results[0]!.outcome, 'LINKED');
      assert.deepEqual(results[0]!.links, ['abroad']);
      assert.equal(requestedBy.account, ACCOUNT_D);
      assert.equal((await entries()).at(-1)!.ClientId, clientId);
    }
    const [clientId] = (await entries()).filter(isAbroad).map(({ ClientId }) => ClientId!);
    await abroad
      .client(CognitoIdentityProviderClient, abroad.home)
      .send(new DeleteUserPoolClientCommand({ UserPoolId: ABROAD, ClientId: clientId }));
    assert.equal((await unlinked(clientId!)).result().results[0]!.outcome, 'UNLINKED');
    const uncovered = await abroad.createAppClient(UNCOVERED);
    const { results, notCovered } = (await world.executionFor(uncovered)).result();
    assert.deepEqual(results, []);
    assert.match(
      notCovered!,
      /^No link .* of the user pool us-east-1_Abroad004 of account 6{12}\./,
    );
    assert.deepEqual(await undelivered(ACCOUNT_D), []);
  });

  test('events about user pools count only from the account that owns them', async () => {
    const leaving = await silently(world, LEAVING);
    (await world.run({ userPoolId: LEAVING, clientId: leaving })).result();
    const before = await entries();
    const own = await executionAfter(ACCOUNT_D, 'CreateUserPoolClient', OWN, 'ofanotheraccount');
    assert.match(own!.result().notCovered!, /_Mobile001 of account 6{12}\./);
    const theirs = await executionAfter(ACCOUNT_A, 'CreateUserPoolClient', ABROAD, 'ofouraccount');
    assert.match(theirs!.result().notCovered!, /the user pool us-east-1_Abroad001\./);
    for (const eventName of ['DeleteUserPoolClient', 'DeleteUserPool'] as const) {
      const deletion = await executionAfter(ACCOUNT_D, eventName, LEAVING, leaving);
      assert.match(deletion!.result().notCovered!, /_Leaving01 of account 6{12}\./);
    }
    // The bus accepts its events, but no link names a user pool of this account.
    assert.equal(
      await executionAfter(ACCOUNT_E, 'CreateUserPoolClient', ABROAD, 'ofathird'),
      undefined,
    );
    assert.deepEqual(await undelivered(ACCOUNT_E), []);
    assert.equal(
      await executionAfter(ACCOUNT_F, 'CreateUserPoolClient', ABROAD, 'ofnobody'),
      undefined,
    );
    assert.deepEqual(await undelivered(ACCOUNT_F), ['NO_PERMISSIONS']);
    assert.deepEqual(await entries(), before);
  });

  test('an account that forwards events can not forge CloudTrail events or request links', async () => {
    const events = world.client(EventBridgeClient, { account: ACCOUNT_D, region: 'us-east-1' });
    const clientId = await silently(abroad, ABROAD);
    const Detail = JSON.stringify({ userPoolId: ABROAD, clientId });
    const asked = { Source: 'poolbridge', DetailType: 'LinkRequested', Detail };
    const forged = {
      Source: 'aws.cognito-idp',
      DetailType: 'AWS API Call via CloudTrail',
      Detail,
    };
    const put = (entry: object) => events.send(new PutEventsCommand({ Entries: [entry] }));
    for (const entry of [asked, forged]) {
      await assert.rejects(put({ ...entry, EventBusName: HomeBusArn }), {
        name: 'AccessDeniedException',
      });
    }
    const { Entries } = await put(forged);
    assert.equal(Entries![0]!.ErrorCode, 'NotAuthorizedForSourceException');
    // Through a rule, with the role of its forwarder.
    const { roles } = world.local.aws.iam;
    const RoleArn = [...roles.keys()].find((arn) => arn.includes(`${ACCOUNT_D}:role/poolbridge-f`));
    const EventPattern = JSON.stringify({ source: ['poolbridge'] });
    await events.send(new PutRuleCommand({ Name: 'asks', EventPattern }));
    const target = { Id: 'home', Arn: HomeBusArn, RoleArn };
    await events.send(new PutTargetsCommand({ Rule: 'asks', Targets: [target] }));
    const isReceived = async () => {
      await world.local.aws.buses.settled();
      return (await world.executions()).some(({ input }) => input?.includes(clientId));
    };
    await put(asked);
    assert.equal(await isReceived(), false);
    // Not even if another policy statement opens the bus to that account.
    const home = world.client(EventBridgeClient, HOME);
    const permission = { Action: 'events:PutEvents', Principal: ACCOUNT_D, StatementId: 'all' };
    await home.send(new PutPermissionCommand(permission));
    await put(asked);
    await put({ ...asked, EventBusName: HomeBusArn });
    assert.equal(await isReceived(), false);
    await home.send(new PutEventsCommand({ Entries: [asked] }));
    assert.equal(await isReceived(), true);
    assert.equal((await world.executionFor(clientId)).result().results[0]!.outcome, 'LINKED');
  });

  test('a request by hand lists the app clients through the role there, in a session for one user pool that names the execution', async () => {
    const { records } = world.local.aws.trail;
    const from = records.length;
    const clientId = await silently(abroad, ABROAD_AWAY);
    const ended = await world.run({ userPoolId: ABROAD_AWAY, clientId }, 'abroad');
    assert.equal(ended.result().results[0]!.outcome, 'LINKED');
    const [asked] = records
      .slice(from)
      .map(({ requestParameters }) => requestParameters as Record<string, string>)
      .filter((parameters) => parameters?.['roleArn'] === READER);
    assert.equal(asked!['durationSeconds'], '900');
    assert.match(asked!['sourceIdentity']!, /^abroad-[0-9a-f]{8}$/);
    assert.equal(asked!['roleSessionName'], asked!['sourceIdentity']);
    assert.deepEqual(JSON.parse(asked!['policy']!).Statement, [
      {
        Effect: 'Allow',
        Action: 'cognito-idp:ListUserPoolClients',
        Resource: `arn:aws:cognito-idp:eu-west-1:${ACCOUNT_D}:userpool/${ABROAD_AWAY}`,
      },
    ]);
    const invented = await world.run({ userPoolId: ABROAD, clientId: 'doesnotexist' });
    assert.equal(invented.error, 'UserPoolClientNotFoundError');
  });

  test('a refusal of the other account names role, account and template', async () => {
    const clientId = await silently(abroad, UNREADABLE, 'app-x');
    const ended = await world.run({ userPoolId: UNREADABLE, clientId });
    assert.equal(ended.error, 'UserPoolAccessDeniedError');
    const { message } = ended.failure();
    assert.match(
      message,
      /^Account 6{12} refused the role arn:aws:iam::6{12}:role\/poolbridge-read: /,
    );
    assert.match(
      message,
      /\. Deploy resources\/user-pool-account\.yml there .* us-east-1_Abroad003 /,
    );
    // The link depends on the name, so the name in a CloudTrail event is checked too.
    const started = await executionAfter(ACCOUNT_D, 'CreateUserPoolClient', UNREADABLE, clientId);
    assert.equal((await world.ended(started!.executionArn)).error, 'UserPoolAccessDeniedError');
  });

  test('a write for other requests reads their user pools through the role, and a refusal does not delay it', async () => {
    const wait = (userPoolId: string, clientId: string) => {
      const key = createHash('sha256').update(clientId).digest('hex').slice(0, 32);
      const execution = `${world.machineArn.replace(':stateMachine:', ':execution:')}:${clientId}`;
      const body = JSON.stringify({ key, execution, operation: 'link', userPoolId, clientId });
      const expiresAt = { N: String(Date.now() + 3_600_000) };
      const ids = { pk: { S: pools.mobile }, sk: { S: `pending#${key}` } };
      return world.local.aws.tables.ask(HOME, 'PutItem', {
        TableName: 'poolbridge-dev',
        Item: { ...ids, ticket: { N: '0' }, body: { S: body }, expiresAt },
      });
    };
    const readable = await silently(abroad, ABROAD);
    const unreadable = await silently(abroad, UNREADABLE, 'app-y');
    await wait(ABROAD, readable);
    await wait(UNREADABLE, unreadable);
    const own = await silently(world, OWN);
    const { results } = (await world.run({ userPoolId: OWN, clientId: own })).result();
    assert.equal(results[0]!.outcome, 'LINKED');
    const clients = (await entries()).map(({ ClientId }) => ClientId);
    assert.deepEqual(
      [own, readable, unreadable].map((each) => clients.includes(each)),
      [true, true, false],
    );
  });

  test('reconcile reads them through the role too, and a user pool that it may not read delays no other', async () => {
    const readable = await silently(abroad, ABROAD);
    const unreadable = await silently(abroad, UNREADABLE, 'app-z');
    const input = { link: 'abroad', repair: true };
    const { error, cause } = await world.run(input, undefined, world.reconcileArn);
    assert.equal(error, 'UserPoolNotListedError');
    const { message, totals } = JSON.parse(cause!);
    assert.match(
      message,
      /^The app clients of the user pool us-east-1_Abroad003 could not be listed/,
    );
    assert.match(message, /Deploy resources\/user-pool-account\.yml there/);
    assert.equal(totals.repaired.linked, 1);
    const clients = (await entries()).map(({ ClientId }) => ClientId);
    assert.deepEqual(
      [readable, unreadable].map((each) => clients.includes(each)),
      [true, false],
    );
  });
});
