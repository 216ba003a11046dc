import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { UnknownPoolFieldError } from '../../../core/errors.ts';
import { diff } from '../../../core/identity-pool/difference.ts';
import { digestOf } from '../../../core/identity-pool/digest.ts';
import {
  entriesOf,
  entryKey,
  type IdentityPool,
  parseIdentityPool,
  sendable,
} from '../../../core/identity-pool/identity-pool.ts';
import { sameSettings } from '../../../core/identity-pool/same-settings.ts';
import { isShownPool, shown } from '../../../core/identity-pool/shown-pool.ts';
import { identityPools } from '../arbitraries.ts';

const bare: IdentityPool = {
  IdentityPoolId: 'ap-south-1:1',
  IdentityPoolName: 'bare',
  AllowUnauthenticatedIdentities: false,
};

const refuses = (answer: unknown, at: string) =>
  assert.throws(
    () => parseIdentityPool(answer),
    (error: Error) => {
      assert.ok(error instanceof UnknownPoolFieldError);
      assert.ok(error.message.includes(`at ${at},`), error.message);
      assert.match(error.message, /nothing was written/);
      return true;
    },
  );

describe('reading a description', () => {
  test('every member is kept, and absent members stay absent', () => {
    fc.assert(
      fc.property(identityPools, (pool) => {
        assert.deepEqual(parseIdentityPool(JSON.parse(JSON.stringify(pool))), pool);
      }),
    );
  });

  test('an unknown member is an error, at any depth', () => {
    refuses({ ...bare, NewSwitch: true }, 'IdentityPool.NewSwitch');
    refuses(
      { ...bare, CognitoIdentityProviders: [{ ClientId: 'a' }, { ClientId: 'b', Scope: 'x' }] },
      'IdentityPool.CognitoIdentityProviders[1].Scope',
    );
  });

  test('a member with the name of a JavaScript built-in is unknown too', () => {
    refuses(JSON.parse('{"__proto__": {}, "IdentityPoolId": "x"}'), 'IdentityPool.__proto__');
    refuses({ ...bare, constructor: 'x' }, 'IdentityPool.constructor');
    refuses({ ...bare, toString: 'x' }, 'IdentityPool.toString');
  });

  test('a member of an unexpected type is an error', () => {
    refuses(
      { ...bare, AllowUnauthenticatedIdentities: 'no' },
      'IdentityPool.AllowUnauthenticatedIdentities',
    );
    refuses({ ...bare, IdentityPoolName: 7 }, 'IdentityPool.IdentityPoolName');
    refuses({ ...bare, SamlProviderARNs: 'arn' }, 'IdentityPool.SamlProviderARNs');
    refuses({ ...bare, SamlProviderARNs: ['arn', 1] }, 'IdentityPool.SamlProviderARNs[1]');
    refuses({ ...bare, IdentityPoolTags: ['a'] }, 'IdentityPool.IdentityPoolTags');
    refuses({ ...bare, IdentityPoolTags: { a: 1 } }, 'IdentityPool.IdentityPoolTags.a');
    refuses(
      { ...bare, CognitoIdentityProviders: ['x'] },
      'IdentityPool.CognitoIdentityProviders[0]',
    );
    refuses('pool', 'IdentityPool');
    refuses(null, 'IdentityPool');
    refuses([], 'IdentityPool');
  });

  test('a description without the required members is an error', () => {
    for (const name of Object.keys(bare)) {
      refuses({ ...bare, [name]: undefined }, `IdentityPool.${name}`);
      refuses({ ...bare, [name]: null }, `IdentityPool.${name}`);
    }
  });

  const wrong: [object, RegExp][] = [
    [{ IdentityPoolName: 7 }, /with a value that is not a string at/],
    [{ AllowClassicFlow: 'no' }, /with a value that is not true or false at/],
    [{ SamlProviderARNs: 'arn' }, /with a value that is not a list at/],
    [{ IdentityPoolTags: [] }, /with a value that is not a map at/],
    [{ CognitoIdentityProviders: ['x'] }, /with a value that is not an object at/],
    [{ NewSwitch: true }, /with a new member at/],
    [{ IdentityPoolName: null }, /with nothing at/],
    [{ ['x'.repeat(5000)]: 1 }, /^.{0,500}$/],
  ];
  for (const [member, said] of wrong) {
    test(`the error says what is wrong: ${said}`, () => {
      assert.throws(() => parseIdentityPool({ ...bare, ...member }), said);
    });
  }

  test('null means absent', () => {
    assert.deepEqual(parseIdentityPool({ ...bare, AllowClassicFlow: null }), bare);
  });
});

