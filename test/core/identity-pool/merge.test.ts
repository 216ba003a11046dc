import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProviderQuotaError } from '../../../core/errors.ts';
import { apply, shownChanges } from '../../../core/identity-pool/changes.ts';
import {
  entriesOf,
  type IdentityPool,
  type Provider,
} from '../../../core/identity-pool/identity-pool.ts';
import { type Intent, merge } from '../../../core/identity-pool/merge.ts';
import { checkQuota } from '../../../core/identity-pool/quota.ts';
import { sameSettings } from '../../../core/identity-pool/same-settings.ts';
import { shown } from '../../../core/identity-pool/shown-pool.ts';
import { clientIds, identityPools, originalNames, providerNames } from '../arbitraries.ts';

const intents = (operation: Intent['operation']): fc.Arbitrary<Intent> =>
  fc.record({
    operation: fc.constant(operation),
    providerName: providerNames,
    clientId: clientIds,
    serverSideTokenCheck: fc.boolean(),
  });

/** Intents about both names of a user pool. */
const intentsOfBoth = (operation: Intent['operation']): fc.Arbitrary<Intent> =>
  fc
    .tuple(intents(operation), originalNames)
    .map(([intent, name]) => ({ ...intent, providerName: name, otherName: `issuer-${name}` }));

const withMember = fc
  .tuple(identityPools, intents('unlink'), fc.nat())
  .map(([pool, intent, index]): [IdentityPool, Intent] => {
    const entries = entriesOf(pool);
    const entry = entries[index % Math.max(entries.length, 1)];
    return entry
      ? [pool, { ...intent, providerName: entry.ProviderName!, clientId: entry.ClientId! }]
      : [pool, intent];
  });

const link = (pool: IdentityPool, intent: Intent) => apply(pool, merge(pool, intent));

const settingsOf = ({ CognitoIdentityProviders: _, ...settings }: IdentityPool) => settings;

const isOf = (intent: Intent) => (entry: { ProviderName?: string; ClientId?: string }) =>
  entry.ProviderName === intent.providerName && entry.ClientId === intent.clientId;

