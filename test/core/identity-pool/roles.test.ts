import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  InvalidRequestError,
  ProviderQuotaError,
  UndoConflictError,
  UnknownPoolFieldError,
} from '../../../core/errors.ts';
import { callsBetween } from '../../../core/identity-pool/calls.ts';
import { apply, type ShownChange, shownChanges } from '../../../core/identity-pool/changes.ts';
import { diff } from '../../../core/identity-pool/difference.ts';
import {
  entriesOf,
  type IdentityPool,
  inShort,
  sendable,
} from '../../../core/identity-pool/identity-pool.ts';
import { type Intent, merge } from '../../../core/identity-pool/merge.ts';
import { checkQuota } from '../../../core/identity-pool/quota.ts';
import {
  INACTIVE,
  mappingKey,
  type PrincipalTagMap,
  parsePrincipalTags,
  parseRoles,
  type RoleMapping,
  sameMapping,
  short,
} from '../../../core/identity-pool/roles.ts';
import { sameSettings } from '../../../core/identity-pool/same-settings.ts';
import { shown } from '../../../core/identity-pool/shown-pool.ts';
import { namesIn } from '../../../core/issuer.ts';
import { besideOf, entrySettingsOf } from '../../../core/links/entry-settings.ts';
import type { Link, Links } from '../../../core/links/links.ts';
import { problemsOf } from '../../../core/links/problems.ts';
import { namesOfSame } from '../../../core/user-pool.ts';
import { batch } from '../../../core/write/batch.ts';
import { isShownChange } from '../../../core/write/records.ts';
import { clientIds, identityPools, providerNames } from '../arbitraries.ts';
import { isMet } from './is-met.ts';

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const role = (name: string) => `arn:aws:iam::222222222222:role/${name}`;
const token: RoleMapping = { Type: 'Token', AmbiguousRoleResolution: 'Deny' };
const rules = (...values: string[]): RoleMapping => ({
  Type: 'Rules',
  AmbiguousRoleResolution: 'Deny',
  RulesConfiguration: {
    Rules: values.map((Value) => ({
      Claim: 'c',
      MatchType: 'Equals',
      Value,
      RoleARN: role(Value),
    })),
  },
});

const mappings = fc.constantFrom(token, rules('a'), rules('a', 'b'), rules('b', 'a'));
const tagMaps: fc.Arbitrary<PrincipalTagMap> = fc.constantFrom(
  INACTIVE,
  { UseDefaults: true, PrincipalTags: {} },
  { UseDefaults: false, PrincipalTags: { team: 'custom:team' } },
);

/** Pools with roles and principal tags; a mapping belongs to an entry, or to another provider. */
const mappedPools: fc.Arbitrary<IdentityPool> = identityPools.chain((pool) => {
  const keys = [...entriesOf(pool).map(mappingKey), 'accounts.google.com'];
  const names = entriesOf(pool).map(({ ProviderName = '' }) => ProviderName);
  return fc.record({
    ...Object.fromEntries(Object.entries(pool).map(([key, value]) => [key, fc.constant(value)])),
    Roles: fc.constant({ authenticated: role('user') }),
    RoleMappings: fc.dictionary(fc.constantFrom(...keys), mappings, {
      maxKeys: 6,
      noNullPrototype: true,
    }),
    PrincipalTags: fc.dictionary(fc.constantFrom(...names, 'none'), tagMaps, {
      noNullPrototype: true,
    }),
  }) as unknown as fc.Arbitrary<IdentityPool>;
});

function underBothNames(intent: Intent): Intent {
  const [providerName = '', otherName] = namesOfSame(intent.providerName);
  return { ...intent, providerName, ...(otherName !== undefined && { otherName }) };
}

/** A pool and an intent, usually about an entry that the pool has. */
const wanting = mappedPools.chain((pool) => {
  const entries = entriesOf(pool);
  const known = <K extends 'ProviderName' | 'ClientId'>(key: K, other: fc.Arbitrary<string>) =>
    fc.oneof(other, fc.constantFrom(...entries.map((each) => each[key] ?? ''), 'again'));
  const intent: fc.Arbitrary<Intent> = fc.record(
    {
      operation: fc.constantFrom('link', 'unlink'),
      providerName: known('ProviderName', providerNames),
      clientId: known('ClientId', clientIds),
      serverSideTokenCheck: fc.boolean(),
      roleMapping: mappings,
      principalTags: tagMaps,
    },
    { requiredKeys: ['operation', 'providerName', 'serverSideTokenCheck'], noNullPrototype: true },
  );
  return fc.tuple(fc.constant(pool), fc.oneof(intent, intent.map(underBothNames)));
});

