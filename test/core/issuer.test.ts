import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { issuerAdvice, issuerSentence } from '../../cli/output/issuers.ts';
import type { Intent } from '../../core/identity-pool/merge.ts';
import { choiceOf, effectiveChoice, namesFor } from '../../core/issuer.ts';
import { coverageOf, needsIssuer, type Subject } from '../../core/links/coverage.ts';
import type { Link, Links } from '../../core/links/links.ts';
import { problemsOf } from '../../core/links/problems.ts';
import { issuersOf, wantedNames } from '../../core/reconcile/issuers.ts';
import { poolReport } from '../../core/reconcile/pool-report.ts';
import type { LinkRequest } from '../../core/request/request.ts';
import { resolve } from '../../core/request/resolve.ts';
import { resolveUndo } from '../../core/request/undo.ts';
import {
  type Issuer,
  issuerIn,
  namesOfSame,
  originalName,
  providerLabel,
  providerNameOf,
  userPoolIdOf,
} from '../../core/user-pool.ts';
import { type LedgerEntry, ledgerEntriesOf, settledBy } from '../../core/write/records.ts';
import { originalNames } from './arbitraries.ts';
import { isMet } from './identity-pool/is-met.ts';
import { linkOf } from './link-of.ts';

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const ID = 'us-east-1_A';
const ORIGINAL = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A';
const UPDATED = `issuer-${ORIGINAL}`;

const link = (more: Partial<Link> = {}): Link =>
  linkOf({ userPools: [ID], identityPool: POOL, onDelete: 'unlink', ...more });

describe('the names of a user pool', () => {
  test('are those of its two issuers', () => {
    assert.equal(providerNameOf(ID, 'aws'), ORIGINAL);
    assert.equal(providerNameOf(ID, 'aws', 'updated'), UPDATED);
    assert.equal(
      providerNameOf('cn-north-1_A', 'aws-cn', 'updated'),
      'issuer-cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_A',
    );
  });

  test('give each other and the same user pool', () => {
    fc.assert(
      fc.property(originalNames, fc.constantFrom('original', 'updated'), (name, issuer) => {
        const userPoolId = name.split('/')[1]!;
        const both = [name, providerNameOf(userPoolId, 'aws', 'updated')];
        const either = providerNameOf(userPoolId, 'aws', issuer as Issuer);
        assert.deepEqual(namesOfSame(either), both);
        assert.equal(originalName(either), name);
        assert.equal(issuerIn(either), issuer);
        assert.equal(userPoolIdOf(either, 'aws'), userPoolId);
      }),
    );
  });

  test('are distinguished in texts for people', () => {
    assert.equal(providerLabel(ORIGINAL), ID);
    assert.equal(providerLabel(UPDATED), `${ID} (updated issuer)`);
  });

  test('are the same for a provider that is not a user pool', () => {
    assert.deepEqual(namesOfSame('accounts.google.com'), ['accounts.google.com']);
    for (const name of ['issuer-accounts.google.com', `issuer-${UPDATED}`, `x${ORIGINAL}`]) {
      assert.equal(userPoolIdOf(name, 'aws'), undefined);
    }
  });
});

describe('the names under which a user pool is linked', () => {
  test('follow its own setting if no link sets the issuer', () => {
    assert.equal(effectiveChoice(undefined, 'original'), 'original');
    assert.equal(effectiveChoice(undefined, 'updated'), 'both');
    assert.equal(effectiveChoice(undefined, undefined), 'original');
    assert.equal(effectiveChoice('updated', 'original'), 'updated');
  });

  test('are all those that the links to one identity pool set', () => {
    assert.equal(choiceOf([undefined, undefined]), undefined);
    assert.equal(choiceOf([undefined, 'updated', 'updated']), 'updated');
    assert.equal(choiceOf(['original', undefined, 'updated']), 'both');
    const links = { a: link({ issuer: 'updated' }), b: link() };
    const [coverage] = coverageOf(links, { userPoolId: ID });
    assert.equal(coverage?.issuer, 'updated');
  });

  test('depend on the setting only if a link covers the user pool and none sets the issuer', () => {
    const other = 'eu-west-1:12345678-abcd-abcd-abcd-1234567890ab';
    const links = { a: link({ issuer: 'both' }), b: link({ identityPool: other }) };
    assert.equal(needsIssuer(links, { userPoolId: ID }), true);
    assert.equal(needsIssuer(links, { userPoolId: ID }, POOL), false);
    assert.equal(needsIssuer(links, { userPoolId: ID }, other), true);
    assert.equal(needsIssuer(links, { userPoolId: 'us-east-1_B' }), false);
    assert.equal(needsIssuer({ a: links.a }, { userPoolId: ID }), false);
  });

  test('are the same in all links that name one user pool for one identity pool', () => {
    const disagree = { a: link({ issuer: 'both' }), b: link(), c: link({ issuer: 'original' }) };
    assert.deepEqual(problemsOf(disagree), [
      {
        path: ['links', 'c', 'issuer'],
        message:
          'must be the same as in links.a: both name us-east-1_A, and they lead to one identity pool',
      },
    ]);
    assert.deepEqual(problemsOf({ a: link({ issuer: 'both' }), b: link() }), []);
  });

  test('count twice towards the role mappings that AWS allows if both are used', () => {
    const names = Array.from({ length: 6 }, (_, i) => `app-${i}`);
    const six = (issuer: Link['issuer']) =>
      problemsOf({ a: link({ clients: names, roleMapping: 'token', ...(issuer && { issuer }) }) });
    assert.deepEqual(six(undefined), []);
    assert.match(six('both')[0]?.message ?? '', /ask for 12 role mappings or more/);
  });
});

