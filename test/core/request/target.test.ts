import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NotCoveredError, ProviderQuotaError } from '../../../core/errors.ts';
import { digestOf } from '../../../core/identity-pool/digest.ts';
import type { IdentityPool } from '../../../core/identity-pool/identity-pool.ts';
import type { Link, Links } from '../../../core/links/links.ts';
import type { LinkRequest } from '../../../core/request/request.ts';
import { resolve } from '../../../core/request/resolve.ts';
import {
  isSuperseded,
  planOf,
  type Result,
  type Target,
  withChangesSince,
} from '../../../core/request/target.ts';
import type { LedgerEntry } from '../../../core/write/records.ts';
import { linkOf } from '../link-of.ts';

const POOL = 'ap-south-1:1';
const OTHER = 'eu-west-1:2';
const link = (more: Partial<Link> = {}): Link =>
  linkOf({ identityPool: POOL, serverSideTokenCheck: true, ...more });
const links: Links = { a: link(), b: link({ identityPool: OTHER, clients: ['web'] }) };
const request: LinkRequest = {
  operation: 'link',
  userPoolId: 'us-east-1_A',
  clientId: 'client',

  dryRun: false,
  requestedBy: { via: 'person' },
};
const subject = { userPoolId: 'us-east-1_A', clientId: 'client', clientName: 'web' };