describe('what is sent back', () => {
  test('every member is sent as described, except the tags that only AWS may write', () => {
    fc.assert(
      fc.property(identityPools, (pool) => {
        const { IdentityPoolTags: tags = {}, ...rest } = pool;
        const { IdentityPoolTags: sentTags = {}, ...sent } = sendable(pool);
        assert.deepEqual(sent, rest);
        const own = Object.entries(tags).filter(([key]) => !key.startsWith('aws:'));
        assert.deepEqual(Object.entries(sentTags), own);
      }),
    );
  });

  test('no tags are sent if a pool has only those of AWS', () => {
    const pool = { ...bare, IdentityPoolTags: { 'aws:cloudformation:stack-name': 'x' } };
    assert.deepEqual(sendable(pool), bare);
    assert.deepEqual(sendable({ ...bare, IdentityPoolTags: { 'AWS:x': 'y' } }), bare);
  });

  test('an empty map of tags stays empty', () => {
    assert.deepEqual(sendable({ ...bare, IdentityPoolTags: {} }), {
      ...bare,
      IdentityPoolTags: {},
    });
  });
});

const reversed = <T>(map?: Record<string, T>) =>
  map && Object.fromEntries(Object.entries(map).reverse());

describe('comparing', () => {
  test('the order in which AWS lists things is ignored', () => {
    fc.assert(
      fc.property(identityPools, (pool) => {
        const shuffled = JSON.parse(
          JSON.stringify({
            ...pool,
            CognitoIdentityProviders: pool.CognitoIdentityProviders?.toReversed(),
            OpenIdConnectProviderARNs: pool.OpenIdConnectProviderARNs?.toReversed(),
            SamlProviderARNs: pool.SamlProviderARNs?.toReversed(),
            SupportedLoginProviders: reversed(pool.SupportedLoginProviders),
            IdentityPoolTags: reversed(pool.IdentityPoolTags),
          }),
        ) as IdentityPool;
        assert.ok(sameSettings(pool, shuffled));
        assert.equal(digestOf(pool), digestOf(shuffled));
        assert.deepEqual(diff(pool, shuffled), []);
      }),
    );
  });

  test('an absent member equals its default', () => {
    const explicit: IdentityPool = {
      ...bare,
      AllowClassicFlow: false,
      SupportedLoginProviders: {},
      OpenIdConnectProviderARNs: [],
      CognitoIdentityProviders: [],
      SamlProviderARNs: [],
      IdentityPoolTags: { 'aws:x': 'y' },
    };
    assert.ok(sameSettings(bare, explicit));
    assert.ok(sameSettings(bare, { ...bare, DeveloperProviderName: '' }));
    const entry = { ProviderName: 'p', ClientId: 'c' };
    assert.ok(
      sameSettings(
        { ...bare, CognitoIdentityProviders: [entry] },
        { ...bare, CognitoIdentityProviders: [{ ...entry, ServerSideTokenCheck: false }] },
      ),
    );
  });

  const full: IdentityPool = {
    ...bare,
    AllowClassicFlow: true,
    SupportedLoginProviders: { 'accounts.example.com': 'app' },
    DeveloperProviderName: 'dev',
    OpenIdConnectProviderARNs: ['oidc'],
    CognitoIdentityProviders: [{ ProviderName: 'p', ClientId: 'c', ServerSideTokenCheck: true }],
    SamlProviderARNs: ['saml'],
    IdentityPoolTags: { team: 'mobile' },
    Roles: { authenticated: 'role' },
    RoleMappings: { 'p:c': { Type: 'Token', AmbiguousRoleResolution: 'Deny' } },
    PrincipalTags: { p: { UseDefaults: true, PrincipalTags: {} } },
  };
  const other: { [Member in keyof IdentityPool]-?: IdentityPool[Member] } = {
    IdentityPoolId: 'ap-south-1:2',
    IdentityPoolName: 'other',
    AllowUnauthenticatedIdentities: true,
    AllowClassicFlow: false,
    SupportedLoginProviders: { 'accounts.example.com': 'other' },
    DeveloperProviderName: 'other',
    OpenIdConnectProviderARNs: ['oidc', 'other'],
    CognitoIdentityProviders: [{ ProviderName: 'p', ClientId: 'c' }],
    SamlProviderARNs: [],
    IdentityPoolTags: { team: 'web' },
    Roles: { authenticated: 'other' },
    RoleMappings: { 'p:c': { Type: 'Token', AmbiguousRoleResolution: 'AuthenticatedRole' } },
    PrincipalTags: { p: { UseDefaults: false, PrincipalTags: {} } },
  };

  for (const [member, value] of Object.entries(other)) {
    test(`another ${member} is a difference`, () => {
      const changed = { ...full, [member]: value };
      assert.ok(!sameSettings(full, changed));
      // The principal tags of other user pools may differ, so the digest does not include them.
      const isDigested = member !== 'PrincipalTags';
      assert.equal(digestOf(full) !== digestOf(changed), isDigested);
      if (member === 'IdentityPoolId') return;
      const [first, ...more] = diff(full, changed);
      assert.equal(first?.member, member);
      assert.deepEqual(more, []);
    });
  }

  test('pools are the same if and only if they have no difference', () => {
    fc.assert(
      fc.property(identityPools, identityPools, (a, b) => {
        const plain = (pool: IdentityPool): IdentityPool => {
          const { IdentityPoolTags: tags = {}, ...rest } = pool;
          const own = Object.entries(tags).filter(([key]) => !key.startsWith('aws:'));
          return { AllowClassicFlow: false, ...rest, IdentityPoolTags: Object.fromEntries(own) };
        };
        assert.equal(diff(plain(a), plain(b)).length === 0, sameSettings(a, b));
      }),
    );
  });

  test('a difference has the values before and after', () => {
    assert.deepEqual(diff(full, { ...full, IdentityPoolName: 'other' }), [
      { op: 'change', member: 'IdentityPoolName', before: 'bare', after: 'other' },
    ]);
    assert.deepEqual(
      diff(bare, full).map(({ op, member }) => `${op} ${member}`),
      [
        'add AllowClassicFlow',
        'add DeveloperProviderName',
        'add SupportedLoginProviders',
        'add IdentityPoolTags',
        'add OpenIdConnectProviderARNs',
        'add SamlProviderARNs',
        'add CognitoIdentityProviders',
      ],
    );
    assert.deepEqual(diff(full, { ...full, SamlProviderARNs: [] }), [
      { op: 'remove', member: 'SamlProviderARNs', before: 'saml' },
    ]);
    assert.deepEqual(diff(full, { ...full, IdentityPoolTags: { team: 'web' } }), [
      {
        op: 'change',
        member: 'IdentityPoolTags',
        before: { team: 'mobile' },
        after: { team: 'web' },
      },
    ]);
  });

  test('a changed flag of an entry is a difference', () => {
    const entry = { ProviderName: 'p', ClientId: 'c' };
    const before = {
      ...bare,
      CognitoIdentityProviders: [{ ...entry, ServerSideTokenCheck: true }],
    };
    const after = { ...bare, CognitoIdentityProviders: [entry] };
    const off = { ...entry, ServerSideTokenCheck: false };
    assert.deepEqual(diff(before, after), [
      {
        op: 'change',
        member: 'CognitoIdentityProviders',
        before: { ...entry, ServerSideTokenCheck: true },
        after: off,
      },
    ]);
  });

  test('entries shown in full and entries shown as a digest differ', () => {
    const full = { ...bare, CognitoIdentityProviders: [] };
    const short = { ...bare, CognitoIdentityProviders: { count: 0, sha256: 'a' } };
    for (const [before, after] of [
      [full, short],
      [short, full],
    ] as const) {
      assert.deepEqual(diff(before, after), [
        {
          op: 'change',
          member: 'CognitoIdentityProviders',
          before: before.CognitoIdentityProviders,
          after: after.CognitoIdentityProviders,
        },
      ]);
    }
  });

  test('pools shown as digests are compared by them', () => {
    const summary = (sha256: string) => ({
      ...bare,
      CognitoIdentityProviders: { count: 200, sha256 },
    });
    assert.deepEqual(diff(summary('a'), summary('a')), []);
    assert.deepEqual(diff(summary('a'), summary('b')), [
      {
        op: 'change',
        member: 'CognitoIdentityProviders',
        before: { count: 200, sha256: 'a' },
        after: { count: 200, sha256: 'b' },
      },
    ]);
    const digest = (sha256: string) => ({ IdentityPoolId: 'x', sha256 });
    assert.deepEqual(diff(digest('a'), digest('a')), []);
    assert.equal(diff(digest('a'), digest('b')).length, 1);
    for (const [before, after] of [
      [full, digest('b')],
      [digest('b'), full],
    ] as const) {
      assert.deepEqual(diff(before, after), [
        { op: 'change', member: 'IdentityPool', before, after },
      ]);
    }
  });

  test('a pool without entries has an empty list of them', () => {
    assert.deepEqual(entriesOf(bare), []);
  });
});