describe('merging', () => {
  const ProviderName = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_a';
  const two: IdentityPool = {
    IdentityPoolId: 'ap-south-1:1',
    IdentityPoolName: 'two',
    AllowUnauthenticatedIdentities: false,
    CognitoIdentityProviders: [
      { ProviderName, ClientId: 'a' },
      { ProviderName, ClientId: 'b' },
    ],
  };
  const unlink = (clientId?: string): Intent => ({
    operation: 'unlink',
    providerName: ProviderName,
    serverSideTokenCheck: false,
    ...(clientId !== undefined && { clientId }),
  });

  test('unlinking one client keeps the others of its user pool', () => {
    assert.deepEqual(merge(two, unlink('a')), [
      { op: 'remove', provider: { ProviderName, ClientId: 'a' } },
    ]);
  });

  test('linking a client adds it beside the others of its user pool', () => {
    assert.deepEqual(merge(two, { ...unlink('c'), operation: 'link' }), [
      { op: 'add', provider: { ProviderName, ClientId: 'c', ServerSideTokenCheck: false } },
    ]);
  });

  test('unlinking without a client unlinks every client of the user pool', () => {
    assert.deepEqual(entriesOf(apply(two, merge(two, unlink()))), []);
  });

  test('many changes are shown by user pool, and an entry without a client as a blank', () => {
    const changes = Array.from({ length: 101 }, () => ({
      op: 'remove' as const,
      provider: { ProviderName },
    }));
    assert.deepEqual(shownChanges(changes), [
      { op: 'remove', provider: { ProviderName }, clientIds: changes.map(() => '') },
    ]);
  });

  test('no change leaves the pool as it is, and an absent list of entries stays absent', () => {
    const { CognitoIdentityProviders: _, ...bare } = two;
    assert.deepEqual(apply(bare, []), bare);
  });

  test('linking adds exactly one entry and keeps everything foreign', () => {
    fc.assert(
      fc.property(identityPools, intents('link'), (pool, intent) => {
        const after = link(pool, intent);
        assert.equal(entriesOf(after).filter(isOf(intent)).length, 1);
        assert.deepEqual(settingsOf(after), settingsOf(pool));
        const others = entriesOf(pool).filter((entry) => !isOf(intent)(entry));
        assert.deepEqual(
          entriesOf(after).filter((entry) => !isOf(intent)(entry)),
          others,
        );
      }),
    );
  });

  test('linking under both names of a user pool adds an entry under each, and unlinking removes both', () => {
    fc.assert(
      fc.property(identityPools, intentsOfBoth('link'), (pool, both) => {
        const { otherName = '', ...original } = both;
        const updated = { ...original, providerName: otherName };
        const after = link(pool, both);
        assert.deepEqual(merge(pool, both), [...merge(pool, original), ...merge(pool, updated)]);
        assert.ok(sameSettings(after, link(link(pool, updated), original)));
        assert.deepEqual(merge(after, both), []);
        const left = link(after, { ...both, operation: 'unlink' });
        const isEither = (entry: Provider) => isOf(original)(entry) || isOf(updated)(entry);
        assert.deepEqual(
          entriesOf(left),
          entriesOf(pool).filter((entry) => !isEither(entry)),
        );
      }),
    );
  });

  test('undoing a link under both names restores the pool', () => {
    fc.assert(
      fc.property(identityPools, intentsOfBoth('link'), (pool, both) => {
        const changes = merge(pool, both);
        const back: Intent = { ...both, operation: 'unlink', takeBack: changes };
        assert.ok(sameSettings(link(link(pool, both), back), pool));
      }),
    );
  });

  test('linking twice has the same result as linking once', () => {
    fc.assert(
      fc.property(identityPools, intents('link'), (pool, intent) => {
        const once = link(pool, intent);
        assert.deepEqual(merge(once, intent), []);
        assert.deepEqual(link(once, intent), once);
      }),
    );
  });

  test('an existing entry keeps its own ServerSideTokenCheck', () => {
    fc.assert(
      fc.property(withMember, ([pool, intent]) => {
        const found = entriesOf(pool).find(isOf(intent));
        fc.pre(found !== undefined);
        assert.deepEqual(merge(pool, { ...intent, operation: 'link' }), []);
      }),
    );
  });

  test('the order of two links does not matter', () => {
    fc.assert(
      fc.property(identityPools, intents('link'), intents('link'), (pool, a, b) => {
        fc.pre(!isOf(a)({ ProviderName: b.providerName, ClientId: b.clientId! }));
        assert.ok(sameSettings(link(link(pool, a), b), link(link(pool, b), a)));
      }),
    );
  });

  test('unlinking undoes linking', () => {
    fc.assert(
      fc.property(identityPools, intents('link'), (pool, intent) => {
        fc.pre(!entriesOf(pool).some(isOf(intent)));
        const there = link(pool, intent);
        const back = link(there, { ...intent, operation: 'unlink' });
        assert.ok(sameSettings(back, pool));
      }),
    );
  });

  test('unlinking a user pool removes all of its entries and no others', () => {
    fc.assert(
      fc.property(withMember, ([pool, { clientId: _, ...whole }]) => {
        const after = link(pool, whole);
        const isTheirs = (entry: { ProviderName?: string }) =>
          entry.ProviderName === whole.providerName;
        assert.deepEqual(
          entriesOf(after),
          entriesOf(pool).filter((entry) => !isTheirs(entry)),
        );
      }),
    );
  });

  test('making changes twice has the same result as making them once', () => {
    fc.assert(
      fc.property(identityPools, fc.oneof(intents('link'), intents('unlink')), (pool, intent) => {
        const changes = merge(pool, intent);
        const once = apply(pool, changes);
        assert.deepEqual(apply(once, changes), once);
      }),
    );
  });

  test('linking a whole user pool, which no request can ask for, changes nothing', () => {
    const pool = {
      IdentityPoolId: 'x',
      IdentityPoolName: 'x',
      AllowUnauthenticatedIdentities: false,
    };
    const whole = { operation: 'link', providerName: 'p', serverSideTokenCheck: false } as const;
    assert.deepEqual(merge(pool, whole), []);
  });
});

