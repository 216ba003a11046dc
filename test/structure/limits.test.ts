import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BROKEN_ANSWER } from '../../core/failure.ts';
import { OUTDATED_MS } from '../../core/request/target-now.ts';
import { CLOCKS_MS, LEASE_MS, WAIT_MS, WRITER_SECONDS } from '../../core/write/lease.ts';
import { LAG_MS } from '../../core/write/marks.ts';
import { filesOf } from '../docs/pages.ts';
import {
  type Limit,
  mentionsOf,
  problemInMember,
  problemInText,
  problemsOf,
  quantityOf,
  type SaidIn,
  textOf,
} from './limits.ts';
import { limits } from './limits-table.ts';
import { secondsOfRetry, states, timeoutOf } from './state-machines.ts';

test('the documents and YAML files repeat each time and number as the code decides it', () => {
  assert.deepEqual(problemsOf(limits), []);
});

test('every sentence that says how long the lease lasts is compared with the code', () => {
  // A decision and a release say what was true at their time.
  const files = filesOf(['*.md', 'docs/**/*.md', '{events,resources,statemachines}/*.yml']).filter(
    (file) => !/^(CHANGELOG|docs\/decisions\/)/.test(file),
  );
  const said = limits.find(({ name }) => name.startsWith('LEASE_MS'))?.said ?? [];
  assert.deepEqual(
    mentionsOf(LEASE_MS, files).sort(),
    said.map(([file]) => file).sort(),
    'a file says how long the lease lasts and has no row in test/structure/limits-table.ts, or has one too many',
  );
});

test('the state machines and the steps describe an invalid answer in the same words', () => {
  const causes = states.flatMap(({ name, state }) =>
    name === 'BrokenAnswer' ? [[state.Result?.Error, state.Result?.Cause]] : [],
  );
  const { Error: error, Cause } = BROKEN_ANSWER;
  assert.deepEqual(causes, [
    [error, Cause],
    [error, Cause],
  ]);
});

describe('times that depend on each other', () => {
  test('the lease outlives the function that takes it, even if clocks differ', () => {
    assert.ok(LEASE_MS > 1000 * WRITER_SECONDS + CLOCKS_MS);
  });

  test('a state waits ten seconds longer than its function may run', () => {
    const waits = states.flatMap(({ name, state }) => {
      const [step] = state.Resource?.['Fn::GetAtt'] ?? [];
      return step === undefined
        ? []
        : [[`${name}: ${step}`, state.TimeoutSeconds, timeoutOf(step)]];
    });
    assert.ok(waits.length > 10);
    for (const [what, state, ran] of waits) assert.equal(state, Number(ran) + 10, String(what));
  });

  test('a listing may lag behind a deletion or a creation for as long as their errors are retried', () => {
    for (const error of ['NotDeletedError', 'NotListedError']) {
      assert.ok(1000 * secondsOfRetry('ResolveTargets', error) > LAG_MS, error);
    }
  });

  test('a request fails with PoolBusyError before what was looked up for it is outdated', () => {
    const most = 1000 * secondsOfRetry('UpdateIdentityPool', 'PoolBusyError') + 61 * WAIT_MS;
    assert.ok(most < OUTDATED_MS, `${most} ms`);
  });
});

describe('a copy that differs', () => {
  const lease: Limit = {
    name: 'LEASE_MS of core/lease.ts',
    value: 40_000,
    unit: 'ms',
    said: [],
    set: [],
  };
  const copy: SaidIn = ['docs/page.md', 'The lease lasts {} by its own time.'];

  test('is named with its file, what it says and what it must say', () => {
    assert.equal(
      problemInText(lease, copy, 'The lease\n  # lasts 25 seconds by its\nown time.'),
      'docs/page.md says "The lease lasts 25 seconds by its own time.", but LEASE_MS of core/lease.ts is 40 seconds: correct docs/page.md.',
    );
    assert.equal(
      problemInText(lease, copy, 'The lease lasts 40 seconds by its own time.'),
      undefined,
    );
  });

  test('is missed when its sentence is gone', () => {
    assert.match(
      problemInText(lease, copy, 'A lease ends.') ?? '',
      /^docs\/page\.md no longer has the sentence "The lease lasts \{\} by its own time\."/,
    );
  });

  test('is named with the member of the YAML file that it is in', () => {
    assert.equal(
      problemInMember(lease, ['a.yml', 'functions.Step.timeout'], {
        functions: { Step: { timeout: 25 } },
      }),
      'a.yml has 25 as functions.Step.timeout, but LEASE_MS of core/lease.ts is 40 seconds: make it 40.',
    );
    const right = { functions: { Step: { timeout: 40 } } };
    assert.equal(problemInMember(lease, ['a.yml', 'functions.Step.timeout'], right), undefined);
  });
});

test('a time or a number is read as people write it', () => {
  assert.equal(quantityOf('25 seconds', 'ms'), 25_000);
  assert.equal(quantityOf('An hour', 'ms'), 3_600_000);
  assert.equal(quantityOf('14 days', 'ms'), 14 * 86_400_000);
  assert.equal(quantityOf('11 s', 'ms'), 11_000);
  assert.equal(quantityOf('200,000', 'count'), 200_000);
  assert.equal(quantityOf('three', 'count'), 3);
  assert.equal(textOf(75_000, 'ms'), '75 seconds');
  assert.equal(textOf(3_600_000, 'ms'), '1 hour');
  assert.equal(textOf(200_000, 'count'), '200,000');
});
