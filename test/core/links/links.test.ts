import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NotCoveredError } from '../../../core/errors.ts';
import {
  accessTo,
  coverageOf,
  needsClientName,
  needsTags,
  stillAllowing,
  userPoolIn,
  userPoolToldOf,
} from '../../../core/links/coverage.ts';
import { globMatches, globsInclude, globsMeet, subsumes } from '../../../core/links/glob.ts';
import { accountsOf, type Link, type Links, poolsByTags } from '../../../core/links/links.ts';
import { problemsOf } from '../../../core/links/problems.ts';
import { linkOf, POOL } from '../link-of.ts';

const OTHER = 'eu-west-1:12345678-abcd-abcd-abcd-1234567890ab';

const { userPools: _, ...withoutPools } = linkOf();
const tagged = (userPoolTags: Record<string, string>): Link => ({ ...withoutPools, userPoolTags });
const namesOf = (links: Links, subject: Parameters<typeof coverageOf>[1]) =>
  coverageOf(links, subject).flatMap((coverage) => coverage.links);

describe('the links that cover a client', () => {
  test('are those that name its user pool', () => {
    const links = { a: linkOf(), b: linkOf({ userPools: ['us-east-1_B'] }) };
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_A' }), ['a']);
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_C' }), []);
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_C', tags: { team: 'web' } }), []);
  });

  test('are those whose tags the user pool has, all of them', () => {
    const links = { a: tagged({ team: 'mobile' }), b: tagged({ team: 'mobile', stage: 'prod' }) };
    const userPoolId = 'us-east-1_C';
    assert.deepEqual(namesOf(links, { userPoolId }), []);
    assert.deepEqual(namesOf(links, { userPoolId, tags: {} }), []);
    assert.deepEqual(namesOf(links, { userPoolId, tags: { team: 'web' } }), []);
    assert.deepEqual(namesOf(links, { userPoolId, tags: { team: 'mobile', x: 'y' } }), ['a']);
    assert.deepEqual(namesOf(links, { userPoolId, tags: { team: 'mobile', stage: 'prod' } }), [
      'a',
      'b',
    ]);
  });

  test('in another account are those that name its user pool with a role of that account', () => {
    const userPoolRoleArn = 'arn:aws:iam::333333333333:role/poolbridge-read';
    const links = {
      a: linkOf({ userPoolRoleArn }),
      b: linkOf({ userPools: ['us-east-1_B'] }),
      c: tagged({ team: 'web' }),
    };
    const account = '333333333333';
    assert.deepEqual(userPoolIn(links, 'us-east-1_A'), { userPoolId: 'us-east-1_A', account });
    assert.deepEqual(userPoolIn(links, 'us-east-1_B'), { userPoolId: 'us-east-1_B' });
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_A', account }), ['a']);
    // What an account says about a user pool of another account is never covered.
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_A' }), []);
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_A', account: '444444444444' }), []);
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_B', account }), []);
    const tags = { team: 'web' };
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_C', account, tags }), []);
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_C', tags }), ['c']);
    const told = (userPoolId: string, by: string, own = '111111111111') =>
      namesOf(links, userPoolToldOf(links, userPoolId, { account: by, own }));
    assert.deepEqual(told('us-east-1_A', account), ['a']);
    assert.deepEqual(told('us-east-1_A', '111111111111'), []);
    assert.deepEqual(told('us-east-1_A', '444444444444'), []);
    assert.deepEqual(told('us-east-1_B', '111111111111'), ['b']);
    assert.deepEqual(told('us-east-1_B', account), []);
    // A role of our own account may list our own user pools.
    assert.deepEqual(told('us-east-1_A', account, account), ['a']);
    assert.deepEqual(told('us-east-1_B', account, account), ['b']);
    assert.deepEqual(accountsOf({ ...links, d: linkOf({ userPoolRoleArn }) }), [account]);
  });

  test('treat a tag named like an object property as any other tag', () => {
    const links = { a: tagged({ constructor: 'x' }) };
    assert.deepEqual(namesOf(links, { userPoolId: 'p', tags: {} }), []);
    assert.deepEqual(namesOf(links, { userPoolId: 'p', tags: { constructor: 'x' } }), ['a']);
  });

  test('are the union of those by id and those by tags', () => {
    const links = { a: linkOf({ userPoolTags: { team: 'mobile' } }) };
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_A', tags: {} }), ['a']);
    assert.deepEqual(namesOf(links, { userPoolId: 'us-east-1_B', tags: { team: 'mobile' } }), [
      'a',
    ]);
  });

  test('are those with a glob that matches its name, or all if the name is not known', () => {
    const links = { a: linkOf({ clients: ['web-*', 'app'] }), b: linkOf() };
    const at = { userPoolId: 'us-east-1_A' };
    assert.deepEqual(namesOf(links, { ...at, clientName: 'web-shop' }), ['a', 'b']);
    assert.deepEqual(namesOf(links, { ...at, clientName: 'application' }), ['b']);
    assert.deepEqual(namesOf(links, at), ['a', 'b']);
  });

  test('are one target for each identity pool, and the strictest decides', () => {
    const links = {
      a: linkOf(),
      b: linkOf({ serverSideTokenCheck: true }),
      c: linkOf({ identityPool: OTHER }),
    };
    assert.deepEqual(coverageOf(links, { userPoolId: 'us-east-1_A' }), [
      {
        identityPoolId: POOL,
        links: ['a', 'b'],
        onDelete: 'keep',
        restores: false,
        entry: { serverSideTokenCheck: true },
      },
      {
        identityPoolId: OTHER,
        links: ['c'],
        onDelete: 'keep',
        restores: false,
        entry: { serverSideTokenCheck: false },
      },
    ]);
  });
});

