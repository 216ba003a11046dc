import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { InvalidRequestError } from '../../core/errors.ts';
import { executionOf } from '../../core/execution.ts';
import { sessionNameOf } from '../../core/session-name.ts';
import { providerNameOf, userPoolArn, userPoolRegion } from '../../core/user-pool.ts';

const arnOf = (name: string, partition = 'aws') =>
  `arn:${partition}:states:us-east-1:111111111111:execution:poolbridge-dev-link:${name}`;

describe('an execution', () => {
  test('has its place in its ARN', () => {
    assert.deepEqual(executionOf(arnOf('run-1', 'aws-cn')), {
      arn: arnOf('run-1', 'aws-cn'),
      partition: 'aws-cn',
      region: 'us-east-1',
      account: '111111111111',
      machine: 'poolbridge-dev-link',
      name: 'run-1',
    });
  });

  test('is found by the name of its role session', () => {
    assert.equal(sessionNameOf(executionOf(arnOf('run-1'))), 'run-1-4e65d3fb');
  });

  test('has a session name that STS accepts, for any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }), (name) => {
        assert.match(sessionNameOf(executionOf(arnOf(name))), /^[\w+=,.@-]{2,64}$/);
      }),
    );
  });

  test('has a unique session name, even if most of its name is the same', () => {
    const long = 'x'.repeat(79);
    const a = sessionNameOf(executionOf(arnOf(`${long}a`)));
    const b = sessionNameOf(executionOf(arnOf(`${long}b`)));
    assert.notEqual(a, b);
    assert.equal(a.length, 64);
    assert.ok(a.startsWith(`${'x'.repeat(55)}-`));
  });
});

describe('a user pool', () => {
  test('is in the Region that its id begins with', () => {
    assert.equal(userPoolRegion('ap-southeast-2_AbC'), 'ap-southeast-2');
  });

  test('has a provider name with the domain of its Region and partition', () => {
    const cases = [
      ['us-east-1_A', 'aws', 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A'],
      ['cn-north-1_A', 'aws-cn', 'cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_A'],
      ['us-gov-west-1_A', 'aws-us-gov', 'cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_A'],
      ['eusc-de-east-1_A', 'aws-eusc', 'cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_A'],
      ['us-iso-east-1_A', 'aws-iso', 'cognito-idp.us-iso-east-1.c2s.ic.gov/us-iso-east-1_A'],
    ] as const;
    for (const [id, partition, name] of cases) assert.equal(providerNameOf(id, partition), name);
  });

  test('has no known domain in an unknown partition', () => {
    assert.throws(
      () => providerNameOf('us-east-1_A', 'aws-mars'),
      (error: Error) => {
        assert.ok(error instanceof InvalidRequestError);
        assert.match(error.message, /the partition aws-mars. It works in aws, aws-cn, aws-eusc, /);
        return true;
      },
    );
  });

  test('has an ARN in the execution’s account and its own Region', () => {
    assert.equal(
      userPoolArn('eu-west-1_A', executionOf(arnOf('x', 'aws-cn'))),
      'arn:aws-cn:cognito-idp:eu-west-1:111111111111:userpool/eu-west-1_A',
    );
  });
});

test('an execution’s name may have colons, and an incomplete ARN gives blanks', () => {
  const arn = 'arn:aws:states:us-east-1:111111111111:execution:link:a:b';
  assert.equal(executionOf(arn).name, 'a:b');
  assert.deepEqual(executionOf('arn'), {
    arn: 'arn',
    partition: '',
    region: '',
    account: '',
    machine: '',
    name: '',
  });
});