const target: Target = {
  identityPoolId: POOL,
  links: ['a'],
  userPoolId: 'us-east-1_A',
  clientName: 'web',
  intent: {
    operation: 'link',
    providerName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A',
    clientId: 'client',
    serverSideTokenCheck: true,
  },
  deleted: false,
  dryRun: false,
  room: 160_000,
};
const entry = {
  ProviderName: target.intent.providerName,
  ClientId: 'client',
  ServerSideTokenCheck: true,
};
const foreign = { ProviderName: 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_X', ClientId: 'x' };
const pool: IdentityPool = {
  IdentityPoolId: POOL,
  IdentityPoolName: 'x',
  AllowUnauthenticatedIdentities: false,
  CognitoIdentityProviders: [foreign],
};
const linked: IdentityPool = { ...pool, CognitoIdentityProviders: [foreign, entry] };

describe('resolving a request', () => {
  test('omits a client’s name that is not known', () => {
    const { clientName: _, ...nameless } = subject;
    const [first] = resolve(links, request, nameless, 'aws').targets;
    assert.ok(first && !('clientName' in first));
  });

  test('gives a target for each identity pool, with everything that its steps need', () => {
    const { targets, ...resolved } = resolve(links, request, subject, 'aws');
    assert.deepEqual(resolved, {
      operation: 'link',
      userPoolId: 'us-east-1_A',
      clientId: 'client',
      requestedBy: { via: 'person' },
    });
    assert.deepEqual(targets, [
      { ...target, room: 80_000 },
      { ...target, identityPoolId: OTHER, links: ['b'], room: 80_000 },
    ]);
  });

  test('is limited to the identity pool that it names', () => {
    const { targets } = resolve(links, { ...request, identityPoolId: OTHER }, subject, 'aws');
    assert.deepEqual(targets, [{ ...target, identityPoolId: OTHER, links: ['b'] }]);
  });

  test('uses the client that was found, and the partition’s domain', () => {
    const found = { ...subject, clientId: 'found' };
    const [first] = resolve(links, { ...request, dryRun: true }, found, 'aws-cn').targets;
    assert.equal(first?.intent.clientId, 'found');
    assert.equal(first?.intent.providerName, 'cognito-idp.us-east-1.amazonaws.com.cn/us-east-1_A');
    assert.equal(first?.dryRun, true);
  });

  test('for a whole user pool has no client', () => {
    const { clientId: _, ...whole } = request;
    const resolved = resolve(
      links,
      { ...whole, operation: 'unlink' },
      { userPoolId: 'us-east-1_A' },
      'aws',
    );
    assert.ok(!('clientId' in resolved));
    assert.ok(resolved.targets.every(({ intent }) => !('clientId' in intent)));
    assert.equal(resolved.targets.length, 2);
  });

  test('about a deletion reaches only identity pools whose links all say unlink', () => {
    const deletion: LinkRequest = {
      ...request,
      operation: 'unlink',
      requestedBy: { via: 'cloudtrail' },
    };
    const kept = resolve(links, deletion, subject, 'aws');
    assert.deepEqual(kept.targets, []);
    assert.match(kept.notCovered ?? '', /app client web .* say onDelete: keep/);
    const { a, b } = links;
    assert.ok(a && b);
    const mixed = { a: { ...a, onDelete: 'unlink' as const }, b };
    const [first, ...more] = resolve(mixed, deletion, subject, 'aws').targets;
    assert.deepEqual(more, []);
    assert.ok(first?.deleted);
    assert.deepEqual(first.links, ['a']);
    const byPerson = resolve(mixed, { ...request, operation: 'unlink' }, subject, 'aws').targets;
    assert.equal(byPerson.length, 2);
    assert.ok(!byPerson.some(({ deleted }) => deleted));
  });

  test('links nothing if the event of the deletion arrived before that of the creation', () => {
    const creation: LinkRequest = { ...request, requestedBy: { via: 'cloudtrail' } };
    const { targets, notCovered } = resolve(links, creation, { ...subject, gone: true }, 'aws');
    assert.deepEqual(targets, []);
    assert.match(notCovered ?? '', /app client web .* was deleted before/);
    assert.ok(resolve(links, creation, subject, 'aws').targets.length > 0);
  });

  test('of a person fails if no link covers it', () => {
    const cases: [LinkRequest, typeof subject, RegExp][] = [
      [
        request,
        { ...subject, userPoolId: 'us-east-1_B' },
        /covers the app client web of the user pool/,
      ],
      [
        { ...request, identityPoolId: 'ap-south-1:9' },
        subject,
        / with the identity pool ap-south-1:9\. If/,
      ],
    ];
    for (const [asked, about, pattern] of cases) {
      assert.throws(
        () => resolve(links, asked, about, 'aws'),
        (error: Error) => {
          assert.ok(error instanceof NotCoveredError);
          assert.match(error.message, pattern);
          return true;
        },
      );
    }
  });

  test('of an event that no link covers says why there is nothing to do', () => {
    for (const via of ['cloudtrail', 'event'] as const) {
      const asked = { ...request, userPoolId: 'us-east-1_B', requestedBy: { via } };
      const resolved = resolve(
        links,
        asked,
        { userPoolId: 'us-east-1_B', clientId: 'client' },
        'aws',
      );
      assert.deepEqual(resolved.targets, []);
      assert.equal(
        resolved.notCovered,
        'No link in links.yml covers the app client client of the user pool us-east-1_B. If it should be linked, add it to a link and deploy.',
      );
    }
  });

  test('about a whole user pool that no link covers says so about its app clients', () => {
    const asked: LinkRequest = { ...request, operation: 'unlink', requestedBy: { via: 'event' } };
    const { notCovered } = resolve(links, asked, { userPoolId: 'us-east-1_B' }, 'aws');
    assert.match(notCovered ?? '', /covers the app clients of the user pool us-east-1_A/);
  });
});

describe('a plan', () => {
  const eventOf = (changed: Partial<Target> = {}, attempt = 1) => ({
    execution: 'arn',
    target: { ...target, ...changed },
    attempt,
  });
  const unlink = { intent: { ...target.intent, operation: 'unlink' as const } };

  test('to link shows the entry, the pool before and after, and that there is something to write', () => {
    assert.deepEqual(planOf(eventOf(), pool, 50), {
      outcome: 'LINKED',
      changes: [{ op: 'add', provider: entry }],
      before: pool,
      after: linked,
      attempts: 1,
      write: true,
      snapshot: digestOf(pool),
    });
  });

  test('of a dry run writes nothing', () => {
    const { outcome, write, changes } = planOf(eventOf({ dryRun: true }), pool, 50);
    assert.deepEqual([outcome, write, changes.length], ['PLANNED', false, 1]);
  });

  test('to link an existing entry writes nothing, in a dry run or not', () => {
    for (const dryRun of [true, false]) {
      const { outcome, write, changes } = planOf(eventOf({ dryRun }), linked, 50);
      assert.deepEqual([outcome, write, changes], ['ALREADY_LINKED', false, []]);
    }
  });

  test('to unlink removes the entry; if no approval is needed, a missing entry is recorded too', () => {
    const { outcome, write, after } = planOf(eventOf(unlink), linked, 50);
    assert.deepEqual([outcome, write, after], ['UNLINKED', true, pool]);
    const idle = planOf(eventOf(unlink), pool, 50);
    assert.deepEqual([idle.outcome, idle.write], ['NOT_LINKED', true]);
    const approvalTime = { hours: 1, seconds: 3600 };
    assert.equal(planOf(eventOf({ ...unlink, approvalTime }), pool, 50).write, false);
    const deleted = planOf(eventOf({ ...unlink, deleted: true }), pool, 50);
    assert.deepEqual([deleted.outcome, deleted.write], ['NOT_LINKED', true]);
  });

  test('beyond the quota is refused', () => {
    assert.throws(() => planOf(eventOf(), pool, 1), ProviderQuotaError);
  });

  test('of a later round counts the round, and keeps the result of the round before if nothing is left to do', () => {
    const { snapshot: _, write: __, ...first } = planOf(eventOf(), pool, 50);
    const idle = planOf(eventOf({}, 2), linked, 50, first);
    assert.deepEqual(idle, { ...first, attempts: 2, write: false, snapshot: digestOf(linked) });
    const again = planOf(eventOf({}, 2), pool, 50, first);
    assert.deepEqual([again.outcome, again.attempts, again.write], ['LINKED', 2, true]);
  });

  test('shows pools in a third of the room of the target', () => {
    const entries = Array.from({ length: 100 }, (_, i) => ({ ...foreign, ClientId: `c${i}` }));
    const full = { ...pool, CognitoIdentityProviders: entries };
    const { before, after } = planOf(eventOf({ room: 6000, ...unlink }), full, 200);
    assert.ok(JSON.stringify(before).length <= 2000);
    assert.deepEqual(before, after);
  });
});

describe('a result that is verified', () => {
  const result: Result = {
    outcome: 'LINKED',
    changes: [{ op: 'add', provider: entry }],
    before: pool,
    after: linked,
    attempts: 1,
  };

  test('stays unchanged if nothing else has changed', () => {
    assert.equal(withChangesSince(result, linked), result);
  });

  test('shows what others have changed meanwhile', () => {
    assert.deepEqual(withChangesSince(result, { ...linked, IdentityPoolName: 'renamed' }), {
      ...result,
      changedSince: [{ op: 'change', member: 'IdentityPoolName', before: 'x', after: 'renamed' }],
    });
  });

  const ledger = (changed: Partial<LedgerEntry>): LedgerEntry => ({
    state: 'unlinked',
    providerName: 'p',
    clientId: 'client',
    links: ['a'],
    execution: 'other',
    sequence: 2,
    time: 0,
    ...changed,
  });
  const missing = { op: 'add' as const, provider: entry };

  test('is undone by request if the ledger names another execution', () => {
    assert.ok(isSuperseded(missing, ledger({}), 'own'));
    assert.ok(isSuperseded({ op: 'remove', provider: entry }, ledger({ state: 'linked' }), 'own'));
  });

  test('is not undone by request if the ledger names no execution, or only this one', () => {
    assert.ok(!isSuperseded(missing, undefined, 'own'));
    assert.ok(!isSuperseded(missing, ledger({ state: 'linked' }), 'own'));
    assert.ok(!isSuperseded(missing, ledger({ execution: 'own' }), 'own'));
  });
});
