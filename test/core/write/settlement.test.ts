import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { callsBetween } from '../../../core/identity-pool/calls.ts';
import { cancelledIn } from '../../../core/identity-pool/cancelled.ts';
import { apply, type Change } from '../../../core/identity-pool/changes.ts';
import { entryKey, type IdentityPool } from '../../../core/identity-pool/identity-pool.ts';
import { type Intent, merge } from '../../../core/identity-pool/merge.ts';
import { sameSettings } from '../../../core/identity-pool/same-settings.ts';
import { shareEntries } from '../../../core/write/order.ts';
import type { WrittenShare } from '../../../core/write/records.ts';
import { settlementOf, unfinishedEntries } from '../../../core/write/settlement.ts';

const ProviderName = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_Settled01';
const roleMapping = { Type: 'Token', AmbiguousRoleResolution: 'Deny' };
const principalTags = { UseDefaults: true, PrincipalTags: {} };
const empty: IdentityPool = {
  IdentityPoolId: 'ap-south-1:pool',
  IdentityPoolName: 'pool',
  AllowUnauthenticatedIdentities: false,
  Roles: {},
  RoleMappings: {},
  PrincipalTags: {},
};
const intentOf = (clientId: string, operation: Intent['operation']): Intent => ({
  operation,
  providerName: ProviderName,
  clientId,
  serverSideTokenCheck: false,
  roleMapping,
  principalTags,
});
const linkedTo = (pool: IdentityPool, clientId: string) =>
  apply(pool, merge(pool, intentOf(clientId, 'link')));

/** A write for requests about different clients, and the pool after each of its calls. */
function writeOf(base: IdentityPool, intents: Intent[]) {
  let wanted = base;
  const shares = intents.map((intent): WrittenShare => {
    const changes = merge(wanted, intent);
    wanted = apply(wanted, changes);
    const key = `key-${intent.clientId}`;
    return { key, execution: `x:${key}`, links: ['settled'], intent, changes };
  });
  return { shares, wanted, states: [base, ...callsBetween(base, wanted).map(({ to }) => to)] };
}

/** A write for one request after the other, with what they cancel of each other. */
function writeTogether(base: IdentityPool, intents: Intent[]) {
  let wanted = base;
  const changes = intents.map((intent) => {
    const all = merge(wanted, intent);
    wanted = apply(wanted, all);
    return all;
  });
  const cancelled = cancelledIn(changes);
  const shares = intents.map((intent, i): WrittenShare => {
    const unseen = cancelled[i]!;
    return {
      key: `key-${i}`,
      execution: `x:key-${i}`,
      links: ['settled'],
      intent,
      changes: changes[i]!,
      ...(unseen.length > 0 && { cancelled: unseen }),
    };
  });
  return { shares, wanted };
}

const QUOTA = 50;
const clients = ['one', 'two', 'three', 'four'];
const anyWrite = fc
  .tuple(
    fc.subarray(clients),
    fc.uniqueArray(fc.record({ clientId: fc.constantFrom(...clients), link: fc.boolean() }), {
      selector: ({ clientId }) => clientId,
      minLength: 1,
    }),
  )
  .map(([there, asked]) =>
    writeOf(
      there.reduce(linkedTo, empty),
      asked.map(({ clientId, link }) => intentOf(clientId, link ? 'link' : 'unlink')),
    ),
  );
