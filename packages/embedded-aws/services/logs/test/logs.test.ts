import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogs, type FilterLogEventsRequest } from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { strToU8, zipSync } from 'fflate';
import { deployStack, type LocalAws, startAws } from '../../../index.ts';
import { parsePolicy } from '../../../kernel/iam.ts';
import { until } from '../../../test/until.ts';

const ACCOUNT = '111111111111';
const REGION = 'us-east-1';
const GROUP = '/aws/lambda/writer';
const ARN = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${GROUP}`;
const LINES = [
  'first line of text',
  'second line',
  '{"level":"ERROR","name":"LinkError","count":1}',
  '{"level":"INFO","name":"LinkResult"}',
  '{"level":"INFO","name":"Other"}',
];

describe('log groups', () => {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-aws-zip-'));
  let local: LocalAws;
  let logs: CloudWatchLogs;

  const clientOf = (accessKeyId: string, region = REGION, more: object = {}) =>
    new CloudWatchLogs({
      endpoint: local.endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey: 'any', ...more },
      maxAttempts: 1,
    });

  before(async () => {
    local = await startAws({ trail: false });
    const code = 'exports.handler = async (lines) => lines.forEach((line) => console.log(line));';
    writeFileSync(join(folder, 'writer.zip'), zipSync({ 'index.js': strToU8(code) }));
    local.aws.functions.artifacts = folder;
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    };
    const AssumeRolePolicyDocument = { Version: '2012-10-17', Statement: [statement] };
    await deployStack(local.aws, {
      name: 'stack',
      account: ACCOUNT,
      region: REGION,
      template: {
        Resources: {
          Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument } },
          Group: {
            Type: 'AWS::Logs::LogGroup',
            Properties: { LogGroupName: GROUP, RetentionInDays: 30 },
          },
          Writer: {
            Type: 'AWS::Lambda::Function',
            Properties: {
              FunctionName: 'writer',
              Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
              Runtime: 'nodejs24.x',
              Handler: 'index.handler',
              Code: { S3Bucket: 'any', S3Key: 'writer.zip' },
            },
          },
        },
      },
    });
    logs = clientOf(ACCOUNT);
    const lambda = new LambdaClient({
      endpoint: local.endpoint,
      region: REGION,
      credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'any' },
    });
    const Payload = JSON.stringify(LINES);
    await lambda.send(new InvokeCommand({ FunctionName: 'writer', Payload }));
    const group = local.aws.logGroups.find(ARN);
    await until(() => group?.events.some(({ message }) => message === LINES.at(-1)) ?? false);
  });
  after(async () => {
    await local.close();
    rmSync(folder, { recursive: true });
  });

  const found = async (more: Partial<FilterLogEventsRequest>) => {
    const { events = [] } = await logs.filterLogEvents({ logGroupName: GROUP, ...more });
    return events.map(({ message }) => message);
  };

  test('contain the lines that a function writes, in one stream per execution environment', async () => {
    const { events = [] } = await logs.filterLogEvents({ logGroupName: GROUP });
    const written = events.filter(({ message = '' }) => LINES.includes(message));
    assert.deepEqual(
      written.map(({ message }) => message),
      LINES,
    );
    const streams = new Set(events.map(({ logStreamName }) => logStreamName));
    assert.equal(streams.size, 1);
    assert.match([...streams][0] ?? '', /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    assert.ok(events.some(({ message = '' }) => message.startsWith('START RequestId: ')));
  });

  test('are listed by prefix in their own account and Region', async () => {
    const logGroupNamePrefix = '/aws/lambda/';
    const { logGroups = [] } = await logs.describeLogGroups({ logGroupNamePrefix });
    assert.deepEqual(
      logGroups.map(({ logGroupName, retentionInDays, arn }) => [
        ...[logGroupName, retentionInDays, arn],
      ]),
      [[GROUP, 30, `${ARN}:*`]],
    );
    const none = await logs.describeLogGroups({ logGroupNamePrefix: '/aws/other' });
    assert.deepEqual(none.logGroups, []);
    for (const elsewhere of [clientOf('222222222222'), clientOf(ACCOUNT, 'eu-west-1')]) {
      assert.deepEqual((await elsewhere.describeLogGroups({})).logGroups, []);
    }
  });

  test('are filtered by words and quoted texts, which must all occur', async () => {
    assert.deepEqual(await found({ filterPattern: 'line' }), LINES.slice(0, 2));
    assert.deepEqual(await found({ filterPattern: 'line text' }), LINES.slice(0, 1));
    assert.deepEqual(await found({ filterPattern: '"second line"' }), LINES.slice(1, 2));
    assert.deepEqual(await found({ filterPattern: '"line second"' }), []);
  });

  test('are filtered by one member of JSON lines', async () => {
    assert.deepEqual(await found({ filterPattern: '{ $.level = "ERROR" }' }), LINES.slice(2, 3));
    assert.deepEqual(await found({ filterPattern: '{ $.name = "Link*" }' }), LINES.slice(2, 4));
    assert.deepEqual(await found({ filterPattern: '{ $.name = "Link" }' }), []);
    await assert.rejects(found({ filterPattern: '{ $.count = 1 }' }), {
      message: 'The embedded AWS does not support the filter pattern { $.count = 1 }.',
    });
  });

  test('are filtered by time, with an exclusive end', async () => {
    const { events = [] } = await logs.filterLogEvents({
      logGroupName: GROUP,
      filterPattern: '"first line"',
    });
    const time = events[0]?.timestamp ?? 0;
    const filterPattern = '"first line"';
    assert.equal((await found({ filterPattern, startTime: time, endTime: time + 1 })).length, 1);
    assert.equal((await found({ filterPattern, startTime: time + 1 })).length, 0);
    assert.equal((await found({ filterPattern, endTime: time })).length, 0);
  });

  test('are read in pages', async () => {
    const asked = { logGroupIdentifier: ARN, filterPattern: '{ $.level = "INFO" }', limit: 1 };
    const first = await logs.filterLogEvents(asked);
    const { nextToken } = first;
    assert.ok(nextToken);
    const second = await logs.filterLogEvents({ ...asked, nextToken });
    assert.equal(second.nextToken, undefined);
    const messages = [first, second].flatMap(({ events = [] }) =>
      events.map(({ message }) => message),
    );
    assert.deepEqual(messages, LINES.slice(3));
  });

  test('are refused if they do not exist or the caller’s policies do not allow them', async () => {
    await assert.rejects(found({ logGroupName: '/aws/lambda/unknown' }), {
      name: 'ResourceNotFoundException',
      message: 'The specified log group does not exist.',
    });
    const Statement = [
      { Effect: 'Allow', Action: 'logs:FilterLogEvents', Resource: `${ARN}-other:*` },
    ];
    const role = local.aws.iam.putRole({
      arn: `arn:aws:iam::${ACCOUNT}:role/reader`,
      name: 'reader',
      trust: parsePolicy({ Statement: [] }),
      policies: [parsePolicy({ Statement })],
    });
    const { session } = local.aws.iam.openSession(role, { name: 'test', seconds: 900 });
    const reader = clientOf(session.accessKeyId, REGION, { sessionToken: session.sessionToken });
    await assert.rejects(reader.filterLogEvents({ logGroupName: GROUP }), {
      name: 'AccessDeniedException',
    });
  });
});