const always = (holds: (pool: IdentityPool, intent: Intent) => void) =>
  fc.assert(
    fc.property(wanting, ([pool, intent]) => holds(pool, intent)),
    { numRuns: 1000 },
  );

const isOf = (intent: Intent, key: string): boolean =>
  namesIn(intent).some((name) =>
    intent.clientId === undefined
      ? key.startsWith(`${name}:`)
      : key === `${name}:${intent.clientId}`,
  );

describe('role mappings and principal tags', () => {
  test('of others stay unchanged, and so do the roles', () => {
    always((pool, intent) => {
      const after = apply(pool, merge(pool, intent));
      assert.deepEqual(after.Roles, pool.Roles);
      const others = ({ RoleMappings = {} }: IdentityPool) =>
        Object.entries(RoleMappings).filter(([key]) => !isOf(intent, key));
      assert.deepEqual(others(after), others(pool));
      const tagsOfOthers = ({ PrincipalTags = {} }: IdentityPool) =>
        Object.entries(PrincipalTags).filter(([name]) => !namesIn(intent).includes(name));
      assert.deepEqual(tagsOfOthers(after), tagsOfOthers(pool));
    });
  });

  test('are as wanted after one merge, and existing ones are kept', () => {
    always((pool, intent) => {
      const after = apply(pool, merge(pool, intent));
      assert.deepEqual(merge(after, intent), []);
      assert.ok(isMet(after, intent));
      if (intent.operation === 'unlink') {
        assert.ok(!Object.keys(after.RoleMappings!).some((key) => isOf(intent, key)));
        return;
      }
      const wanted = intent.clientId === undefined ? undefined : intent.roleMapping;
      for (const name of namesIn(intent)) {
        const key = `${name}:${intent.clientId}`;
        assert.deepEqual(after.RoleMappings![key], pool.RoleMappings![key] ?? wanted);
      }
    });
  });

  test('are made by calls that each leave only mappings of existing entries', () => {
    always((pool, intent) => {
      const wanted = apply(pool, merge(pool, intent));
      const calls = callsBetween(pool, wanted);
      assert.equal(calls.length === 0, sameSettings(pool, wanted));
      assert.ok(sameSettings(calls.at(-1)?.to ?? pool, wanted));
      let from = pool;
      for (const { operation, to, providerName } of calls) {
        const keys = new Set([...entriesOf(to).map(mappingKey), 'accounts.google.com']);
        assert.ok(Object.keys(to.RoleMappings!).every((key) => keys.has(key)));
        const settings = JSON.stringify(sendable(to)) === JSON.stringify(sendable(from));
        assert.equal(settings, operation !== 'UpdateIdentityPool');
        const members = new Set(diff(from, to).map(({ member }) => member));
        const own = {
          UpdateIdentityPool: 'CognitoIdentityProviders',
          SetIdentityPoolRoles: 'RoleMappings',
          SetPrincipalTagAttributeMap: 'PrincipalTags',
        };
        assert.deepEqual(
          [...members].filter((member) => member !== own[operation]),
          [],
        );
        const isTagging = operation === 'SetPrincipalTagAttributeMap';
        const has = (at: IdentityPool) =>
          entriesOf(at).some(({ ProviderName }) => ProviderName === providerName);
        if (isTagging && has(pool)) assert.ok(has(to), 'tags are reset before their entry goes');
        assert.equal(namesIn(intent).includes(providerName ?? ''), isTagging);
        from = to;
      }
    });
  });

  test('that were set or removed are as before after an undo, and after a second undo', () => {
    always((pool, intent) => {
      const changes = merge(pool, intent);
      const after = apply(pool, changes);
      const { principalTags: _, ...untagged } = intent;
      const undo: Intent = { ...untagged, takeBack: shownChanges(changes) };
      const back = merge(after, undo);
      const undone = apply(after, back);
      // The tags of a user pool stay while it has another client.
      const stays = (name: string) =>
        intent.operation === 'link' &&
        entriesOf(undone).some(({ ProviderName }) => ProviderName === name);
      const staying = Object.entries(after.PrincipalTags!).filter(([name]) => stays(name));
      const PrincipalTags = { ...pool.PrincipalTags, ...Object.fromEntries(staying) };
      assert.ok(sameSettings(undone, { ...pool, PrincipalTags }));
      assert.ok(isMet(undone, undo));
      const again: Intent = { ...untagged, takeBack: shownChanges(back) };
      assert.ok(sameSettings(apply(undone, merge(undone, again)), after));
    });
  });

  test('are set again with an app client that an undo links again, even if another client kept them', () => {
    const principalTags = { UseDefaults: true, PrincipalTags: {} };
    const asked = (operation: 'link' | 'unlink', clientId: string): Intent => ({
      operation,
      providerName: 'p',
      clientId,
      serverSideTokenCheck: false,
      principalTags,
    });
    const untagged = { ...bare, PrincipalTags: {} };
    const first = apply(untagged, merge(untagged, asked('link', 'first')));
    const both = apply(first, merge(first, asked('link', 'second')));
    // The second keeps the tags, and removes them when it is unlinked later.
    const undone = merge(both, {
      ...asked('unlink', 'first'),
      takeBack: merge(bare, asked('link', 'first')),
    });
    assert.deepEqual(
      undone.map(({ op }) => op),
      ['remove'],
    );
    const alone = apply(both, undone);
    const none = apply(alone, merge(alone, asked('unlink', 'second')));
    const again: Intent = { ...asked('link', 'first'), takeBack: undone };
    const back = merge(none, again);
    assert.deepEqual(
      back.map(({ op }) => op),
      ['add', 'tag'],
    );
    const linked = apply(none, back);
    assert.deepEqual(linked.PrincipalTags, { p: principalTags });
    assert.ok(isMet(linked, again));
    // A write that was interrupted between the two is finished.
    const cut = { ...linked, PrincipalTags: none.PrincipalTags! };
    assert.deepEqual(
      merge(cut, again).map(({ op }) => op),
      ['tag'],
    );
    // Existing tags are not changed.
    const others = { p: { UseDefaults: false, PrincipalTags: { a: 'b' } } };
    assert.deepEqual(
      merge({ ...none, PrincipalTags: others }, again).map(({ op }) => op),
      ['add'],
    );
  });

  test('end the same in a common write as in one write after the other', () => {
    fc.assert(
      fc.property(wanting, wanting, ([pool, first], [, second]) => {
        const asked = [first, second].map((intent, i) => ({ key: `${i}`, intent, execution: '' }));
        const { wanted } = batch(pool, asked, 1000);
        const one = apply(pool, merge(pool, first));
        assert.ok(sameSettings(wanted, apply(one, merge(one, second))));
      }),
    );
  });

  const provider = { ProviderName: 'p', ClientId: 'c' };
  const bare: IdentityPool = {
    IdentityPoolId: POOL,
    IdentityPoolName: 'pool',
    AllowUnauthenticatedIdentities: false,
    Roles: {},
    RoleMappings: {},
    PrincipalTags: {},
  };
  const withEntry: IdentityPool = { ...bare, CognitoIdentityProviders: [provider] };
  const link: Intent = {
    operation: 'link',
    providerName: 'p',
    clientId: 'c',
    serverSideTokenCheck: false,
    roleMapping: token,
  };

  test('left behind by a removed entry do not apply to a new one', () => {
    const pool = { ...bare, RoleMappings: { 'p:c': rules('admin') } };
    const changes = merge(pool, link);
    assert.deepEqual(
      changes.map(({ op }) => op),
      ['add', 'unmap', 'map'],
    );
    assert.deepEqual(
      callsBetween(pool, apply(pool, changes)).map(({ operation, to }) => [
        ...[operation, Object.keys(to.RoleMappings!).length],
      ]),
      [
        ['SetIdentityPoolRoles', 0],
        ['UpdateIdentityPool', 0],
        ['SetIdentityPoolRoles', 1],
      ],
    );
    const same = merge({ ...bare, RoleMappings: { 'p:c': token } }, link);
    assert.deepEqual(
      same.map(({ op }) => op),
      ['add'],
    );
  });

  test('are ignored if no link has any', () => {
    const { Roles: _, RoleMappings: __, PrincipalTags: ___, ...plain } = withEntry;
    assert.deepEqual(merge(plain, link), []);
    assert.deepEqual(apply(plain, [{ op: 'map', provider, roleMapping: token }]), plain);
    assert.deepEqual(callsBetween(plain, plain), []);
  });

  test('that others changed since are not undone', () => {
    const undo = (...takeBack: ShownChange[]): Intent => ({ ...link, takeBack });
    const mapped = { ...withEntry, RoleMappings: { 'p:c': rules('a') } };
    const tagged = {
      ...withEntry,
      PrincipalTags: { p: { UseDefaults: true, PrincipalTags: {} } },
    };
    const principalTags = { UseDefaults: false, PrincipalTags: { a: 'b' } };
    const ofUserPool = { ProviderName: 'p' };
    for (const [pool, change] of [
      [mapped, { op: 'map', provider, roleMapping: token }],
      [mapped, { op: 'unmap', provider, roleMapping: token }],
      [mapped, { op: 'add', provider }],
      [tagged, { op: 'tag', provider: ofUserPool, principalTags }],
      [tagged, { op: 'untag', provider: ofUserPool, principalTags }],
    ] as [IdentityPool, ShownChange][]) {
      assert.throws(() => merge(pool, undo(change)), UndoConflictError);
      assert.ok(!isMet(pool, undo(change)));
    }
    assert.throws(() => merge(mapped, undo({ op: 'add', provider })), /"roleMapping":"default"/);
    assert.deepEqual(merge(bare, undo({ op: 'unmap', provider, roleMapping: token })), []);
  });

  test('of a removed entry stop only the requests that need a role mapping', () => {
    const providerName = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A';
    const entry = { ProviderName: providerName, ClientId: 'a' };
    const dead = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_B:gone';
    const RoleMappings = {
      [mappingKey(entry)]: token,
      [dead]: rules('x'),
      'accounts.google.com': token,
    };
    const pool = { ...bare, CognitoIdentityProviders: [entry], RoleMappings };
    const common = { providerName, serverSideTokenCheck: false } as const;
    const all: Intent[] = [
      { ...common, operation: 'link', clientId: 'b', roleMapping: token },
      { ...common, operation: 'link', clientId: 'c' },
      { ...common, operation: 'unlink', clientId: 'a' },
    ];
    const asked = all.map((intent, i) => ({ key: `${i}`, intent, execution: '' }));
    const { shares, wanted } = batch(pool, asked, 50);
    const ops = shares.map((each) =>
      'refused' in each ? each.error : each.changes.map(({ op }) => op),
    );
    assert.deepEqual(ops, ['RoleMappingError', ['add'], ['remove']]);
    assert.deepEqual(wanted.RoleMappings, RoleMappings);

    const behind = { ...common, operation: 'unlink', leftBehind: true } as const;
    const of = (userPoolId: string, clientId: string): Intent => ({
      ...behind,
      clientId,
      providerName: `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`,
    });
    assert.deepEqual(merge(wanted, of('us-east-1_B', 'other')), []);
    assert.throws(() => merge(pool, of('us-east-1_A', 'a')), InvalidRequestError);
    const cleared = apply(wanted, merge(wanted, of('us-east-1_B', 'gone')));
    assert.deepEqual(Object.keys(cleared.RoleMappings!), ['accounts.google.com']);
    checkQuota(wanted, merge(wanted, of('us-east-1_B', 'gone')), 50, '');
  });

  test('are limited to ten, and a pool that has more may still lose some', () => {
    const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`p:${i}`, token]));
    const full = { ...withEntry, RoleMappings: ten };
    const map = { op: 'map' as const, provider, roleMapping: token };
    assert.throws(() => checkQuota(full, [map], 50, ''), ProviderQuotaError);
    assert.throws(() => checkQuota(full, [map], 50, ''), /already holds 10 of 10 role mappings/);
    const more = { ...full, RoleMappings: { ...ten, more: token } };
    checkQuota(more, [{ ...map, op: 'unmap' }], 50, '');
    const { 'p:0': _, ...nine } = ten;
    checkQuota({ ...full, RoleMappings: nine }, [map], 50, '');
  });

  test('are shown as digests in a pool, and in changes if there is no room for them', () => {
    const pool = { ...withEntry, RoleMappings: { 'p:c': rules('a') } };
    assert.deepEqual(shown(pool, 10_000).RoleMappings, { 'p:c': short(rules('a')) });
    assert.ok(sameSettings(pool, inShort(pool)));
    const change = { op: 'unmap' as const, provider, roleMapping: rules('a') };
    const entry = { op: 'remove' as const, provider };
    assert.deepEqual(shownChanges([change, entry], 500), [change, entry]);
    const inDigests = shownChanges([change, entry], 100);
    assert.deepEqual(inDigests, [{ ...change, roleMapping: short(rules('a')) }, entry]);
    assert.ok(inDigests.every(isShownChange));
    const many = Array.from({ length: 101 }, () => entry);
    assert.deepEqual(
      shownChanges([change, ...many], 500).map(({ op }) => op),
      ['remove', 'unmap'],
    );
    assert.ok(!isShownChange({ ...change, roleMapping: { sha256: 'a', Type: 'Token' } }));
    assert.ok(!isShownChange({ ...change, op: 'add' }));
    const principalTags = { UseDefaults: true, PrincipalTags: {} };
    assert.ok(isShownChange({ op: 'tag', provider, principalTags }));
    assert.ok(!isShownChange({ op: 'tag', provider, principalTags: { UseDefaults: true } }));
  });

  test('are compared without the order of maps, but with the order of rules', () => {
    assert.ok(sameMapping(rules('a', 'b'), short(rules('a', 'b'))));
    assert.ok(!sameMapping(rules('a', 'b'), rules('b', 'a')));
    assert.ok(!sameMapping(token, { ...token, AmbiguousRoleResolution: 'AuthenticatedRole' }));
    assert.ok(!sameMapping(token, { ...token, Type: 'Rules' }));
    assert.ok(sameMapping({ Type: 'Token' }, { Type: 'Token', AmbiguousRoleResolution: '' }));
  });
});