describe('an entry that others removed', () => {
  test('is restored only if every link that leads to it says so', () => {
    const restores = (...each: Link['onRemoved'][]) => {
      const all = each.map((onRemoved, i) => [`l${i}`, linkOf(onRemoved && { onRemoved })]);
      return coverageOf(Object.fromEntries(all), { userPoolId: 'us-east-1_A' })[0]?.restores;
    };
    assert.equal(restores('restore', 'restore'), true);
    assert.equal(restores('restore', 'tell'), false);
    assert.equal(restores(undefined, 'restore'), false);
    assert.equal(restores(undefined), false);
  });
});

describe('an entry whose client is deleted', () => {
  const onDelete = (...each: ('unlink' | 'keep')[]) => {
    const links = Object.fromEntries(each.map((on, i) => [`l${i}`, linkOf({ onDelete: on })]));
    return coverageOf(links, { userPoolId: 'us-east-1_A' })[0]?.onDelete;
  };

  test('is removed only if every link that leads to it says so', () => {
    assert.equal(onDelete('unlink', 'unlink'), 'unlink');
    assert.equal(onDelete('unlink', 'keep'), 'keep');
    assert.equal(onDelete('keep', 'unlink'), 'keep');
  });

  test('is covered by links by tags that have linked clients of its user pool', () => {
    const links = { a: tagged({ team: 'mobile' }), b: tagged({ team: 'mobile' }), c: linkOf() };
    const gone = { userPoolId: 'us-east-1_Z', tags: {}, linkedBy: ['a', 'c'] };
    assert.deepEqual(
      coverageOf(links, gone).flatMap((each) => each.links),
      ['a'],
    );
    assert.deepEqual(poolsByTags(links), [POOL]);
    assert.deepEqual(poolsByTags({ c: linkOf() }), []);
  });
});

describe('a lookup is needed for', () => {
  test('tags, if any link uses them', () => {
    const pool = { userPoolId: 'us-east-1_C' };
    assert.equal(needsTags({ a: linkOf() }, pool), false);
    const links = { a: linkOf(), b: tagged({ team: 'mobile' }) };
    assert.equal(needsTags(links, pool), true);
    assert.equal(needsTags(links, { ...pool, account: '333333333333' }), false);
  });

  test('the client’s name, if a link that covers its user pool depends on it', () => {
    const at = { userPoolId: 'us-east-1_A' };
    assert.equal(needsClientName({ a: linkOf() }, at), false);
    assert.equal(needsClientName({ a: linkOf({ clients: ['web', '*'] }) }, at), false);
    assert.equal(needsClientName({ a: linkOf({ clients: ['!web', '**'] }) }, at), false);
    assert.equal(needsClientName({ a: linkOf({ clients: ['*', '!web'] }) }, at), true);
    assert.equal(needsClientName({ a: linkOf({ clients: ['*', '!web', 'web-*'] }) }, at), true);
    assert.equal(needsClientName({ a: linkOf({ clients: ['web'] }) }, at), true);
    assert.equal(needsClientName({ a: linkOf({ clients: ['web'] }), b: linkOf() }, at), true);
    assert.equal(
      needsClientName({ a: linkOf({ clients: ['web'], userPools: ['us-east-1_B'] }) }, at),
      false,
    );
  });
});