describe('the quota', () => {
  const poolOf = (count: number): IdentityPool => ({
    IdentityPoolId: 'ap-south-1:1',
    IdentityPoolName: 'x',
    AllowUnauthenticatedIdentities: false,
    CognitoIdentityProviders: Array.from({ length: count }, (_, i) => ({
      ProviderName: 'p',
      ClientId: `c${i}`,
    })),
  });
  const add = { op: 'add', provider: { ProviderName: 'p', ClientId: 'new' } } as const;

  test('allows the last entry and refuses the one after it', () => {
    checkQuota(poolOf(49), [add], 50, '');
    assert.throws(
      () => checkQuota(poolOf(50), [add], 50, ''),
      (error: Error) => {
        assert.ok(error instanceof ProviderQuotaError);
        assert.match(error.message, /ap-south-1:1 already holds 50 of 50 user pool providers, so/);
        assert.match(error.message, /providerQuota in links\.yml/);
        return true;
      },
    );
  });

  test('lets a pool above its quota lose entries', () => {
    const remove = { op: 'remove', provider: { ProviderName: 'p', ClientId: 'c1' } } as const;
    checkQuota(poolOf(60), [remove], 50, '');
  });

  test('lets a pool above its quota be linked to entries that it already has', () => {
    checkQuota(poolOf(60), [], 50, '');
  });
});

describe('what states and outputs show', () => {
  test('up to 100 changes are shown one by one', () => {
    const changes = Array.from({ length: 100 }, (_, i) => ({
      op: 'remove' as const,
      provider: { ProviderName: 'p', ClientId: `c${i}` },
    }));
    assert.equal(shownChanges(changes), changes);
  });

  test('more than 100 changes are all shown, in a fraction of the room', () => {
    const changes = Array.from({ length: 1000 }, (_, i) => ({
      op: 'remove' as const,
      provider: {
        ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI',
        ClientId: `client${i}`.padEnd(26, 'x'),
        ServerSideTokenCheck: i % 2 === 0,
      },
    }));
    const groups = shownChanges(changes);
    assert.equal(groups.length, 2);
    const rebuilt = groups.flatMap((group) =>
      'clientIds' in group
        ? group.clientIds.map((ClientId) => ({
            op: group.op,
            provider: { ...group.provider, ClientId },
          }))
        : [group],
    );
    const sorted = (all: { op: string; provider: Provider }[]) =>
      all
        .map(
          ({ op, provider }) =>
            `${op} ${provider.ProviderName} ${provider.ClientId} ${provider.ServerSideTokenCheck}`,
        )
        .sort();
    assert.deepEqual(sorted(rebuilt), sorted(changes));
    assert.ok(JSON.stringify(groups).length < 32_000);
  });

  test('a pool is shown whole up to 100 entries, and beyond that by their count and digest', () => {
    const entries = Array.from({ length: 101 }, (_, i) => ({
      ProviderName: 'p',
      ClientId: `c${i}`,
    }));
    const pool = {
      IdentityPoolId: 'x',
      IdentityPoolName: 'x',
      AllowUnauthenticatedIdentities: true,
    };
    const hundred = { ...pool, CognitoIdentityProviders: entries.slice(1) };
    assert.equal(shown(hundred, 50_000), hundred);
    const more = shown({ ...pool, CognitoIdentityProviders: entries }, 50_000);
    const reversed = shown({ ...pool, CognitoIdentityProviders: entries.toReversed() }, 50_000);
    assert.deepEqual(more, reversed);
    const summary = more.CognitoIdentityProviders;
    assert.ok(summary && 'count' in summary);
    assert.equal(summary.count, 101);
    assert.match(summary.sha256, /^[0-9a-f]{64}$/);
    assert.equal(more.IdentityPoolName, 'x');
  });

  test('a pool never takes more room than it has, as long as its id and digests fit', () => {
    fc.assert(
      fc.property(identityPools, fc.integer({ min: 350, max: 2000 }), (pool, room) => {
        assert.ok(JSON.stringify(shown(pool, room)).length <= room);
      }),
    );
  });
});
