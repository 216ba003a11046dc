import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { poolsOf, type Report, type Written } from '../../console/server/pools.ts';

const counts = {
  linked: 1,
  missing: 1,
  orphaned: 1,
  foreign: 0,
  removed: 1,
  uncovered: 0,
  changed: 0,
};

const entry = (state: 'missing' | 'orphaned' | 'removed', repair?: 'link' | 'unlink') => ({
  state,
  providerName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A',
  clientId: state,
  ...(repair && { repair }),
});

const report = (started: string, more: object = {}): Report => ({
  execution: `reconcile ${started}`,
  started,
  identityPools: [
    {
      identityPoolId: 'pool',
      links: ['mobile'],
      counts,
      entries: [entry('removed'), entry('orphaned', 'unlink'), entry('missing', 'link')],
      ...more,
    },
  ],
});

const written = (clientId: string, outcome: Written['outcome'], stopped: string): Written => ({
  identityPoolId: 'pool',
  clientId,
  outcome,
  stopped,
});

describe('an identity pool, as the console shows it', () => {
  const shown = (reports: Report[], since: Written[] = []) => {
    const [pool, ...more] = poolsOf(reports, since);
    assert.equal(more.length, 0);
    return { ...pool!, drift: pool!.drift.map(({ clientId }) => clientId) };
  };

  test('shows the drift that the last report left', () => {
    const repaired = report('2', { repaired: { linked: 1, unlinked: 1 } });
    const { asOf, drift, counts: found } = shown([repaired, report('1')]);
    assert.deepEqual([asOf, drift], ['2', ['removed']]);
    assert.deepEqual(found, { ...counts, linked: 2, missing: 0, orphaned: 0 });
    const [limited] = poolsOf([report('1', { quota: 50 })], []);
    assert.equal(limited!.quota, 50);
  });

  test('shows an app client without either entry of its user pool twice, until it is linked', () => {
    const lacking = entry('missing', 'link');
    const other = { ...lacking, providerName: `issuer-${lacking.providerName}` };
    const both = report('2', { counts: { ...counts, missing: 2 }, entries: [lacking, other] });
    const [found] = poolsOf([both], []);
    assert.deepEqual(
      found!.drift.map(({ userPoolId, issuer }) => [userPoolId, issuer]),
      [
        ['us-east-1_A', undefined],
        ['us-east-1_A', 'updated'],
      ],
    );
    const { drift, counts: now } = shown([both], [written('missing', 'LINKED', '3')]);
    assert.deepEqual([drift, now], [[], { ...counts, linked: 3, missing: 0 }]);
  });

  test('includes writes since the report, but not earlier ones', () => {
    const {
      drift,
      counts: found,
      since,
    } = shown(
      [report('2')],
      [
        written('missing', 'LINKED', '1'),
        written('orphaned', 'UNLINKED', '3'),
        written('removed', 'LINKED', '4'),
        written('new', 'LINKED', '5'),
        written('old', 'UNLINKED', '6'),
        { ...written('new', 'LINKED', '7'), identityPoolId: 'another' },
      ],
    );
    assert.deepEqual(drift, ['missing']);
    assert.deepEqual(found, { ...counts, linked: 2, orphaned: 0, removed: 0 });
    assert.deepEqual(since, { linked: 2, unlinked: 2 });
  });
});