describe('showing', () => {
  const tagged = { ...bare, IdentityPoolTags: { team: 'x'.repeat(300) } };

  test('includes the whole pool if it just fits', () => {
    assert.deepEqual(shown(tagged, JSON.stringify(tagged).length), tagged);
  });

  test('includes everything except the entries if that just fits', () => {
    const entries = Array.from({ length: 101 }, (_, i) => ({ ClientId: `${i}` }));
    const pool = { ...tagged, CognitoIdentityProviders: entries };
    const short = shown(pool, 100_000);
    assert.deepEqual(
      { ...short, CognitoIdentityProviders: undefined },
      { ...tagged, CognitoIdentityProviders: undefined },
    );
    assert.deepEqual(shown(pool, JSON.stringify(short).length), short);
  });

  test('is a digest if nothing more fits', () => {
    const { CognitoIdentityProviders: entries, ...rest } = shown(tagged, 0);
    assert.deepEqual(rest, { IdentityPoolId: tagged.IdentityPoolId, sha256: digestOf(tagged) });
    assert.ok(entries && 'count' in entries);
    assert.equal(entries.count, 0);
    assert.match(entries.sha256, /^[0-9a-f]{64}$/);
  });

  test('is recognized, and nothing else is', () => {
    for (const room of [0, 200, 100_000]) assert.equal(isShownPool(shown(tagged, room)), true);
    for (const other of [{ ...bare, NewSwitch: 1 }, { ...bare, sha256: 7 }, null, 'x']) {
      assert.equal(isShownPool(other), false);
    }
  });

  test('an entry without a user pool or a client has blanks in their place', () => {
    assert.equal(entryKey({}), ' ');
  });
});
