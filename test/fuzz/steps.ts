import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';
import fc from 'fast-check';
import { apply } from '../../core/identity-pool/changes.ts';
import { merge } from '../../core/identity-pool/merge.ts';
import { identityPools } from '../core/arbitraries.ts';
import { spoiled, torn } from './garbage.ts';
import {
  assumed,
  EXECUTION,
  type events,
  OneAnswer,
  type Operation,
  target,
  type WireAnswer,
} from './one-answer.ts';

// The thread of answers.test.ts: it runs the cases of each step that the test names.

const key = 'a'.repeat(32);
const intent = target.intent;
const share = { key: `${key}-1`, execution: EXECUTION, links: ['mobile'], intent, changes: [] };
const shown = { IdentityPoolId: target.identityPoolId, IdentityPoolName: 'x' };

/** The kinds of bodies that the service stores in the table. */
const bodies = fc.constantFrom<object>(
  { write: 'w' },
  { refused: 'The identity pool is full.' },
  { base: 'a', result: 'b', at: 1_767_225_600_000 },
  { key, execution: EXECUTION, operation: 'link', userPoolId: target.userPoolId, clientId: 'web' },
  { key, execution: EXECUTION, operation: 'unlink', userPoolId: target.userPoolId },
  {
    execution: EXECUTION,
    assumedRoleArn: 'a',
    sequence: 1,
    before: shown,
    after: shown,
    shares: [share],
  },
  {
    state: 'unlinked',
    providerName: intent.providerName,
    clientId: 'ours',
    links: ['a'],
    execution: 'another',
    sequence: 9,
    time: 1,
  },
);

const items = spoiled(bodies).map((body) => ({
  pk: { S: target.identityPoolId },
  sk: { S: `pending#${key}` },
  body: { S: body },
  lastWrite: { S: body },
  writing: { S: 'w' },
  sequence: { N: '3' },
  ticket: { N: '1' },
  begun: { N: '3' },
  listed: { N: '9' },
  parts: { N: '1' },
  expiresAt: { N: '9999999999999' },
}));

const good: Record<Operation, fc.Arbitrary<object>> = {
  AssumeRole: fc.constant({}),
  // At times about another identity pool, which must not be written back.
  DescribeIdentityPool: fc
    .tuple(identityPools, fc.integer({ min: 0, max: 9 }))
    .map(([pool, nth]) => ({
      ...pool,
      IdentityPoolId: nth === 0 ? `${target.identityPoolId}0` : target.identityPoolId,
    })),
  UpdateIdentityPool: identityPools,
  ListUserPoolClients: fc.constantFrom(
    { UserPoolClients: [{ ClientId: 'ours', ClientName: 'web', UserPoolId: target.userPoolId }] },
    { UserPoolClients: [{ ClientId: 'other', ClientName: 'x' }], NextToken: 'more' },
    { UserPoolClients: [], NextToken: 'more' },
  ),
  DescribeUserPool: fc
    .constantFrom('ORIGINAL', 'UPDATED', 'LATER')
    .map((Type) => ({ UserPool: { IssuerConfiguration: { Type } } })),
  ListTagsForResource: fc.constant({ Tags: { team: 'mobile' } }),
  GetItem: items.map((Item) => ({ Item })),
  PutItem: fc.constant({ Attributes: {}, ConsumedCapacity: { TableName: 't', CapacityUnits: 1 } }),
  UpdateItem: items.map((Attributes) => ({ Attributes })),
  DeleteItem: fc.constant({ Attributes: {} }),
  Query: fc
    .tuple(fc.array(items, { maxLength: 3 }), fc.boolean())
    .map(([Items, more]) => ({ Items, ...(more && { LastEvaluatedKey: { pk: { S: 'x' } } }) })),
  PutEvents: fc.constant({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'Internal' }] }),
};

const errorTypes = fc.constantFrom(
  ...['AccessDeniedException', 'ResourceNotFoundException', 'TooManyRequestsException'],
  ...['ConditionalCheckFailedException', 'LimitExceededException', 'InternalErrorException'],
  ...['', 'TypeError', '__proto__', 'a b', 'X:http://x', '💥'],
);

const answersOf = (operation: Operation): fc.Arbitrary<WireAnswer> => {
  const json = good[operation];
  const texts: fc.Arbitrary<string | Uint8Array> =
    operation === 'AssumeRole'
      ? torn(fc.constant(assumed))
      : fc.oneof(
          { arbitrary: spoiled(json), weight: 6 },
          torn(json.map((value) => JSON.stringify(value))),
          fc.uint8Array({ maxLength: 20 }),
        );
  return fc.oneof(
    { arbitrary: fc.record({ status: fc.constant(200), body: texts }), weight: 4 },
    fc.record({
      status: fc.constantFrom(200, 204, 302, 400, 403, 404, 500, 503),
      errorType: fc.option(errorTypes, { nil: undefined }),
      body: fc.oneof(
        texts,
        spoiled(fc.constant({ __type: 'ThrottlingException', message: 'Slow down' })),
      ),
    }),
  );
};

const spoiledCalls = (operations: Operation[]) =>
  fc.constantFrom(...operations).chain((operation) =>
    fc.record({
      operation: fc.constant(operation),
      answer: answersOf(operation),
      // The first call that gets this answer, and how many calls get it.
      from: fc.nat({ max: 2 }),
      count: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
    }),
  );

type Step = keyof typeof events;

const steps: Record<Step, [numRuns: number, operations: Operation[]]> = {
  ResolveTargets: [
    500,
    [
      ...(['ListUserPoolClients', 'ListUserPoolClients', 'ListTagsForResource'] as const),
      ...(['DescribeUserPool', 'GetItem', 'PutItem', 'UpdateItem'] as const),
    ],
  ],
  AssumeRole: [1000, ['AssumeRole']],
  DescribeIdentityPool: [1000, ['AssumeRole', 'DescribeIdentityPool', 'DescribeIdentityPool']],
  UpdateIdentityPool: [
    500,
    [
      ...(['AssumeRole', 'DescribeIdentityPool', 'DescribeIdentityPool'] as const),
      ...(['UpdateIdentityPool', 'GetItem', 'PutItem', 'UpdateItem'] as const),
      ...(['DeleteItem', 'Query', 'Query', 'ListUserPoolClients', 'DescribeUserPool'] as const),
    ],
  ],
  VerifyIdentityPool: [500, ['AssumeRole', 'DescribeIdentityPool', 'GetItem']],
  ReportOutcome: [1000, ['PutEvents']],
};

async function tryStep(aws: OneAnswer, step: Step): Promise<void> {
  const [numRuns, operations] = steps[step];
  let [well, updates] = [0, 0];
  await fc.assert(
    fc.asyncProperty(spoiledCalls(operations), identityPools, async (spoiling, pool) => {
      const { operation, answer, from, count } = spoiling;
      // For verification, the pool shows what was written.
      const linked = apply(pool, merge(pool, target.intent));
      const found = step === 'VerifyIdentityPool' ? linked : pool;
      const result = await aws.run(step, found, (called, nth) =>
        called === operation && nth >= from && nth < from + count ? answer : undefined,
      );
      if (result !== undefined) well++;
      updates += aws.updates;
    }),
    { numRuns },
  );
  assert.ok(well > numRuns / 50, `only ${well} went well`);
  assert.equal(updates > 0, step === 'UpdateIdentityPool');
}

const aws = await OneAnswer.start();
parentPort?.on('message', (step: Step) => {
  tryStep(aws, step).then(
    () => parentPort?.postMessage(undefined),
    (error) => parentPort?.postMessage(error),
  );
});