describe('an identity pool is reached', () => {
  test('as its links say', () => {
    const { roleArn, providerQuota } = accessTo({ a: linkOf({ providerQuota: 70 }) }, POOL);
    assert.equal(roleArn, 'arn:aws:iam::222222222222:role/poolbridge-link');
    assert.equal(providerQuota, 70);
  });

  test('not at all, if no link names it', () => {
    assert.throws(
      () => accessTo({ a: linkOf() }, OTHER),
      (error: Error) => {
        assert.ok(error instanceof NotCoveredError);
        assert.ok(error.message.includes(OTHER));
        return true;
      },
    );
  });
});

describe('links that lead to one identity pool', () => {
  test('may differ in settings of their clients', () => {
    const links = {
      a: linkOf(),
      b: linkOf({ clients: ['x'], serverSideTokenCheck: true, onDelete: 'unlink' }),
    };
    assert.deepEqual(problemsOf(links), []);
  });

  test('must agree on role, external id and quota', () => {
    const differing: [string, Partial<Link>][] = [
      ['roleArn', { roleArn: 'arn:aws:iam::222222222222:role/other' }],
      ['externalId', { externalId: 'pair' }],
      ['providerQuota', { providerQuota: 60 }],
    ];
    for (const [key, difference] of differing) {
      const [problem, ...more] = problemsOf({ a: linkOf(), b: linkOf(difference), c: linkOf() });
      assert.deepEqual(more, []);
      assert.deepEqual(problem?.path, ['links', 'b', key]);
      assert.equal(
        problem?.message,
        'must be the same as in links.a: both lead to one identity pool',
      );
    }
    const [problem] = problemsOf({ a: linkOf({ externalId: 'pair' }), b: linkOf() });
    assert.deepEqual(problem?.path, ['links', 'b', 'externalId']);
  });

  test('need not agree with links to other identity pools', () => {
    assert.deepEqual(
      problemsOf({ a: linkOf(), b: linkOf({ identityPool: OTHER, externalId: 'x' }) }),
      [],
    );
  });
});

describe('user pools of another account', () => {
  const userPoolRoleArn = 'arn:aws:iam::333333333333:role/poolbridge-read';

  test('belong to the same account in every link that names them', () => {
    const both = { userPools: ['us-east-1_A', 'us-east-1_B'], identityPool: OTHER };
    assert.deepEqual(
      problemsOf({ a: linkOf({ userPoolRoleArn }), b: linkOf({ ...both, userPoolRoleArn }) }),
      [],
    );
    const differing = { a: linkOf(), b: linkOf({ ...both, userPoolRoleArn }), c: linkOf() };
    assert.deepEqual(problemsOf(differing), [
      {
        path: ['links', 'b', 'userPoolRoleArn'],
        message: 'must be the same as in links.a: both name us-east-1_A',
      },
    ]);
  });

  test('are named, never selected by tags', () => {
    const [problem, ...more] = problemsOf({ a: { ...tagged({ team: 'web' }), userPoolRoleArn } });
    assert.deepEqual(more, []);
    assert.deepEqual(problem?.path, ['links', 'a', 'userPoolRoleArn']);
    assert.match(
      problem?.message ?? '',
      /^is for userPools of another account, which userPoolTags/,
    );
  });
});

