import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AwsError } from 'embedded-aws';
import { isFaulty } from '../../core/request/outcome.ts';
import { until } from '../until.ts';
import { pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';

describe('the end of an execution', () => {
  let world: World;
  let nextEvent: Awaited<ReturnType<World['listen']>>;

  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(MOBILE);
    await world.createIdentityPool(pools.mobile);
    nextEvent = await world.listen();
  });
  after(() => world.close());

  /** The metrics in the log of ReportOutcome, in CloudWatch's embedded format. */
  const metrics = (): Record<string, unknown>[] => {
    const group = world.local.aws.logGroups
      .all()
      .find(({ name }) => name === '/aws/lambda/poolbridge-dev-ReportOutcome')!;
    return group.events
      .map(({ message }) => message)
      .filter((message) => message.includes('CloudWatchMetrics'))
      .map((message) => JSON.parse(message));
  };

  test('is reported even if LinkFinished may not be published', async () => {
    const { operations } = world.local.aws.services.get('events')!;
    const { PutEvents } = operations;
    operations['PutEvents'] = {
      ...PutEvents!,
      run: () => {
        throw new AwsError('AccessDeniedException', 'not today');
      },
    };
    const clientId = await world.createAppClient(MOBILE);
    const ended = await world.run({ userPoolId: MOBILE, clientId });
    operations['PutEvents'] = PutEvents!;
    assert.equal(ended.result().results[0]!.outcome, 'LINKED');
    const entered = (await world.history(ended.executionArn)).map(
      ({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name,
    );
    assert.ok(entered.includes('ReportUnannounced'));
  });

  test('is published as a LinkFinished event, without the identity pool before and after', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const ended = await world.run({ userPoolId: MOBILE, clientId, reason: 'why' }, 'told');
    const event = await nextEvent();
    assert.equal(event.source, 'poolbridge');
    assert.deepEqual(event.resources, [ended.executionArn]);
    const [linked] = ended.result().results;
    assert.ok(linked && !isFaulty(linked));
    const { before: _, after: __, ...result } = linked;
    assert.deepEqual(event.detail, {
      executionArn: ended.executionArn,
      status: 'SUCCEEDED',
      operation: 'link',
      userPoolId: MOBILE,
      clientId,
      requestedBy: { via: 'person', reason: 'why' },
      results: [result],
    });
  });

  test('is also published if it failed, with its error and message', async () => {
    const ended = await world.run({ userPoolId: MOBILE, clientId: 'unknown' });
    const { detail } = await nextEvent();
    assert.deepEqual(detail, {
      executionArn: ended.executionArn,
      status: 'FAILED',
      error: 'UserPoolClientNotFoundError',
      message: ended.failure().message,
      results: [],
    });
  });

  test('is counted, in total and by link', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const before = metrics().length;
    const request = { userPoolId: MOBILE, clientId };
    for (const operation of ['link', 'link', 'unlink']) await world.run({ ...request, operation });
    await world.run({ ...request, clientId: 'unknown' });
    // The last log lines of a function arrive shortly after its answer.
    await until(() => metrics().length >= before + 7);
    const counted = metrics()
      .slice(before)
      .map(({ link, Linked, AlreadyLinked, Unlinked, Failed }) => {
        return { link, Linked, AlreadyLinked, Unlinked, Failed };
      });
    const of = (metric: string, link?: string) => ({
      link,
      Linked: undefined,
      AlreadyLinked: undefined,
      Unlinked: undefined,
      Failed: undefined,
      [metric]: 1,
    });
    assert.deepEqual(counted, [
      of('Linked'),
      of('Linked', 'mobile'),
      of('AlreadyLinked'),
      of('AlreadyLinked', 'mobile'),
      of('Unlinked'),
      of('Unlinked', 'mobile'),
      of('Failed'),
    ]);
    const [{ _aws: envelope }] = metrics() as [{ _aws: { CloudWatchMetrics: object[] } }];
    assert.deepEqual(envelope.CloudWatchMetrics, [
      {
        Namespace: 'Poolbridge',
        Dimensions: [['service']],
        Metrics: [{ Name: 'Linked', Unit: 'Count' }],
      },
    ]);
  });

  test('is logged by every step under the execution’s ARN', async () => {
    const clientId = await world.createAppClient(MOBILE);
    const { executionArn } = await world.run({ userPoolId: MOBILE, clientId });
    const said = (): Record<string, string>[] =>
      world.local.aws.logGroups
        .all()
        .filter(({ name }) => name.startsWith('/aws/lambda/'))
        .flatMap(({ events }) => events.map(({ message }) => message))
        .filter((message) => message.startsWith('{') && message.includes(executionArn))
        .map((line) => JSON.parse(line))
        .filter((line) => line.correlation_id === executionArn);
    await until(() => said().length >= 5);
    assert.deepEqual(
      said()
        .map(({ message }) => message)
        .sort(),
      [
        'execution begins',
        'identity pool update begins',
        'identity pool update ended',
        'outcome reported',
        'targets resolved',
      ],
    );
  });

  test('is in the log group of the state machine, with everything before it except the data', async () => {
    const { executionArn } = await world.run({ userPoolId: MOBILE, clientId: 'unknown' });
    const history = await world.history(executionArn);
    const groups = new Map(world.local.aws.logGroups.all().map((each) => [each.name, each]));
    const group = groups.get('/aws/vendedlogs/states/poolbridge-dev-link')!;
    const logged = group.events
      .map(({ message }) => JSON.parse(message))
      .filter(({ execution_arn }) => execution_arn === executionArn);
    assert.deepEqual(
      logged.map(({ type }) => type),
      history.map(({ type }) => type),
    );
    assert.doesNotMatch(JSON.stringify(logged), /"(input|output|parameters|cause)"/);
    // The data are in the log groups of the functions that read the request, write and report.
    const functions = ['ResolveTargets', 'UpdateIdentityPool', 'ReportOutcome'];
    const ofReconcile = ['ResolveLinks', 'ReconcileIdentityPool', 'ReportReconcile'];
    for (const name of [...functions, ...ofReconcile, 'ExplainRemoved']) {
      const kept = groups.get(`/aws/lambda/poolbridge-dev-${name}`)!.retentionInDays;
      assert.deepEqual([group.retentionInDays, kept], [400, 400]);
    }
  });
});
