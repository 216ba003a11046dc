import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { strToU8, zipSync } from 'fflate';
import { type LocalAws, startAws } from '../../../index.ts';
import { deployStack } from '../../../kernel/cloudformation.ts';
import { until } from '../../../test/until.ts';

const code = `
let calls = 0;
exports.handler = async (event, context) => {
  calls++;
  if (event.throw) throw Object.assign(new Error('why'), { name: 'OwnError' });
  if (event.exit) process.exit(3);
  if (event.sleep) await new Promise((resolve) => setTimeout(resolve, event.sleep));
  if (event.say) console.log(event.say);
  return { calls, env: process.env, left: context.getRemainingTimeInMillis(), arn: context.invokedFunctionArn };
};
`;

describe('a function', () => {
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-zip-'));
  let local: LocalAws;
  let lambda: LambdaClient;

  before(async () => {
    local = await startAws();
    writeFileSync(join(folder, 'it.zip'), zipSync({ 'src/it.js': strToU8(code) }));
    local.aws.functions.artifacts = folder;
    const home = { account: '111111111111', region: 'us-east-1' };
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    };
    const trust = { Version: '2012-10-17', Statement: [statement] };
    const fn = (FunctionName: string, more: object = {}) => ({
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName,
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Runtime: 'nodejs24.x',
        Handler: 'src/it.handler',
        Code: { S3Bucket: 'any', S3Key: 'some/where/it.zip' },
        Timeout: 1,
        Environment: { Variables: { OWN: 'value' } },
        ...more,
      },
    });
    await deployStack(local.aws, {
      ...home,
      name: 'functions',
      template: {
        Resources: {
          Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust } },
          Log: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/lambda/it' } },
          It: fn('it'),
          Other: fn('other'),
          Missing: fn('missing', { Handler: 'src/it.nothing' }),
        },
      },
    });
    const credentials = { accessKeyId: home.account, secretAccessKey: 'any' };
    lambda = new LambdaClient({ endpoint: local.endpoint, region: home.region, credentials });
  });
  after(async () => {
    await local.close();
    rmSync(folder, { recursive: true });
  });

  const invoke = async (event: object, FunctionName = 'it') => {
    const { Payload, FunctionError } = await lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }),
    );
    return { answer: JSON.parse(Buffer.from(Payload!).toString()), FunctionError };
  };

  test('keeps its memory while it is warm, and shares it with no concurrent environment', async () => {
    const first = await invoke({});
    const second = await invoke({});
    assert.equal(second.answer.calls, first.answer.calls + 1);
    const beside = await Promise.all([
      invoke({ sleep: 700 }, 'other'),
      invoke({ sleep: 700 }, 'other'),
    ]);
    assert.deepEqual(
      beside.map(({ answer }) => answer.calls),
      [1, 1],
    );
  });

  test('gets its own environment and its role’s credentials, but no environment of this process', async () => {
    process.env['OF_THIS_PROCESS'] = 'x';
    const { answer } = await invoke({});
    delete process.env['OF_THIS_PROCESS'];
    assert.equal(answer.env.OWN, 'value');
    assert.equal(answer.env.AWS_REGION, 'us-east-1');
    assert.equal(answer.env.AWS_ENDPOINT_URL, local.endpoint);
    assert.match(answer.env.AWS_ACCESS_KEY_ID, /^ASIA/);
    assert.ok(!('OF_THIS_PROCESS' in answer.env));
    assert.ok(!('PATH' in answer.env));
    assert.ok(answer.left > 0 && answer.left <= 1000);
    assert.equal(answer.arn, 'arn:aws:lambda:us-east-1:111111111111:function:it');
  });

  test('that throws answers with the error’s name and message', async () => {
    const { answer, FunctionError } = await invoke({ throw: true });
    assert.equal(FunctionError, 'Unhandled');
    assert.equal(answer.errorType, 'OwnError');
    assert.equal(answer.errorMessage, 'why');
  });

  test('that exceeds its timeout is stopped, and restarts on the next call', async () => {
    await invoke({});
    const { answer } = await invoke({ sleep: 5000 });
    assert.equal(answer.errorType, 'Sandbox.Timedout');
    assert.match(
      answer.errorMessage,
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/,
    );
    assert.equal((await invoke({})).answer.calls, 1);
  });

  test('that exits answers Runtime.ExitError, and restarts on the next call', async () => {
    const { answer } = await invoke({ exit: true });
    assert.equal(answer.errorType, 'Runtime.ExitError');
    assert.equal((await invoke({})).answer.calls, 1);
  });

  test('without its handler answers Runtime.HandlerNotFound', async () => {
    const { answer } = await invoke({}, 'missing');
    assert.equal(answer.errorType, 'Runtime.HandlerNotFound');
    assert.match(answer.errorMessage, /src\/it\.nothing is undefined or not exported/);
  });

  test('beyond the account’s concurrency is throttled', async () => {
    local.aws.functions.concurrency = 1;
    const first = invoke({ sleep: 900 });
    await until(() => local.aws.functions.all().some(({ busy }) => busy.size > 0));
    const credentials = { accessKeyId: '111111111111', secretAccessKey: 'any' };
    const once = new LambdaClient({
      endpoint: local.endpoint,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
    });
    await assert.rejects(once.send(new InvokeCommand({ FunctionName: 'other' })), {
      name: 'TooManyRequestsException',
    });
    await first;
    local.aws.functions.concurrency = 1000;
  });

  test('writes its output to its log group', async () => {
    await invoke({ say: 'hello there' });
    const logs = new CloudWatchLogsClient({
      endpoint: local.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: '111111111111', secretAccessKey: 'any' },
    });
    const group = local.aws.logGroups.all().find(({ name }) => name === '/aws/lambda/it')!;
    await until(() => group.events.some(({ message }) => message.includes('hello there')));
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({
        logGroupName: '/aws/lambda/it',
        filterPattern: '"hello there"',
      }),
    );
    assert.deepEqual(
      events.map(({ message }) => message),
      ['hello there'],
    );
  });

  test('that does not exist is not found', async () => {
    await assert.rejects(invoke({}, 'unknown'), { name: 'ResourceNotFoundException' });
  });

  test('is listed in its account and Region', async () => {
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
    assert.deepEqual(Functions.map(({ FunctionName }) => FunctionName).sort(), [
      'it',
      'missing',
      'other',
    ]);
  });

  test('is invoked without waiting for it, also by a rule of EventBridge', async () => {
    const sent = await lambda.send(
      new InvokeCommand({
        FunctionName: 'it',
        InvocationType: 'Event',
        Payload: JSON.stringify({ say: 'invoked later' }),
      }),
    );
    assert.equal(sent.StatusCode, 202);
    const home = { account: '111111111111', region: 'us-east-1' };
    const trusted = { Service: 'events.amazonaws.com' };
    const trust = [{ Effect: 'Allow', Principal: trusted, Action: 'sts:AssumeRole' }];
    const may = (Resource: string) => [
      { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource },
    ];
    const role = (Resource: string) => ({
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: trust },
        Policies: [
          { PolicyName: 'p', PolicyDocument: { Version: '2012-10-17', Statement: may(Resource) } },
        ],
      },
    });
    const it = 'arn:aws:lambda:us-east-1:111111111111:function:it';
    const rule = (Role: string, say: string) => ({
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['app'] },
        Targets: [
          {
            Id: 'it',
            Arn: it,
            RoleArn: { 'Fn::GetAtt': [Role, 'Arn'] },
            Input: JSON.stringify({ say }),
          },
        ],
      },
    });
    await deployStack(local.aws, {
      ...home,
      name: 'rules',
      template: {
        Resources: {
          May: role(it),
          MayNot: role(`${it}-other`),
          Allowed: rule('May', 'invoked by a rule'),
          Denied: rule('MayNot', 'invoked without permission'),
        },
      },
    });
    const event = { source: 'app', 'detail-type': 'x', resources: [], detail: {} };
    local.aws.emit(home.account, home.region, { ...event, time: '2026-01-02T03:04:05Z' });
    await local.aws.buses.settled();
    const credentials = { accessKeyId: home.account, secretAccessKey: 'any' };
    const { endpoint } = local;
    const logs = new CloudWatchLogsClient({ endpoint, region: home.region, credentials });
    const said = async () => {
      const command = new FilterLogEventsCommand({ logGroupName: '/aws/lambda/it' });
      const { events = [] } = await logs.send(command);
      return events.map(({ message }) => message).join('');
    };
    await until(async () => /invoked later/.test(await said()));
    await until(async () => /invoked by a rule/.test(await said()));
    assert.doesNotMatch(await said(), /without permission/);
  });
});
