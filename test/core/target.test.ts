import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NotCoveredError, ProviderQuotaError, VerificationError } from '../../core/errors.ts';
import type { IdentityPool } from '../../core/identity-pool.ts';
import type { Link, Links } from '../../core/links.ts';
import type { LinkRequest } from '../../core/request.ts';
import { planOf, resolve, resultOf, type Target, verify } from '../../core/target.ts';

const POOL = 'ap-south-1:1';
const OTHER = 'eu-west-1:2';
const link = (overrides: Partial<Link> = {}): Link => ({
  userPools: ['us-east-1_A'],
  clients: ['*'],
  identityPool: POOL,
  roleArn: 'arn:aws:iam::222222222222:role/poolbridge-link',
  serverSideTokenCheck: true,
  providerQuota: 50,
  onDelete: 'keep',
  ...overrides,
});
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
  intent: {
    operation: 'link',
    providerName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A',
    clientId: 'client',
    serverSideTokenCheck: true,
  },
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
  test('gives a target for each identity pool, with all that its steps need', () => {
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

  test('is narrowed by the identity pool that it names', () => {
    const { targets } = resolve(links, { ...request, identityPoolId: OTHER }, subject, 'aws');
    assert.deepEqual(targets, [{ ...target, identityPoolId: OTHER, links: ['b'] }]);
  });

  test('takes the client that was found, and the partition’s domain', () => {
    const found = { ...subject, clientId: 'found' };
    const [first] = resolve(links, { ...request, dryRun: true }, found, 'aws-cn').targets;
    assert.equal(first?.intent.clientId, 'found');
    assert.equal(first?.intent.providerName, 'cognito-idp.us-east-1.amazonaws.com.cn/us-east-1_A');
    assert.equal(first?.dryRun, true);
  });

  test('for a whole user pool carries no client', () => {
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

  test('fails for a person who asks for what no link covers', () => {
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

  test('for an event that no link covers says why there is nothing to do', () => {
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

  test('of a whole user pool that no link covers says so of its app clients', () => {
    const asked: LinkRequest = { ...request, operation: 'unlink', requestedBy: { via: 'event' } };
    const { notCovered } = resolve(links, asked, { userPoolId: 'us-east-1_B' }, 'aws');
    assert.match(notCovered ?? '', /covers the app clients of the user pool us-east-1_A/);
  });
});

describe('a plan', () => {
  test('to link shows the entry, the pool before and after, and that there is something to write', () => {
    assert.deepEqual(planOf(target, pool, 50), {
      outcome: 'LINKED',
      changes: [{ op: 'add', provider: entry }],
      before: pool,
      after: linked,
      attempts: 1,
      write: true,
    });
  });

  test('of a dry run is only a plan', () => {
    const { outcome, write, changes } = planOf({ ...target, dryRun: true }, pool, 50);
    assert.deepEqual(
      { outcome, write, changes: changes.length },
      { outcome: 'PLANNED', write: false, changes: 1 },
    );
  });

  test('for what is there already writes nothing, dry or not', () => {
    for (const dryRun of [true, false]) {
      const { outcome, write, changes } = planOf({ ...target, dryRun }, linked, 50);
      assert.deepEqual(
        { outcome, write, changes },
        { outcome: 'ALREADY_LINKED', write: false, changes: [] },
      );
    }
  });

  test('to unlink removes the entry, and what is not there needs no writing', () => {
    const unlink: Target = { ...target, intent: { ...target.intent, operation: 'unlink' } };
    const { outcome, write, after } = planOf(unlink, linked, 50);
    assert.deepEqual({ outcome, write, after }, { outcome: 'UNLINKED', write: true, after: pool });
    const idle = planOf(unlink, pool, 50);
    assert.deepEqual([idle.outcome, idle.write], ['NOT_LINKED', false]);
  });

  test('beyond the quota is none', () => {
    assert.throws(() => planOf(target, pool, 1), ProviderQuotaError);
  });

  test('shows pools in a third of the room that the target has', () => {
    const entries = Array.from({ length: 100 }, (_, i) => ({ ...foreign, ClientId: `c${i}` }));
    const full = { ...pool, CognitoIdentityProviders: entries };
    const { before, after } = resultOf({ ...target, room: 6000 }, [], full, full);
    assert.ok(JSON.stringify(before).length <= 2000);
    assert.deepEqual(before, after);
  });
});

describe('verifying', () => {
  const result = resultOf(target, [{ op: 'add', provider: entry }], pool, linked);

  test('an entry that is there leaves the result as it is', () => {
    assert.deepEqual(verify(target, result, linked), result);
  });

  test('reports what others changed meanwhile', () => {
    const now = { ...linked, IdentityPoolName: 'renamed' };
    assert.deepEqual(verify(target, result, now), {
      ...result,
      changedSince: [{ op: 'change', member: 'IdentityPoolName', before: 'x', after: 'renamed' }],
    });
  });

  test('fails when the entry is gone, naming what is missing', () => {
    assert.throws(
      () => verify(target, result, pool),
      (error: Error) => {
        assert.ok(error instanceof VerificationError);
        assert.match(error.message, /ap-south-1:1 no longer shows what was just written/);
        assert.ok(error.message.includes(JSON.stringify([{ op: 'add', provider: entry }])));
        return true;
      },
    );
  });

  test('fails when an entry that was removed is back', () => {
    const unlink: Target = { ...target, intent: { ...target.intent, operation: 'unlink' } };
    const unlinked = resultOf(unlink, [{ op: 'remove', provider: entry }], linked, pool);
    assert.deepEqual(verify(unlink, unlinked, pool), unlinked);
    assert.throws(() => verify(unlink, unlinked, linked), VerificationError);
  });
});