describe('a request', () => {
  const request: LinkRequest = {
    operation: 'link',
    userPoolId: ID,
    clientId: 'a',
    dryRun: false,
    requestedBy: { via: 'person' },
  };
  const targetOf = (links: Links, subject: Partial<Subject>, operation: 'link' | 'unlink') =>
    resolve(links, { ...request, operation }, { userPoolId: ID, clientId: 'a', ...subject }, 'aws')
      .targets[0]!;

  test('links a user pool with the original issuer once, and one with the updated issuer twice', () => {
    const names = (links: Links, subject: Partial<Subject>) => {
      const { intent, issuer } = targetOf(links, subject, 'link');
      return [intent.providerName, intent.otherName, issuer];
    };
    const plain = { a: link() };
    assert.deepEqual(names(plain, {}), [ORIGINAL, undefined, undefined]);
    assert.deepEqual(names(plain, { issuer: 'original' }), [ORIGINAL, undefined, undefined]);
    assert.deepEqual(names(plain, { issuer: 'updated' }), [ORIGINAL, UPDATED, 'updated']);
    const chosen = { a: link({ issuer: 'updated' }) };
    assert.deepEqual(names(chosen, {}), [UPDATED, undefined, undefined]);
  });

  test('to unlink covers both names, whatever issuer the links set', () => {
    for (const issuer of [undefined, 'original', 'updated', 'both'] as const) {
      const { intent } = targetOf({ a: link(issuer && { issuer }) }, {}, 'unlink');
      assert.deepEqual([intent.providerName, intent.otherName], [ORIGINAL, UPDATED]);
      assert.deepEqual(namesFor('unlink', ID, 'aws', issuer ?? 'original'), {
        providerName: ORIGINAL,
        otherName: UPDATED,
      });
    }
  });

  test('to undo covers the names that were written', () => {
    const changes = [ORIGINAL, UPDATED].map((ProviderName) => ({
      op: 'add' as const,
      provider: { ProviderName, ClientId: 'a' },
    }));
    const undo = (made: typeof changes) =>
      resolveUndo(
        { a: link() },
        { operation: 'undo', executionArn: 'x', dryRun: false, requestedBy: { via: 'person' } },
        {
          done: [{ identityPoolId: POOL, changes: made }],
          pool: { userPoolId: ID },
          names: new Map([['a', 'app']]),
        },
      ).targets[0]!.intent;
    assert.deepEqual([undo(changes).providerName, undo(changes).otherName], [ORIGINAL, UPDATED]);
    assert.equal(undo(changes.slice(1)).providerName, UPDATED);
    assert.ok(!('otherName' in undo(changes.slice(1))));
  });
});

