import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conflicting, tracesInLedger, tracesInStates } from '../../../core/now/traces.ts';

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const PROVIDER = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A';
const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:one';
const [entered, exited] = ['2026-11-28T12:00:00.000Z', '2026-11-28T12:00:02.000Z'];
const period = { from: Date.parse(entered), until: Date.parse(exited) };

const target = (more: object = {}) => ({
  identityPoolId: POOL,
  links: ['mobile'],
  deleted: false,
  intent: { operation: 'unlink', providerName: PROVIDER, serverSideTokenCheck: false },
  ...more,
});

const change = (op: 'add' | 'remove', ClientId: string) => ({
  op,
  provider: { ProviderName: PROVIDER, ClientId, ServerSideTokenCheck: false },
});

const tracesOf = (state: string, input: object, output?: object) =>
  tracesInStates(EXECUTION, [
    {
      state,
      input: JSON.stringify(input),
      entered,
      ...(output && { output: JSON.stringify(output), exited }),
    },
  ]);

describe('the traces of an execution', () => {
  test('are the changes of its writes, with the time that they took', () => {
    const result = { changes: [change('remove', 'a')] };
    const update = tracesOf('UpdateIdentityPool', {}, { target: target(), result });
    assert.deepEqual(update, {
      looks: [],
      inDoubt: [],
      writes: [
        {
          execution: EXECUTION,
          identityPoolId: POOL,
          ...period,
          providerName: PROVIDER,
          clientId: 'a',
          op: 'remove',
        },
        // Others may have removed other app clients of the user pool.
        {
          execution: EXECUTION,
          identityPoolId: POOL,
          ...period,
          providerName: PROVIDER,
          clientId: '*',
          op: 'settle',
        },
      ],
    });
  });

  test('say that an unlink which found no entry keeps it away', () => {
    const { intent } = target();
    const opsOf = (more: object, changes: object[] = []) =>
      tracesOf('UpdateIdentityPool', {}, { target: target(more), result: { changes } }).writes.map(
        ({ op, clientId }) => `${op} ${clientId}`,
      );
    const one = { intent: { ...intent, clientId: 'a' } };
    assert.deepEqual(opsOf(one), ['settle a']);
    assert.deepEqual(opsOf(one, [change('remove', 'a')]), ['remove a']);
    assert.deepEqual(opsOf({ intent: { ...one.intent, takeBack: [] } }), []);
    assert.deepEqual(opsOf({ ...one, deleted: true }), ['gone a']);
    assert.deepEqual(opsOf({ intent: { ...one.intent, operation: 'link' } }), []);
  });

  test('do not hold a plan whose write has failed or has not ended: it is in doubt', () => {
    const planned = { target: target(), result: { changes: [change('remove', 'a')] } };
    const failure = { Error: 'PoolBusyError' };
    const doubt = { looks: [], writes: [], inDoubt: [POOL] };
    assert.deepEqual(tracesOf('UpdateIdentityPool', planned, { ...planned, failure }), doubt);
    assert.deepEqual(tracesOf('UpdateIdentityPool', planned), doubt);
  });

  test('say whether the links still ask for what was removed', () => {
    const { intent } = target();
    const wanted = (more: object) => {
      const result = { changes: [change('remove', 'a')] };
      const { writes } = tracesOf('UpdateIdentityPool', {}, { target: target(more), result });
      return writes.find(({ op }) => op === 'remove')?.isWanted;
    };
    const one = { intent: { ...intent, clientId: 'a' } };
    assert.equal(wanted({ deleted: true }), false);
    assert.equal(wanted({ ...one, clientName: 'app' }), true);
    // An app client that exists has a name.
    assert.equal(wanted(one), false);
    assert.equal(wanted({ ...one, undoes: EXECUTION }), undefined);
    assert.equal(wanted({}), undefined);
  });

  test('are the report of a reconcile as soon as it is made, or why there is none', () => {
    const identityPool = { identityPoolId: POOL, links: ['mobile'] };
    const report = { ...identityPool, counts: { linked: 1 }, entries: [] };
    const state = 'ReconcileIdentityPool';
    const input = { identityPool, repair: true };
    const found = tracesOf(state, input, { identityPool, found: { report } });
    assert.deepEqual(found.looks, [{ execution: EXECUTION, ...period, found: report }]);
    assert.deepEqual(found.inDoubt, []);
    const failure = { Error: 'PoolBusyError', Cause: 'Try again.' };
    const failed = tracesOf(state, input, { identityPool, failure });
    assert.deepEqual(failed.looks[0]?.found, {
      ...identityPool,
      failure: { error: 'PoolBusyError', message: 'Try again.' },
    });
    assert.deepEqual(failed.inDoubt, [POOL]);
    assert.deepEqual(tracesOf(state, input), { looks: [], writes: [], inDoubt: [POOL] });
    const looking = { identityPool, repair: false };
    assert.deepEqual(tracesOf(state, looking).inDoubt, []);
  });

  test('in a ledger are the last writes, and the user pools that were deleted', () => {
    const entry = {
      providerName: PROVIDER,
      links: ['mobile'],
      execution: EXECUTION,
      sequence: 1,
      time: period.until,
    };
    const writes = tracesInLedger(POOL, [
      { ...entry, state: 'linked', clientId: 'a' },
      { ...entry, state: 'unlinked', clientId: 'b', clientName: 'app' },
      { ...entry, state: 'unlinked', clientId: 'c', deleted: true },
      { ...entry, state: 'unlinked', clientId: '*', deleted: true },
    ]);
    assert.deepEqual(
      writes.map(({ clientId, op, isWanted }) => [clientId, op, isWanted]),
      [
        ['a', 'add', undefined],
        ['b', 'remove', true],
        ['c', 'remove', false],
        ['*', 'gone', undefined],
      ],
    );
  });

  test('conflict if two executions write the same entry at the same time', () => {
    const write = {
      execution: EXECUTION,
      identityPoolId: POOL,
      providerName: PROVIDER,
      clientId: 'a',
      op: 'add' as const,
      ...period,
    };
    const other = { ...write, execution: `${EXECUTION}2`, op: 'remove' as const };
    assert.deepEqual(conflicting([write, other]), [POOL]);
    assert.deepEqual(conflicting([write, { ...other, clientId: 'b' }]), []);
    assert.deepEqual(
      conflicting([write, { ...other, from: period.until, until: period.until + 1 }]),
      [],
    );
  });
});
