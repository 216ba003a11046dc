import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProviderQuotaError } from '../../../core/errors.ts';
import { apply } from '../../../core/identity-pool/changes.ts';
import {
  entriesOf,
  type IdentityPool,
  type Provider,
} from '../../../core/identity-pool/identity-pool.ts';
import { type Intent, merge } from '../../../core/identity-pool/merge.ts';
import { checkQuota } from '../../../core/identity-pool/quota.ts';
import { sameSettings } from '../../../core/identity-pool/same-settings.ts';
import { batch, type Mergeable } from '../../../core/write/batch.ts';
import { identityPools } from '../arbitraries.ts';

const bare: IdentityPool = {
  IdentityPoolId: 'ap-south-1:1',
  IdentityPoolName: 'bare',
  AllowUnauthenticatedIdentities: false,
};

const asked = (operation: Intent['operation'], clientId?: string): Mergeable => ({
  key: `${operation} ${clientId}`,
  intent: {
    operation,
    providerName: 'idp/pool',
    serverSideTokenCheck: false,
    ...(clientId !== undefined && { clientId }),
  },
  execution: '',
});

// Few clients, so that requests conflict.
const requests = fc
  .array(
    fc.record({
      operation: fc.constantFrom('link', 'unlink'),
      clientId: fc.constantFrom('a', 'b', 'c', undefined),
    }),
    { maxLength: 8 },
  )
  .map((all) =>
    all
      .filter(({ operation, clientId }) => operation === 'unlink' || clientId !== undefined)
      .map(({ operation, clientId }, i) => ({ ...asked(operation, clientId), key: `${i}` })),
  );

const clientsOf = (pool: IdentityPool) => entriesOf(pool).map(({ ClientId }) => ClientId);

/** The results of the requests if each is written alone. */
function oneByOne(pool: IdentityPool, all: Mergeable[], quota: number) {
  const refused: string[] = [];
  const end = all.reduce((now, { key, intent }) => {
    const changes = merge(now, intent);
    try {
      checkQuota(now, changes, quota, '');
    } catch {
      refused.push(key);
      return now;
    }
    return apply(now, changes);
  }, pool);
  return { end, refused };
}

describe('a write for several requests', () => {
  test('ends like separate writes, and refuses the same requests', () => {
    fc.assert(
      fc.property(identityPools, requests, fc.integer({ min: 1, max: 14 }), (pool, all, quota) => {
        const { wanted, shares, write } = batch(pool, all, quota);
        const { end, refused } = oneByOne(pool, all, quota);
        assert.deepEqual(wanted, end);
        assert.equal(write, !sameSettings(pool, end));
        assert.deepEqual(
          shares.map(({ key }) => key),
          all.map(({ key }) => key),
        );
        assert.deepEqual(
          shares.flatMap((share) => ('refused' in share ? share.key : [])),
          refused,
        );
      }),
      { numRuns: 1000 },
    );
  });

  test('gives each its own changes', () => {
    const { shares, wanted, write } = batch(bare, [asked('link', 'a'), asked('link', 'b')], 50);
    assert.deepEqual(
      shares.map(
        (share) =>
          'changes' in share && share.changes.map((c) => (c.provider as Provider).ClientId),
      ),
      [['a'], ['b']],
    );
    assert.deepEqual(clientsOf(wanted), ['a', 'b']);
    assert.equal(write, true);
  });

  test('keeps the order of a link and an unlink of one client', () => {
    const linkLast = batch(bare, [asked('unlink', 'a'), asked('link', 'a')], 50);
    assert.deepEqual(clientsOf(linkLast.wanted), ['a']);
    const unlinkLast = batch(bare, [asked('link', 'a'), asked('unlink', 'a')], 50);
    assert.deepEqual(clientsOf(unlinkLast.wanted), []);
    assert.equal(unlinkLast.write, false);
  });

  test('does not count a change as cancelled if an earlier attempt made it', () => {
    const made = apply(bare, merge(bare, asked('link', 'a').intent));
    const cancelledOf = (all: Mergeable[]) =>
      batch(bare, all, 50, made).cancelled.map((changes) => changes.map(({ op }) => op));
    const [link, unlink] = [asked('link', 'a'), asked('unlink', 'a')];
    assert.deepEqual(cancelledOf([link, unlink]), [[], []]);
    assert.deepEqual(cancelledOf([link, unlink, link]), [[], ['remove'], ['add']]);
    const other = [asked('link', 'b'), asked('unlink', 'b')];
    assert.deepEqual(cancelledOf([link, ...other]), [[], ['add'], ['remove']]);
  });

  test('is made for the rest if the quota refuses one, which gets the reason', () => {
    const full = apply(bare, merge(bare, asked('link', 'a').intent));
    const all = [asked('link', 'b'), asked('unlink', 'a'), asked('link', 'c')];
    const { wanted, shares } = batch(full, all, 1);
    assert.deepEqual(clientsOf(wanted), ['c']);
    const [first] = shares;
    assert.match('refused' in first! ? first.refused : '', /already holds 1 of 1 user pool/);
  });

  test('hides no error except that of the quota', () => {
    let reads = 0;
    const broken = {
      ...bare,
      get CognitoIdentityProviders(): [] {
        if (reads++ === 1) throw new TypeError('broken');
        return [];
      },
    };
    assert.throws(() => batch(broken, [asked('link', 'a')], 1), { message: 'broken' });
    assert.throws(
      () => checkQuota(bare, merge(bare, asked('link', 'a').intent), 0, ''),
      ProviderQuotaError,
    );
  });
});