describe('globs', () => {
  const cases: [string, string, boolean][] = [
    ['*', '', true],
    ['*', 'anything', true],
    ['web-*', 'web-', true],
    ['web-*', 'web', false],
    ['*-prod', 'shop-prod', true],
    ['*-prod', 'shop-prod-eu', false],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'axxbyy', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['', '', true],
    ['', 'a', false],
    ['a**b', 'ab', true],
    ['*a*', 'bab', true],
  ];
  for (const [glob, name, matches] of cases) {
    test(`${JSON.stringify(glob)} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(name)}`, () => {
      assert.equal(globMatches(glob, name), matches);
    });
  }

  test('match like the equivalent regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const names = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    fc.assert(
      fc.property(letters, names, (glob, name) => {
        const obvious = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        assert.equal(globMatches(glob, name), obvious.test(name));
      }),
      { numRuns: 1000 },
    );
  });

  // All names of two letters that are long enough for any of the globs below.
  const short = Array.from({ length: 2 ** 7 }, (_, i) => (i + 1).toString(2).slice(1)).map((bits) =>
    bits.replaceAll('0', 'a').replaceAll('1', 'b'),
  );
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 3 });

  test('overlap if there is a name that both match', () => {
    fc.assert(
      fc.property(glob, glob, (one, other) => {
        const both = short.some((name) => globMatches(one, name) && globMatches(other, name));
        assert.equal(globsMeet(one, other), both);
      }),
      { numRuns: 1000 },
    );
  });

  test('subsume others only if they match all of their names', () => {
    fc.assert(
      fc.property(glob, glob, (one, other) => {
        if (!subsumes(one, other)) return;
        const missed = short.find((name) => globMatches(other, name) && !globMatches(one, name));
        assert.equal(missed, undefined);
      }),
      { numRuns: 3000 },
    );
  });

  test('with many stars take no longer than with one', () => {
    assert.equal(globMatches(`${'*a'.repeat(60)}b`, 'a'.repeat(128)), false);
  });
});

describe('a list of globs', () => {
  const cases: [string[], string, boolean][] = [
    [['*', '!AmazonOpenSearchService-*'], 'AmazonOpenSearchService-search-1', false],
    [['*', '!AmazonOpenSearchService-*'], 'shop', true],
    [['web-*', '!web-*-test', 'web-a-test'], 'web-a-test', true],
    [['web-*', '!web-*-test', 'web-a-test'], 'web-b-test', false],
    [['web-*', '!web-*-test'], 'mail', false],
    [['!web', '*'], 'web', true],
    [['!mail'], 'web', false],
  ];
  for (const [globs, name, includes] of cases) {
    test(`${JSON.stringify(globs)} ${includes ? 'includes' : 'excludes'} ${JSON.stringify(name)}`, () => {
      assert.equal(globsInclude(globs, name), includes);
      const subject = { userPoolId: 'us-east-1_A', clientName: name };
      assert.equal(coverageOf({ a: linkOf({ clients: globs }) }, subject).length, includes ? 1 : 0);
    });
  }
});

describe('links that have changed since a target was resolved', () => {
  const subject = { userPoolId: 'us-east-1_A', clientName: 'web-shop' };
  const target = { identityPoolId: POOL, links: ['a', 'b', 'c', 'd', 'e', 'constructor'] };

  test('still allow it if they lead from its client to its identity pool', () => {
    const links = {
      a: linkOf(),
      b: linkOf({ identityPool: OTHER }),
      c: linkOf({ userPools: ['us-east-1_B'] }),
      d: linkOf({ clients: ['mail'] }),
      f: linkOf(),
    };
    assert.deepEqual(stillAllowing(links, target, subject), ['a']);
  });

  test('are checked with the current tags of the user pool', () => {
    const links = { e: tagged({ team: 'web' }) };
    const now = (tags: Record<string, string>) => ({ ...subject, tags });
    assert.deepEqual(stillAllowing(links, target, now({ team: 'web' })), ['e']);
    assert.throws(() => stillAllowing(links, target, now({ team: 'mail' })), NotCoveredError);
    // A user pool that does not exist has no tags.
    assert.deepEqual(stillAllowing(links, target, { ...subject, linkedBy: ['e'] }), ['e']);
  });

  test('must all still allow an undo, whose changes they may have allowed one by one', () => {
    const undo = { ...target, links: ['a', 'f'], undoes: 'arn' };
    assert.deepEqual(stillAllowing({ a: linkOf(), f: linkOf() }, undo, subject), ['a', 'f']);
    assert.throws(() => stillAllowing({ a: linkOf() }, undo, subject), NotCoveredError);
  });

  test('refuse it if none is left', () => {
    assert.throws(
      () => stillAllowing({ f: linkOf() }, target, subject),
      (error: Error) => {
        assert.ok(error instanceof NotCoveredError);
        assert.match(
          error.message,
          /^Since .*: the links that led from the user pool us-east-1_A to the identity pool \S+ no longer apply/,
        );
        assert.match(error.message, /so nothing was written\. Ask again\.$/);
        return true;
      },
    );
  });
});
