import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { poolViews } from '../../console/server/pools.ts';
import type { PoolNow } from '../../core/now/pool-now.ts';

const counts = {
  linked: 3,
  missing: 1,
  orphaned: 1,
  foreign: 2,
  removed: 1,
  uncovered: 0,
  changed: 0,
};

const pool = (identityPoolId: string, more: Partial<PoolNow> = {}): PoolNow => ({
  identityPoolId,
  links: ['mobile'],
  lookedBy: 'reconcile',
  asOf: '2026-11-28T12:00:00.000Z',
  since: { linked: 0, unlinked: 0 },
  counts,
  entries: [],
  ...more,
});

describe('an identity pool, as the console shows it', () => {
  test('holds what is neither missing nor removed', () => {
    const [view] = poolViews([pool('a')]);
    assert.equal(view!.held, 6);
  });

  test('says who removed an entry, and that it is no longer restored', () => {
    const [view] = poolViews([
      pool('a', {
        entries: [
          {
            state: 'removed',
            providerName: 'cognito-idp.x.amazonaws.com/x_A',
            clientId: '1',
            braked: true,
            removedBy: { principalArn: 'arn:aws:iam::2:user/eve', time: '', eventId: 'e' },
          },
        ],
      }),
    ]);
    assert.deepEqual(view!.drift[0]!.notes, ['no longer restored', 'by user/eve']);
  });

  test('comes first if it drifts or could not be read', () => {
    const failure = { error: 'TargetAccessDeniedError', message: 'Deploy the template.' };
    const entry = { state: 'missing' as const, clientId: '1' };
    const views = poolViews([
      pool('a'),
      { ...pool('d'), failure },
      pool('c', {
        entries: [{ ...entry, providerName: 'issuer-cognito-idp.x.amazonaws.com/x_A' }],
      }),
    ]);
    assert.deepEqual(
      views.map(({ identityPoolId }) => identityPoolId),
      ['c', 'd', 'a'],
    );
    assert.deepEqual(views[0]!.drift, [
      { state: 'missing', userPoolId: 'x_A', clientId: '1', issuer: 'updated' },
    ]);
  });
});
