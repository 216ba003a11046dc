import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { isRetried } from '../../aws/write/retried.ts';
import { AwsUnavailableError, NotCoveredError, PoolBusyError } from '../../core/errors.ts';

// Lambda and Step Functions report these. No step throws them.
const OF_THE_PLATFORM = /^(Lambda|Runtime|Sandbox|States)\./;

const { waiting } = parse(
  readFileSync(new URL('../../statemachines/retry.yml', import.meta.url), 'utf8'),
) as { waiting: { ErrorEquals: string[] } };

const thrown = (name: string): Error => Object.assign(new Error('why'), { name });

test('a request keeps its place after each error that the state machine retries', () => {
  const own = [new AwsUnavailableError('why'), new PoolBusyError('why')];
  const ofAws = waiting.ErrorEquals.filter((name) => !OF_THE_PLATFORM.test(name)).filter(
    (name) => !own.some((each) => each.name === name),
  );
  const lost = ofAws.filter((name) => !isRetried(thrown(name)));
  assert.deepEqual(lost, [], 'add them to aws/write/retried.ts');
  assert.ok(own.every(isRetried));
});

test('a request gives up its place after an error that the state machine does not retry', () => {
  const names = readFileSync(new URL('../../aws/write/retried.ts', import.meta.url), 'utf8');
  const listed = [...names.matchAll(/^ {2}'(\w+)',$/gm)].map(([, name = '']) => name);
  assert.ok(listed.length > 0);
  assert.deepEqual(
    listed.filter((name) => !waiting.ErrorEquals.includes(name)),
    [],
    'add them to statemachines/retry.yml, or remove them from aws/write/retried.ts',
  );
  assert.equal(isRetried(new NotCoveredError('why')), false);
});
