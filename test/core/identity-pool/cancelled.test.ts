import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cancelledIn } from '../../../core/identity-pool/cancelled.ts';
import { apply, type Change } from '../../../core/identity-pool/changes.ts';
import type { IdentityPool } from '../../../core/identity-pool/identity-pool.ts';
import type { Intent } from '../../../core/identity-pool/merge.ts';
import { sameSettings } from '../../../core/identity-pool/same-settings.ts';
import { batch } from '../../../core/write/batch.ts';

const bare: IdentityPool = {
  IdentityPoolId: 'ap-south-1:1',
  IdentityPoolName: 'bare',
  AllowUnauthenticatedIdentities: false,
  CognitoIdentityProviders: [],
  RoleMappings: {},
};

const intentOf = (operation: Intent['operation'], clientId: string | undefined): Intent => ({
  operation,
  providerName: 'idp/pool',
  serverSideTokenCheck: false,
  ...(clientId !== undefined && { clientId }),
});

// Few clients, so that requests conflict.
const intents = fc
  .array(
    fc.record({
      operation: fc.constantFrom('link', 'unlink'),
      clientId: fc.constantFrom('a', 'b', undefined),
      isChecked: fc.boolean(),
      isMapped: fc.boolean(),
      isTagged: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  .map((all) =>
    all.map(
      ({ operation, clientId, isChecked, isMapped, isTagged }): Intent => ({
        ...intentOf(operation, operation === 'link' ? (clientId ?? 'c') : clientId),
        serverSideTokenCheck: isChecked,
        ...(isMapped && { roleMapping: { Type: 'Token', AmbiguousRoleResolution: 'Deny' } }),
        ...(isTagged && { principalTags: { UseDefaults: true, PrincipalTags: {} } }),
      }),
    ),
  );

/** The changes of requests that are written together. */
function changesOf(
  pool: IdentityPool,
  all: Intent[],
): { wanted: IdentityPool; changes: Change[][] } {
  const asked = all.map((intent, i) => ({ key: `${i}`, intent, execution: '' }));
  const { wanted, shares } = batch(pool, asked, 50);
  return { wanted, changes: shares.map((share) => ('refused' in share ? [] : share.changes)) };
}

describe('what requests of one write cancel', () => {
  test('is not needed by the identity pool: the rest has the same effect', () => {
    fc.assert(
      fc.property(intents, intents, (before, all) => {
        const base = changesOf(bare, before).wanted;
        const { wanted, changes } = changesOf(base, all);
        const cancelled = new Set(cancelledIn(changes).flat());
        const rest = changes.flat().filter((change) => !cancelled.has(change));
        assert.ok(sameSettings(apply(base, rest), wanted));
        // The rest cancels nothing.
        assert.deepEqual(cancelledIn(rest.map((change) => [change])).flat(), []);
      }),
      { numRuns: 1000 },
    );
  });

  test('is the entry of a link and an unlink, for both', () => {
    const { changes } = changesOf(bare, [intentOf('link', 'a'), intentOf('unlink', 'a')]);
    assert.deepEqual(cancelledIn(changes), changes);
  });

  test('does not include the last of three', () => {
    const all = [intentOf('link', 'a'), intentOf('unlink', 'a'), intentOf('link', 'a')];
    const { changes } = changesOf(bare, all);
    assert.deepEqual(cancelledIn(changes), [changes[0], changes[1], []]);
  });

  test('is only what conflicts: the other entries of a user pool are removed', () => {
    const base = changesOf(bare, [intentOf('link', 'b')]).wanted;
    const { changes } = changesOf(base, [intentOf('link', 'a'), intentOf('unlink', undefined)]);
    const [, unlinked = []] = cancelledIn(changes);
    assert.deepEqual(
      unlinked.map(({ op, provider }) => [op, 'ClientId' in provider && provider.ClientId]),
      [['remove', 'a']],
    );
  });

  test('is nothing if an entry is added again with another token check', () => {
    const base = changesOf(bare, [intentOf('link', 'a')]).wanted;
    const again = { ...intentOf('link', 'a'), serverSideTokenCheck: true };
    const { changes } = changesOf(base, [intentOf('unlink', 'a'), again]);
    assert.deepEqual(cancelledIn(changes), [[], []]);
  });
});