describe('roles and principal tags in the answers of AWS', () => {
  test('are read unchanged, and absent members as none', () => {
    const RoleMappings = { 'p:c': rules('a') };
    const Roles = { authenticated: role('user') };
    assert.deepEqual(parseRoles({ IdentityPoolId: POOL, Roles, RoleMappings }), {
      Roles,
      RoleMappings,
    });
    assert.deepEqual(parseRoles({ IdentityPoolId: POOL }), { Roles: {}, RoleMappings: {} });
    const tags = { UseDefaults: true, PrincipalTags: { a: 'b' } };
    const named = { IdentityPoolId: POOL, IdentityProviderName: 'p' };
    assert.deepEqual(parsePrincipalTags({ ...named, ...tags }), tags);
    assert.deepEqual(parsePrincipalTags(named), INACTIVE);
  });

  test('stop the write if they can not be sent back', () => {
    const mapping = { ...rules('a'), New: 1 };
    const [first] = rules('a').RulesConfiguration!.Rules;
    const rule = { ...token, RulesConfiguration: { Rules: [{ ...first, New: 1 }] } };
    for (const answer of [
      { New: {} },
      { RoleMappings: { 'p:c': mapping } },
      { RoleMappings: { 'p:c': rule } },
      { RoleMappings: { 'p:c': { ...token, RulesConfiguration: { New: [] } } } },
      { Roles: { authenticated: 1 } },
    ]) {
      assert.throws(() => parseRoles(answer), UnknownPoolFieldError);
    }
    assert.throws(() => parsePrincipalTags({ New: 1 }), UnknownPoolFieldError);
    assert.throws(() => parsePrincipalTags({ UseDefaults: 'yes' }), UnknownPoolFieldError);
  });
});