describe('the ledger', () => {
  const unlink: Intent = {
    operation: 'unlink',
    providerName: ORIGINAL,
    otherName: UPDATED,
    clientId: 'a',
    serverSideTokenCheck: false,
  };
  const share = { key: 'k', execution: 'e', links: ['a'], intent: unlink };

  test('records a deleted client under the original name, even if only the other had an entry', () => {
    const provider = { ProviderName: UPDATED, ClientId: 'a' };
    const entered = ledgerEntriesOf(
      { ...share, deleted: true, changes: [{ op: 'remove', provider }] },
      1,
      2,
    );
    assert.deepEqual(
      entered.map(({ providerName, state, deleted }) => [providerName, state, deleted]),
      [
        [UPDATED, 'unlinked', true],
        [ORIGINAL, 'unlinked', true],
      ],
    );
  });

  test('settles entries that others removed under either name', () => {
    const entry = (providerName: string): LedgerEntry => ({
      state: 'linked',
      providerName,
      clientId: 'a',
      links: ['a'],
      execution: 'before',
      sequence: 1,
      time: 1,
    });
    const pool = {
      IdentityPoolId: POOL,
      IdentityPoolName: 'p',
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: [{ ProviderName: ORIGINAL, ClientId: 'a' }],
    };
    const at = { sequence: 2, time: 2 };
    const ledger = [ORIGINAL, UPDATED, 'cognito-idp.x/y'].map(entry);
    const settled = settledBy({ ...share, changes: [] }, pool, ledger, at);
    assert.deepEqual(
      settled.map(({ providerName, state }) => [providerName, state]),
      [[UPDATED, 'unlinked']],
    );
    assert.equal(isMet(pool, unlink), false);
  });
});

describe('the note on issuers', () => {
  const listing = (issuer?: Issuer) => ({
    tags: {},
    clients: new Map([['a', 'app']]),
    ...(issuer && { issuer }),
  });
  const listed = new Map([
    ['us-east-1_Old', listing('original')],
    ['us-east-1_New', listing('updated')],
    ['us-east-1_Dark', listing()],
    ['us-east-1_Chosen', listing('updated')],
    ['us-east-1_Elsewhere', listing('updated')],
  ]);
  const links = {
    a: link({ userPools: ['us-east-1_Old', 'us-east-1_New', 'us-east-1_Dark'] }),
    b: link({ userPools: ['us-east-1_Chosen'], issuer: 'original' }),
  };
  const found = issuersOf({ links, listed });

  test('covers user pools of the links whose issuer is not known to be original', () => {
    assert.deepEqual(found, [
      { userPoolId: 'us-east-1_New', issuer: 'updated', entries: 'both' },
      { userPoolId: 'us-east-1_Dark', issuer: 'unknown', entries: 'original' },
      { userPoolId: 'us-east-1_Chosen', issuer: 'updated', entries: 'original' },
    ]);
    const name = (id: string) => `cognito-idp.us-east-1.amazonaws.com/${id}`;
    assert.deepEqual(wantedNames({ links, listed }, 'aws'), [
      ...[name('us-east-1_Old'), name('us-east-1_New'), `issuer-${name('us-east-1_New')}`],
      ...[name('us-east-1_Dark'), name('us-east-1_Chosen')],
    ]);
  });

  test('is one sentence, with the remedy if users may not be able to sign in', () => {
    assert.deepEqual(found.map(issuerSentence), [
      'The user pool us-east-1_New has the updated issuer; its app clients get entries under both of its names.',
      'The user pool us-east-1_Dark has an unknown issuer; its app clients get entries under its original name only.',
      'The user pool us-east-1_Chosen has the updated issuer; its app clients get entries under its original name only.',
    ]);
    const [ok, unknown, wrong] = found.map(issuerAdvice);
    assert.equal(ok, undefined);
    assert.match(unknown ?? '', /^Allow cognito-idp:DescribeUserPool: .*user-pool-account\.yml/);
    assert.match(wrong ?? '', /name its updated issuer.* Set issuer: both in links\.yml/);
  });

  test('takes at most a quarter of a report’s room, and says how many more there are', () => {
    const planned = { identityPoolId: POOL, links: ['a'], room: 1000 };
    const many = Array.from({ length: 20 }, (_, i) => ({
      userPoolId: `us-east-1_P${i}`,
      issuer: 'updated' as const,
      entries: 'both' as const,
    }));
    const { issuers = [], omittedIssuers } = poolReport(planned, [], { issuers: many });
    assert.ok(issuers.length > 0 && JSON.stringify(issuers).length <= 251);
    assert.equal(issuers.length + (omittedIssuers ?? 0), 20);
    const all = poolReport(planned, [], { issuers: many.slice(0, 1) });
    assert.deepEqual(all.issuers, many.slice(0, 1));
    assert.ok(!('omittedIssuers' in all));
    assert.ok(!('issuers' in poolReport(planned, [])));
  });
});