/** Any requests about a few app clients and their whole user pool, one after the other in one write. */
const anyTogether = fc
  .tuple(
    fc.subarray(clients),
    fc.array(
      fc.record({
        clientId: fc.constantFrom(...clients.slice(0, 2), undefined),
        link: fc.boolean(),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    fc.boolean(),
  )
  .map(([there, asked, areTagged]) => {
    const linked = there.reduce(linkedTo, empty);
    const base = areTagged ? linked : { ...linked, PrincipalTags: {} };
    const intents = asked.map(({ clientId = 'three', link }, i) => {
      const intent = intentOf(clientId, link ? 'link' : 'unlink');
      if (link || asked[i]?.clientId !== undefined) return intent;
      const { clientId: _, ...all } = intent;
      return all;
    });
    return { base, ...writeTogether(base, intents) };
  });

/** The entries and the role mappings of a pool, in any order. */
const shownOf = ({ CognitoIdentityProviders = [], RoleMappings = {} }: IdentityPool) => ({
  entries: CognitoIdentityProviders.map(entryKey).sort(),
  mappings: Object.keys(RoleMappings).sort(),
});
const isMapped = ({ RoleMappings = {} }: IdentityPool, key: string) =>
  Object.hasOwn(RoleMappings, key.replace(' ', ':'));

describe('the settlement of an interrupted write', () => {
  test('leaves no entry without the role mapping of its link', () => {
    fc.assert(
      fc.property(anyWrite, fc.nat(), ({ shares, states }, at) => {
        const pool = states[at % states.length]!;
        const { wanted } = settlementOf(pool, shares, [], QUOTA);
        for (const entry of wanted.CognitoIdentityProviders ?? []) {
          assert.ok(isMapped(wanted, entryKey(entry)), entryKey(entry));
        }
      }),
    );
  });

  test('completes each share, or none of it', () => {
    fc.assert(
      fc.property(anyWrite, fc.nat(), ({ shares, states }, at) => {
        const pool = states[at % states.length]!;
        const { wanted, done } = settlementOf(pool, shares, [], QUOTA);
        for (const { key, intent } of shares) {
          const isDone = done.some((each) => each.key === key);
          if (isDone) assert.deepEqual(merge(wanted, intent), [], key);
        }
        // A second settlement has nothing to do.
        const again = settlementOf(wanted, shares, [], QUOTA);
        assert.ok(sameSettings(again.wanted, wanted));
      }),
    );
  });

  test('lets a retry claim all of its changes, and makes only the missing calls', () => {
    fc.assert(
      fc.property(anyWrite, fc.nat(), ({ shares, wanted, states }, at) => {
        const pool = states[at % states.length]!;
        const settlement = settlementOf(pool, shares, shares, QUOTA);
        const left = shares.filter(({ key }) => !settlement.done.some((each) => each.key === key));
        let end = settlement.start;
        for (const { intent, changes } of left) {
          const claimed = merge(end, intent);
          const ops = (of: { op: string }[]) =>
            of.map(({ op }) => op).filter((op) => !op.endsWith('tag'));
          assert.deepEqual(ops(claimed), ops(changes as { op: string }[]));
          end = apply(end, claimed);
        }
        assert.ok(sameSettings(end, wanted));
        assert.ok(callsBetween(settlement.wanted, end).length <= 3);
      }),
    );
  });

  test('completes requests that cancel each other together, in their order', () => {
    const [link, unlink] = [intentOf('one', 'link'), intentOf('one', 'unlink')];
    const linked = linkedTo(empty, 'one');
    for (const [base, intents] of [
      [empty, [link, unlink]],
      [linked, [unlink, link]],
      [empty, [link, unlink, link]],
      [linked, [unlink, link, unlink]],
    ] as const) {
      const { shares, wanted } = writeTogether(base, [...intents, intentOf('two', 'link')]);
      const { done, wanted: settled } = settlementOf(wanted, shares, [], QUOTA);
      assert.deepEqual(done, shares);
      assert.ok(sameSettings(settled, wanted));
    }
  });

  test('keeps what a later request has linked while it finishes the unlink of the whole user pool', () => {
    const base = linkedTo(linkedTo(empty, 'one'), 'two');
    const { clientId: _, ...unlinkAll } = intentOf('one', 'unlink');
    const { shares, wanted } = writeTogether(base, [unlinkAll, intentOf('one', 'link')]);
    for (const { to } of callsBetween(base, wanted)) {
      const settlement = settlementOf(to, shares, [], QUOTA);
      assert.deepEqual(
        settlement.done.map(({ key }) => key),
        ['key-0', 'key-1'],
      );
      assert.ok(sameSettings(settlement.wanted, wanted));
    }
    // The write was never made. The link changes nothing but comes after the unlink, so it is not done either.
    assert.deepEqual(settlementOf(base, shares, [], QUOTA).done, []);
  });

  test('counts a link without changes as done although its principal tags are missing, if its entry was unlinked later', () => {
    const [link, unlink] = [intentOf('one', 'link'), intentOf('one', 'unlink')];
    const intents = [link, intentOf('two', 'link'), link, unlink, link];
    const { shares, wanted } = writeTogether(empty, intents);
    const [first] = callsBetween(empty, wanted);
    const { done } = settlementOf(first!.to, shares, [], QUOTA);
    assert.deepEqual(
      done.map(({ key }) => key),
      ['key-0', 'key-2', 'key-3'],
    );
  });

  test('claims no principal tags that the pool does not show and that no later request has reset', () => {
    fc.assert(
      fc.property(anyTogether, fc.nat(), ({ base, shares, wanted }, at) => {
        const states = [base, ...callsBetween(base, wanted).map(({ to }) => to)];
        const pool = states[at % states.length]!;
        const { done } = settlementOf(pool, shares, [], QUOTA);
        const tags = done.flatMap(({ changes, cancelled = [] }) =>
          changes.filter((each) => 'principalTags' in each && !cancelled.includes(each)),
        );
        const last = tags.at(-1);
        if (last?.op === 'tag') assert.ok(sameSettings(apply(pool, [last as Change]), pool));
      }),
    );
  });

  test('completes no request before an earlier one about the same entry', () => {
    fc.assert(
      fc.property(anyTogether, fc.nat(), ({ base, shares, wanted }, at) => {
        const states = [base, ...callsBetween(base, wanted).map(({ to }) => to)];
        const pool = states[at % states.length]!;
        const { done } = settlementOf(pool, shares, [], QUOTA);
        const isDone = ({ key }: WrittenShare) => done.some((each) => each.key === key);
        for (const [i, share] of shares.entries()) {
          const earlier = shares.slice(0, i).filter((other) => shareEntries(other, share));
          if (isDone(share)) assert.ok(earlier.every(isDone), share.key);
        }
      }),
    );
  });

  test('lets the remaining requests be repeated with the same result as without the interruption', () => {
    fc.assert(
      fc.property(anyTogether, fc.nat(), fc.boolean(), (write, at, areAsked) => {
        const { base, shares, wanted } = write;
        const states = [base, ...callsBetween(base, wanted).map(({ to }) => to)];
        const pool = states[at % states.length]!;
        const settlement = settlementOf(pool, shares, areAsked ? shares : [], QUOTA);
        const left = shares.filter(({ key }) => !settlement.done.some((each) => each.key === key));
        const end = left.reduce(
          (now, { intent }) => apply(now, merge(now, intent)),
          areAsked ? settlement.start : settlement.wanted,
        );
        assert.deepEqual(shownOf(end), shownOf(wanted));
      }),
    );
  });

  test('names the entries that exist without their role mapping or tags', () => {
    const { shares, states } = writeOf(empty, [intentOf('one', 'link')]);
    assert.deepEqual(
      states.map((pool) => [...unfinishedEntries(pool, shares)]),
      [[], [`${ProviderName} one`], [`${ProviderName} one`], []],
    );
  });

  test('takes back what the quota no longer allows', () => {
    const { shares, states } = writeOf(empty, [intentOf('one', 'link')]);
    const { wanted, start, done } = settlementOf(states[1]!, shares, shares, 0);
    assert.deepEqual(
      [wanted, start].map((pool) => pool.CognitoIdentityProviders),
      [[], []],
    );
    assert.deepEqual(done, []);
  });

  test('ignores what others have changed since', () => {
    const { shares, states } = writeOf(empty, [intentOf('one', 'link')]);
    const [provider] = states[1]!.CognitoIdentityProviders!;
    const changed = {
      ...states[1]!,
      CognitoIdentityProviders: [{ ...provider, ServerSideTokenCheck: true }],
    };
    for (const asked of [[], shares]) {
      const { wanted, done, seen } = settlementOf(changed, shares, asked, QUOTA);
      assert.deepEqual(wanted, changed);
      assert.deepEqual(
        done.map(({ changes }) => changes),
        [[{ op: 'add', provider }]],
      );
      assert.deepEqual(
        seen.parts.map(({ key }) => key),
        ['key-one'],
      );
    }
  });
});