describe('roles and principal tags in links.yml', () => {
  const link = (more: Partial<Link> = {}): Link => ({
    userPools: ['us-east-1_A'],
    clients: ['*'],
    identityPool: POOL,
    roleArn: role('poolbridge-link'),
    serverSideTokenCheck: false,
    providerQuota: 50,
    onDelete: 'keep',
    ...more,
  });
  const settings = (links: Links) => entrySettingsOf(links, Object.keys(links));

  test('are sent to AWS in the terms of its API', () => {
    assert.deepEqual(settings({ a: link({ roleMapping: 'token', ambiguous: 'authenticated' }) }), {
      serverSideTokenCheck: false,
      roleMapping: { Type: 'Token', AmbiguousRoleResolution: 'AuthenticatedRole' },
    });
    const each = ['equals', 'contains', 'startsWith', 'notEqual'] as const;
    const rule = (match: (typeof each)[number]) => ({
      claim: 'c',
      match,
      value: 'v',
      role: role('r'),
    });
    const { roleMapping } = settings({ a: link({ roleMapping: { rules: each.map(rule) } }) });
    assert.deepEqual(roleMapping, {
      Type: 'Rules',
      AmbiguousRoleResolution: 'Deny',
      RulesConfiguration: {
        Rules: ['Equals', 'Contains', 'StartsWith', 'NotEqual'].map((MatchType) => ({
          Claim: 'c',
          MatchType,
          Value: 'v',
          RoleARN: role('r'),
        })),
      },
    });
    const tags = (principalTags: Link['principalTags'] & {}) =>
      settings({ a: link({ principalTags }) }).principalTags;
    assert.deepEqual(tags('default'), { UseDefaults: true, PrincipalTags: {} });
    assert.deepEqual(tags({ a: 'b' }), { UseDefaults: false, PrincipalTags: { a: 'b' } });
    assert.equal(tags('inactive'), undefined);
  });

  test('are those of the first link that has them', () => {
    const links = {
      a: link(),
      b: link({ roleMapping: 'default', principalTags: 'default' }),
      c: link({ roleMapping: 'token', principalTags: 'inactive', serverSideTokenCheck: true }),
    };
    assert.deepEqual(settings(links), {
      serverSideTokenCheck: true,
      principalTags: { UseDefaults: true, PrincipalTags: {} },
    });
    assert.ok('roleMapping' in entrySettingsOf(links, ['a', 'c']));
    assert.deepEqual(entrySettingsOf(links, ['gone', 'toString']), { serverSideTokenCheck: false });
  });

  test('decide whether those of the identity pool are read', () => {
    const links = {
      a: link({ roleMapping: 'default', principalTags: 'inactive' }),
      b: link({ roleMapping: 'token', identityPool: 'eu-west-1:1' }),
      c: link({ principalTags: 'default', identityPool: 'eu-west-1:2' }),
    };
    assert.deepEqual(besideOf(links, POOL), { roles: false, principalTags: false });
    assert.deepEqual(besideOf(links, 'eu-west-1:1'), { roles: true, principalTags: false });
    assert.deepEqual(besideOf(links, 'eu-west-1:2'), { roles: false, principalTags: true });
  });

  test('are refused if there are more role mappings than AWS allows', () => {
    const userPools = Array.from({ length: 6 }, (_, i) => `us-east-1_${i}`);
    const mapped = (more: Partial<Link>) => link({ userPools, roleMapping: 'token', ...more });
    const twice = { a: mapped({ clients: ['a', 'b'] }) };
    assert.deepEqual(problemsOf(twice), [
      {
        path: ['links', 'a', 'roleMapping'],
        message: `is one too many: the links to ${POOL} ask for 12 role mappings or more, and AWS allows 10 in an identity pool`,
      },
    ]);
    assert.deepEqual(problemsOf({ a: mapped({ clients: ['a', 'b*', '?'] }), b: mapped({}) }), []);
    const five = userPools.slice(1);
    assert.deepEqual(problemsOf({ a: mapped({ userPools: five, clients: ['a', 'b'] }) }), []);
    const split = { a: mapped({ clients: ['a'] }), b: mapped({ clients: ['b'] }) };
    assert.deepEqual(problemsOf(split)[0]?.path, ['links', 'b', 'roleMapping']);
    const apart = { a: split.a, b: { ...split.b, identityPool: 'eu-west-1:1' } };
    assert.deepEqual(problemsOf(apart), []);
    assert.deepEqual(problemsOf({ a: { ...twice.a, roleMapping: 'default' } }), []);
  });

  test('are refused if a role is in another account, or one user pool has two tag maps', () => {
    const rule = { claim: 'c', match: 'equals' as const, value: 'v' };
    const own = { ...rule, role: role('r') };
    const other = { ...rule, role: 'arn:aws:iam::333333333333:role/r' };
    const [problem] = problemsOf({ a: link({ roleMapping: { rules: [own, other] } }) });
    assert.deepEqual(problem, {
      path: ['links', 'a', 'roleMapping'],
      message:
        "names the role arn:aws:iam::333333333333:role/r, which is not in the identity pool's account 222222222222",
    });
    const tagged = (principalTags: Link['principalTags'] & {}, more: Partial<Link> = {}) =>
      link({ principalTags, ...more });
    const disputed = { a: tagged({ a: 'b', c: 'd' }), b: tagged('default') };
    assert.deepEqual(problemsOf(disputed), [
      {
        path: ['links', 'b', 'principalTags'],
        message:
          'must be the same as in links.a: both name us-east-1_A, and an identity pool has one map for all clients of a user pool',
      },
    ]);
    assert.deepEqual(problemsOf({ ...disputed, b: tagged({ c: 'd', a: 'b' }) }), []);
    assert.deepEqual(problemsOf({ ...disputed, b: link() }), []);
    const elsewhere = { ...disputed.b, identityPool: 'eu-west-1:1' };
    assert.deepEqual(problemsOf({ ...disputed, b: elsewhere }), []);
    const { userPools: _, ...byTags } = tagged('default', { userPoolTags: { a: 'b' } });
    assert.deepEqual(problemsOf({ ...disputed, b: byTags }), []);
  });
});
