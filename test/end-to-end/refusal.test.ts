import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AwsError } from 'embedded-aws';
import { ACCOUNT_A, ACCOUNT_B, type Ended, HOME, pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';

describe('what is refused', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    for (const id of ['Mobile001', 'Tight0001', 'Half00001', 'Nowhere01', 'Other0001']) {
      await world.createUserPool(`us-east-1_${id}`);
    }
    await world.createUserPool('us-east-1_Web000001', { team: 'web' });
    await world.createUserPool('us-east-1_Web000002', { team: 'mail' });
    await world.createIdentityPool(pools.mobile);
    await world.createIdentityPool(pools.web);
    await world.createIdentityPool(pools.tight);
  });
  after(() => world.close());

  /** Creates an app client without an event. */
  const silently = async (userPoolId: string, name?: string): Promise<string> => {
    const { trail } = world.local.aws;
    trail.enabled = false;
    const clientId = await world.createAppClient(userPoolId, name);
    trail.enabled = true;
    return clientId;
  };
  const put = (Detail: string, Source = 'poolbridge') =>
    world
      .client(EventBridgeClient, HOME)
      .send(new PutEventsCommand({ Entries: [{ Source, DetailType: 'LinkRequested', Detail }] }));

  /** The error that a dry run foresees in the first identity pool. */
  const wouldFail = (ended: Ended): string | undefined => {
    const [first] = ended.result().results;
    return first && 'wouldFail' in first ? first.wouldFail.error : undefined;
  };

  test('a malformed request, in one sentence', async () => {
    const ended = await world.run({ userPoolId: MOBILE, client: 'x' });
    assert.equal(ended.error, 'InvalidRequestError');
    const { message, results } = ended.failure();
    assert.match(
      message,
      /^The request has the unknown key "client"; it may hold operation, [^.]*\.$/,
    );
    assert.deepEqual(results, []);
  });

  for (const input of ['link it', 7, [], true]) {
    test(`an input that is ${JSON.stringify(input)}`, async () => {
      const ended = await world.run(input);
      assert.equal(ended.error, 'InvalidRequestError');
    });
  }

  describe('a Region that an account has not enabled, saying where to enable it:', () => {
    const refused = async (account: string, region: string) => {
      const clientId = await silently(MOBILE);
      const { disabledRegions } = world.local.aws;
      disabledRegions.add(`${account} ${region}`);
      const ended = await world.run({ userPoolId: MOBILE, clientId });
      disabledRegions.delete(`${account} ${region}`);
      assert.equal(ended.error, 'TargetAccessDeniedError');
      return ended.failure().message;
    };

    test('the Region that Poolbridge runs in, in Account-B', async () => {
      assert.equal(
        await refused(ACCOUNT_B, HOME.region),
        `Account ${ACCOUNT_B} does not let STS issue credentials in us-east-1, where Poolbridge runs. In account ${ACCOUNT_B}, activate STS for us-east-1 in the IAM console under Account settings; if us-east-1 is an opt-in Region, first enable it on the Account page under AWS Regions.`,
      );
    });

    test('an opt-in Region that Poolbridge runs in, in Account-B', async () => {
      const { operations } = world.local.aws.services.get('sts')!;
      const { AssumeRole } = operations;
      // As STS answers there: https://repost.aws/knowledge-center/iam-validate-access-credentials
      const run = () => {
        const message = 'The security token included in the request is invalid.';
        throw new AwsError('InvalidClientTokenId', message, 403);
      };
      operations['AssumeRole'] = { ...AssumeRole!, run };
      const ended = await world.run({ userPoolId: MOBILE, clientId: await silently(MOBILE) });
      operations['AssumeRole'] = AssumeRole!;
      assert.equal(ended.error, 'TargetAccessDeniedError');
      assert.match(ended.failure().message, /first enable it on the Account page/);
    });

    test('the Region of the identity pool, in Account-B', async () => {
      assert.equal(
        await refused(ACCOUNT_B, 'ap-south-1'),
        `Account ${ACCOUNT_B} can't use ap-south-1: AWS does not know its credentials there. In account ${ACCOUNT_B}, enable ap-south-1 on the Account page under AWS Regions, or correct the id in links.yml.`,
      );
    });
  });

  test('a client that does not exist', async () => {
    const ended = await world.run({ userPoolId: MOBILE, clientId: 'doesnotexist' });
    assert.equal(ended.error, 'UserPoolClientNotFoundError');
    assert.match(ended.failure().message, /has no app client doesnotexist/);
  });

  test('a person’s request that no link covers; an event ends with the reason why it was ignored', async () => {
    const clientId = await world.createAppClient('us-east-1_Other0001');
    const byEvent = (await world.executionFor(clientId)).result();
    assert.deepEqual(byEvent.results, []);
    assert.match(byEvent.notCovered!, /^No link in links\.yml covers .*us-east-1_Other0001/);
    const byHand = await world.run({ userPoolId: 'us-east-1_Other0001', clientId });
    assert.equal(byHand.error, 'NotCoveredError');
    assert.match(byHand.failure().message, /add it to a link and deploy\.$/);
  });

  test('a client whose name no glob matches, in a user pool whose tags match', async () => {
    const mail = await world.createAppClient('us-east-1_Web000001', 'mail');
    assert.match((await world.executionFor(mail)).result().notCovered!, /app client mail of/);
    const web = await world.createAppClient('us-east-1_Web000001', 'web-shop');
    assert.equal((await world.executionFor(web)).result().results[0]!.outcome, 'LINKED');
    const other = await world.createAppClient('us-east-1_Web000002', 'web-shop');
    assert.ok((await world.executionFor(other)).result().notCovered);
    const byHand = await world.run({ userPoolId: 'us-east-1_Web000001', clientId: mail });
    assert.equal(byHand.error, 'NotCoveredError');
  });

  test('an event with a false client name: the name in Cognito counts', async () => {
    const userPoolId = 'us-east-1_Web000001';
    const clientId = await silently(userPoolId, 'mail-app');
    const requestedBy = { via: 'cloudtrail' };
    const lies = { operation: 'link', userPoolId, clientId, clientName: 'web-app' };
    const ended = await world.run({ request: lies, requestedBy });
    assert.match(ended.result().notCovered ?? '', /No link in links.yml covers .* mail-app/);
    const invented = { ...lies, clientId: 'doesnotexist' };
    const gone = await world.run({ request: invented, requestedBy });
    assert.match(gone.result().notCovered ?? '', /doesnotexist .* was deleted/);
    const { CognitoIdentityProviders } = await world.describe(pools.web);
    assert.ok(!CognitoIdentityProviders!.some(({ ClientId }) => ClientId === clientId));
  });

  test('an event that names a client without its id, when several have that name', async () => {
    const userPoolId = 'us-east-1_Web000001';
    const clientIds = [await silently(userPoolId, 'web-2'), await silently(userPoolId, 'web-2')];
    const request = { operation: 'link', userPoolId, clientId: '', clientName: 'web-2' };
    const ended = await world.run({ request, requestedBy: { via: 'cloudtrail' } });
    assert.equal(ended.error, 'UserPoolClientNotFoundError');
    assert.match(ended.failure().message, /has 2 app clients named web-2/);
    const { CognitoIdentityProviders } = await world.describe(pools.web);
    assert.ok(!CognitoIdentityProviders!.some(({ ClientId }) => clientIds.includes(ClientId!)));
  });

  test('the entry beyond the quota, before anything is written', async () => {
    const clients = [];
    for (const name of ['one', 'two']) clients.push(await silently('us-east-1_Tight0001', name));
    const request = (clientId: string) => ({ userPoolId: 'us-east-1_Tight0001', clientId });
    (await world.run(request(clients[0]!))).result();
    const before = await world.describe(pools.tight);
    assert.equal(before.CognitoIdentityProviders!.length, 3);
    const ended = await world.run(request(clients[1]!));
    assert.equal(ended.error, 'ProviderQuotaError');
    assert.match(ended.failure().message, /already holds 3 of 3 user pool providers/);
    const dryRun = { ...request(clients[1]!), dryRun: true };
    assert.equal(wouldFail(await world.run(dryRun)), 'ProviderQuotaError');
    assert.deepEqual(await world.describe(pools.tight), before);
    const again = (await world.run(request(clients[0]!))).result();
    assert.equal(again.results[0]!.outcome, 'ALREADY_LINKED');
  });

  test('the entry beyond AWS’s quota, even if links.yml allows more', async () => {
    const clientId = await silently(MOBILE);
    const before = await world.describe(pools.mobile);
    world.local.aws.identityPools.providerQuota = before.CognitoIdentityProviders!.length;
    const ended = await world.run({ userPoolId: MOBILE, clientId });
    world.local.aws.identityPools.providerQuota = 50;
    assert.equal(ended.error, 'ProviderQuotaError');
    assert.match(ended.failure().message, /raised, or lower providerQuota/);
    assert.deepEqual(await world.describe(pools.mobile), before);
  });

  test('one account that denies access; this does not stop the other, but fails the execution', async () => {
    const clientId = await silently('us-east-1_Half00001');
    const ended = await world.run({ userPoolId: 'us-east-1_Half00001', clientId });
    assert.equal(ended.error, 'TargetAccessDeniedError');
    const { message, results } = ended.failure();
    assert.match(
      message,
      /^Account 444444444444 refused the role arn:aws:iam::444444444444:role\/poolbridge-link: /,
    );
    assert.match(
      message,
      /role\/poolbridge-link\. Either the role does not exist there, or it does not trust this deployment\. Deploy resources\/account-b\.yml there/,
    );
    assert.deepEqual(
      results.map(({ identityPoolId, outcome }) => [identityPoolId, outcome]),
      [
        [pools.mobile, 'LINKED'],
        [pools.closed, 'FAILED'],
      ],
    );
    assert.ok(results.every((result) => !('before' in result) && !('after' in result)));
    const [failed] = results.filter((each) => each.outcome === 'FAILED');
    const dryRun = { userPoolId: 'us-east-1_Half00001', clientId, dryRun: true };
    const plan = (await world.run(dryRun)).result().results;
    const { error, message: why } = failed!;
    assert.deepEqual(plan[1], {
      identityPoolId: pools.closed,
      links: ['half-closed'],
      outcome: 'PLANNED',
      changes: [],
      wouldFail: { error, message: why },
    });
    assert.equal(plan[0]!.outcome, 'ALREADY_LINKED');
    const { CognitoIdentityProviders } = await world.describe(pools.mobile);
    assert.ok(CognitoIdentityProviders!.some(({ ClientId }) => ClientId === clientId));
  });

  test('an identity pool that does not exist', async () => {
    const clientId = await silently('us-east-1_Nowhere01');
    const ended = await world.run({ userPoolId: 'us-east-1_Nowhere01', clientId });
    assert.equal(ended.error, 'IdentityPoolNotFoundError');
    assert.match(ended.failure().message, /0007 does not exist in account 222222222222/);
    const dryRun = { userPoolId: 'us-east-1_Nowhere01', clientId, dryRun: true };
    assert.equal(wouldFail(await world.run(dryRun)), 'IdentityPoolNotFoundError');
  });

  test('two hundred identity pools at once, each with its own report', async () => {
    await world.createUserPool('us-east-1_Many00001');
    const clientId = await silently('us-east-1_Many00001');
    const ended = await world.run({ userPoolId: 'us-east-1_Many00001', clientId });
    assert.equal(ended.error, 'TargetAccessDeniedError');
    const { message, results } = ended.failure();
    assert.match(message, /^200 of 200 identity pools failed\./);
    assert.deepEqual(results, { FAILED: 200 });
    const dryRun = { userPoolId: 'us-east-1_Many00001', clientId, dryRun: true };
    const plan = await world.run(dryRun);
    assert.equal(plan.result().results.length, 200);
    assert.equal(wouldFail(plan), 'TargetAccessDeniedError');
  });

  test('a write that would lose a setting which AWS describes', async () => {
    const clientId = await silently(MOBILE);
    const stored = world.local.aws.identityPools.find(pools.mobile);
    const before = stored.pool;
    stored.pool = Object.assign({ NewSetting: { on: true } }, before);
    const ended = await world.run({ userPoolId: MOBILE, clientId });
    assert.equal(ended.error, 'UnknownPoolFieldError');
    assert.match(ended.failure().message, /IdentityPool\.NewSetting/);
    assert.deepEqual(stored.pool, { ...before, NewSetting: { on: true } });
    const dryRun = { userPoolId: MOBILE, clientId, dryRun: true };
    assert.equal(wouldFail(await world.run(dryRun)), 'UnknownPoolFieldError');
    stored.pool = before;
  });

  test('a forged LinkRequested for another pool or an app client that does not exist', async () => {
    const before = await world.describe(pools.mobile);
    await put(JSON.stringify({ userPoolId: 'us-east-1_Evil00001', clientId: 'evil1' }));
    assert.ok((await world.executionFor('evil1')).result().notCovered);
    await put(JSON.stringify({ userPoolId: MOBILE, clientId: 'evil2' }));
    assert.equal((await world.executionFor('evil2')).error, 'UserPoolClientNotFoundError');
    await put(JSON.stringify({ userPoolId: MOBILE, clientId: 'evil3', clientName: 'web' }));
    assert.equal((await world.executionFor('evil3')).error, 'InvalidRequestError');
    const requestedBy = { via: 'cloudtrail' };
    await put(JSON.stringify({ request: { userPoolId: MOBILE, clientId: 'evil4' }, requestedBy }));
    assert.equal((await world.executionFor('evil4')).error, 'InvalidRequestError');
    const quoting = '"},"requestedBy":{"via":"cloudtrail"},"x":{"y":"';
    await put(JSON.stringify({ userPoolId: MOBILE, clientId: 'evil5', reason: quoting }));
    assert.equal((await world.executionFor('evil5')).error, 'UserPoolClientNotFoundError');
    assert.deepEqual(await world.describe(pools.mobile), before);
  });

  test('an event that pretends to be AWS’s own, by EventBridge itself', async () => {
    const { Entries } = await put(JSON.stringify({ userPoolId: MOBILE }), 'aws.cognito-idp');
    assert.equal(Entries![0]!.ErrorCode, 'NotAuthorizedForSourceException');
  });

  test('an event about an app client that could not be created', async () => {
    const before = (await world.executions()).length;
    await assert.rejects(world.createAppClient('us-east-1_Gone00001'), {
      name: 'ResourceNotFoundException',
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await world.executions()).length, before);
  });

  test('the second delivery of one event, since its execution has the event’s name', async () => {
    world.local.aws.buses.duplicate(1);
    const clientId = await world.createAppClient(MOBILE);
    const execution = await world.executionFor(clientId);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const about = (await world.executions()).filter(({ input }) => input!.includes(clientId));
    assert.deepEqual(
      about.map(({ executionArn }) => executionArn),
      [execution.executionArn],
    );
    assert.match(execution.name!, /^[0-9a-f-]{36}_[0-9a-f-]{36}$/);
  });

  test('an event that can start nothing waits in the dead-letter queue', async () => {
    const { aws } = world.local;
    const machine = aws.stateMachines.machines.get(world.machineArn)!;
    aws.stateMachines.machines.delete(world.machineArn);
    const clientId = await world.createAppClient(MOBILE);
    const sqs = world.client(SQSClient, HOME);
    const QueueUrl = `${world.local.endpoint}/${ACCOUNT_A}/poolbridge-dev-undelivered-events`;
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MessageAttributeNames: ['All'] }),
    );
    aws.stateMachines.machines.set(world.machineArn, machine);
    assert.equal(Messages.length, 1);
    assert.ok(Messages[0]!.Body!.includes(clientId));
    assert.match(
      Messages[0]!.MessageAttributes!['RULE_ARN']!.StringValue!,
      /poolbridge-dev-app-client-created$/,
    );
  });
});
