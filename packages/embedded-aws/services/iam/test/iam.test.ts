import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Context, Iam, isAllowed, type Principal, parsePolicy } from '../../../kernel/iam.ts';

const policy = (...Statement: object[]) => parsePolicy({ Version: '2012-10-17', Statement });
const allow = (
  Action: string | string[],
  Resource: string | string[] = '*',
  more: object = {},
) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const deny = (Action: string, Resource = '*') => ({ Effect: 'Deny', Action, Resource });

function principal(policies: object[], session?: object, boundary?: object): Principal {
  const iam = new Iam();
  const role = iam.putRole({
    arn: 'arn:aws:iam::111111111111:role/path/worker',
    name: 'worker',
    trust: policy(),
    policies: [policy(...policies)],
    ...(boundary && { boundary: policy(boundary) }),
  });
  return iam.openSession(role, {
    name: 'me',
    seconds: 900,
    ...(session && { policy: policy(session) }),
  });
}

const QUEUE = 'arn:aws:sqs:us-east-1:111111111111:queue';
const ask = (who: Principal, action: string, resource = QUEUE, context: Context = {}) =>
  isAllowed({ principal: who, action, resource, context });

describe('a permissions boundary', () => {
  test('removes permissions outside it, and grants none', () => {
    const who = principal(
      [allow(['sqs:SendMessage', 'sqs:ReceiveMessage'])],
      undefined,
      allow(['sqs:SendMessage', 'sqs:DeleteMessage']),
    );
    assert.ok(ask(who, 'sqs:SendMessage'));
    assert.ok(!ask(who, 'sqs:ReceiveMessage'));
    assert.ok(!ask(who, 'sqs:DeleteMessage'));
  });

  test('and a session policy limit permissions together', () => {
    const who = principal([allow('*')], allow('sqs:SendMessage'), allow('sqs:*'));
    assert.ok(ask(who, 'sqs:SendMessage'));
    assert.ok(!ask(who, 'sqs:ReceiveMessage'));
    const other = principal([allow('*')], allow('sqs:*'), allow('sns:*'));
    assert.ok(!ask(other, 'sqs:SendMessage'));
  });
});

describe('an identity’s policies', () => {
  test('allow only the actions and resources that they name', () => {
    assert.ok(!ask(principal([]), 'sqs:SendMessage'));
    const who = principal([allow('sqs:SendMessage', QUEUE)]);
    assert.ok(ask(who, 'sqs:SendMessage'));
    assert.ok(!ask(who, 'sqs:ReceiveMessage'));
    assert.ok(!ask(who, 'sqs:SendMessage', `${QUEUE}2`));
  });

  test('match actions without case, and resources with case', () => {
    const who = principal([allow('SQS:sendmessage', QUEUE)]);
    assert.ok(ask(who, 'sqs:SendMessage'));
    assert.ok(!ask(who, 'sqs:SendMessage', QUEUE.toUpperCase()));
  });

  test('support wildcards', () => {
    const who = principal([allow('sqs:*Message', 'arn:aws:sqs:*:111111111111:que?e')]);
    assert.ok(ask(who, 'sqs:ReceiveMessage'));
    assert.ok(!ask(who, 'sqs:ReceiveMessages'));
    assert.ok(!ask(who, 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:111111111111:quee'));
    assert.ok(!ask(principal([allow('a:b', 'x.y')]), 'a:b', 'xzy'));
  });

  test('deny a call even if another statement allows it', () => {
    const who = principal([allow('sqs:*'), deny('sqs:DeleteQueue')]);
    assert.ok(ask(who, 'sqs:SendMessage'));
    assert.ok(!ask(who, 'sqs:DeleteQueue'));
  });
});

describe('a session policy', () => {
  test('restricts the permissions of the role, and adds none', () => {
    const narrowed = principal([allow('sqs:*')], allow('sqs:SendMessage', QUEUE));
    assert.ok(ask(narrowed, 'sqs:SendMessage'));
    assert.ok(!ask(narrowed, 'sqs:ReceiveMessage'));
    const widened = principal([allow('sqs:SendMessage')], allow('*'));
    assert.ok(!ask(widened, 'sqs:ReceiveMessage'));
  });
});

describe('a resource’s policy', () => {
  const withPolicy = (who: Principal, statement: object, resource = QUEUE) =>
    isAllowed({
      principal: who,
      action: 'sqs:SendMessage',
      resource,
      resourcePolicy: policy(statement),
    });
  const toEvents = allow('sqs:SendMessage', QUEUE, {
    Principal: { Service: 'events.amazonaws.com' },
    Condition: {
      ArnEquals: { 'aws:SourceArn': 'arn:aws:events:us-east-1:111111111111:rule/mine' },
    },
  });
  const service = (rule: string): Principal => ({
    kind: 'service',
    account: '111111111111',
    arn: 'events.amazonaws.com',
    sourceArn: `arn:aws:events:us-east-1:111111111111:rule/${rule}`,
  });

  test('allows a service to access the resource for a given source', () => {
    assert.ok(withPolicy(service('mine'), toEvents));
    assert.ok(!withPolicy(service('other'), toEvents));
    assert.ok(
      !isAllowed({ principal: service('mine'), action: 'sqs:SendMessage', resource: QUEUE }),
    );
  });

  test('is sufficient in the same account; another account also needs an identity policy', () => {
    const toAccount = allow('sqs:SendMessage', '*', {
      Principal: { AWS: 'arn:aws:iam::111111111111:root' },
    });
    const theirs = 'arn:aws:sqs:us-east-1:222222222222:queue';
    assert.ok(withPolicy(principal([]), toAccount));
    assert.ok(!withPolicy(principal([]), toAccount, theirs));
    assert.ok(withPolicy(principal([allow('sqs:*')]), toAccount, theirs));
    assert.ok(!ask(principal([allow('sqs:*')]), 'sqs:SendMessage', theirs));
  });

  test('can deny what the identity policy allows', () => {
    const never = { ...deny('sqs:SendMessage', QUEUE), Principal: '*' };
    assert.ok(!withPolicy(principal([allow('sqs:*')]), never));
  });
});

describe('conditions', () => {
  const holds = (Condition: object, context: Context) =>
    ask(principal([allow('a:b', '*', { Condition })]), 'a:b', '*', context);
  const cases: [string, object, Context, boolean][] = [
    ['StringEquals holds on an equal value', { StringEquals: { k: 'v' } }, { k: 'v' }, true],
    [
      'StringEquals does not hold on another value',
      { StringEquals: { k: 'v' } },
      { k: 'w' },
      false,
    ],
    ['StringEquals does not hold if the key is absent', { StringEquals: { k: 'v' } }, {}, false],
    [
      'StringEquals holds on any of several values',
      { StringEquals: { k: ['v', 'w'] } },
      { k: 'w' },
      true,
    ],
    [
      'keys are compared without case',
      { StringEquals: { 'AWS:Key': 'v' } },
      { 'aws:key': 'v' },
      true,
    ],
    ['StringNotEquals holds on another value', { StringNotEquals: { k: 'v' } }, { k: 'w' }, true],
    [
      'StringNotEquals does not hold on any of several values',
      { StringNotEquals: { k: ['v', 'w'] } },
      { k: 'w' },
      false,
    ],
    ['StringNotEquals holds if the key is absent', { StringNotEquals: { k: 'v' } }, {}, true],
    ['StringLike supports wildcards', { StringLike: { k: 'a*z' } }, { k: 'abcz' }, true],
    [
      'StringEquals does not support wildcards',
      { StringEquals: { k: 'a*z' } },
      { k: 'abcz' },
      false,
    ],
    [
      'StringEqualsIfExists holds if the key is absent',
      { StringEqualsIfExists: { k: 'v' } },
      {},
      true,
    ],
    [
      'ArnLike matches within a section',
      { ArnLike: { k: 'arn:aws:iam::1:role/poolbridge/*' } },
      { k: 'arn:aws:iam::1:role/poolbridge/x' },
      true,
    ],
    [
      'ArnLike does not match across sections',
      { ArnLike: { k: 'arn:aws:iam::*:role/x' } },
      { k: 'arn:aws:iam::1:2:role/x' },
      false,
    ],
    [
      'two operators must both hold',
      { StringEquals: { a: '1' }, StringLike: { b: '2*' } },
      { a: '1', b: '3' },
      false,
    ],
    [
      'ForAnyValue holds on any value',
      { 'ForAnyValue:StringEquals': { k: 'v' } },
      { k: ['u', 'v'] },
      true,
    ],
    [
      'ForAnyValue does not hold without values',
      { 'ForAnyValue:StringEquals': { k: 'v' } },
      {},
      false,
    ],
    ['ForAllValues holds without values', { 'ForAllValues:StringEquals': { k: 'v' } }, {}, true],
    [
      'ForAllValues does not hold if one value differs',
      { 'ForAllValues:StringEquals': { k: 'v' } },
      { k: ['v', 'u'] },
      false,
    ],
    ['an empty block holds', { StringEquals: {} }, {}, true],
  ];
  for (const [what, condition, context, expected] of cases) {
    test(what, () => assert.equal(holds(condition, context), expected));
  }

  test('with an unknown operator are refused', () => {
    const unknown = allow('a:b', '*', { Condition: { DateGreaterThan: { k: '2020-01-01' } } });
    assert.throws(() => policy(unknown), /does not support the condition operator DateGreaterThan/);
    assert.throws(
      () => policy(allow('a:b', '*', { Condition: { toString: { k: 'v' } } })),
      /toString/,
    );
  });

  test('can test the ARN of the role, including its path', () => {
    const who = principal([
      allow('a:b', '*', {
        Condition: { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111111111111:role/path/*' } },
      }),
    ]);
    assert.ok(ask(who, 'a:b', '*'));
  });
});

describe('a policy', () => {
  test('with an unsupported element is refused', () => {
    assert.throws(() => policy({ Effect: 'Allow', NotAction: 'a:b', Resource: '*' }), /NotAction/);
    assert.throws(
      () => policy({ Effect: 'Allow', Resource: '*' }),
      /MalformedPolicyDocument|Action/,
    );
    assert.throws(() => policy({ Effect: 'Maybe', Action: 'a:b', Resource: '*' }), /Effect/);
  });
});

describe('an access key', () => {
  test('of twelve digits is the root user of that account', () => {
    assert.equal(new Iam().principalOf('123456789012').arn, 'arn:aws:iam::123456789012:root');
  });

  test('that is unknown, expired or used without its token is refused', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    const iam = new Iam();
    const role = iam.putRole({
      arn: 'arn:aws:iam::1:role/x',
      name: 'x',
      trust: policy(),
      policies: [],
    });
    const { session } = iam.openSession(role, { name: 'me', seconds: 900 });
    const { accessKeyId, sessionToken } = session;
    assert.equal(iam.principalOf(accessKeyId, sessionToken).kind, 'role');
    const invalid = { name: 'UnrecognizedClientException' };
    assert.throws(() => iam.principalOf('AKIAEXAMPLE', 'x'), invalid);
    assert.throws(() => iam.principalOf(accessKeyId), invalid);
    assert.throws(() => iam.principalOf(accessKeyId, `${sessionToken}x`), invalid);
    t.mock.timers.tick(900_000);
    assert.throws(() => iam.principalOf(accessKeyId, sessionToken), {
      name: 'ExpiredTokenException',
    });
  });
});

test('a watcher gets every question to IAM with its answer, until it stops', () => {
  const iam = new Iam();
  const seen: [string, boolean][] = [];
  const stop = iam.watch(({ action }, allowed) => seen.push([action, allowed]));
  const who = principal([allow('sqs:SendMessage')]);
  assert.ok(iam.allows({ principal: who, action: 'sqs:SendMessage', resource: QUEUE }));
  assert.ok(!iam.allows({ principal: who, action: 'sqs:DeleteMessage', resource: QUEUE }));
  stop();
  iam.allows({ principal: who, action: 'sqs:SendMessage', resource: QUEUE });
  assert.deepEqual(seen, [
    ['sqs:SendMessage', true],
    ['sqs:DeleteMessage', false],
  ]);
});
