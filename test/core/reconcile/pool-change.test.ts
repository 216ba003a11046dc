import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Links } from '../../../core/links/links.ts';
import { poolChangeIn } from '../../../core/reconcile/pool-change.ts';
import { recheckInput } from '../../../core/reconcile/recheck.ts';

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const ROLE = 'arn:aws:iam::222222222222:role/deep/poolbridge-link';
const links: Links = {
  one: {
    userPools: ['us-east-1_A'],
    clients: ['*'],
    identityPool: POOL,
    roleArn: ROLE,
    serverSideTokenCheck: false,
    providerQuota: 50,
    onDelete: 'keep',
  },
};

const session = (role: string, more: object = {}) => ({
  arn: 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/x',
  sessionContext: { sessionIssuer: { arn: role }, ...more },
});

const event = (detail: object = {}, more: object = {}) => ({
  account: '222222222222',
  region: 'ap-south-1',
  detail: {
    eventName: 'UpdateIdentityPool',
    eventID: 'e1',
    eventTime: '2026-01-02T03:04:05Z',
    userIdentity: { arn: 'arn:aws:iam::222222222222:user/someone' },
    requestParameters: {
      identityPoolId: POOL,
      identityPoolName: 'pool',
      cognitoIdentityProviders: [{ providerName: 'p', clientId: 'c' }],
    },
    ...detail,
  },
  ...more,
});

describe('an event about an identity pool', () => {
  test('names the identity pool, who changed it and what entries it has now', () => {
    const change = poolChangeIn(event(), links);
    assert.ok('identityPoolId' in change);
    assert.equal(change.identityPoolId, POOL);
    assert.equal(change.update?.by?.principalArn, 'arn:aws:iam::222222222222:user/someone');
    assert.deepEqual(change.update?.entries, new Set(['p c']));
  });

  test('of another call than an update has no entries', () => {
    assert.deepEqual(poolChangeIn(event({ eventName: 'DeleteIdentityPool' }), links), {
      identityPoolId: POOL,
    });
  });

  const own = session(ROLE, { sourceIdentity: 'execution-01234567' });
  const other = { identityPoolId: 'ap-south-1:12345678-abcd-abcd-abcd-000000000000' };
  for (const [what, given, why] of [
    ['an update of Poolbridge itself', event({ userIdentity: own }), /Poolbridge made/],
    ['an event of another account', event({}, { account: '111111111111' }), /account/],
    ['an event of another Region', event({}, { region: 'us-east-1' }), /Region/],
    ['an identity pool that no link names', event({ requestParameters: other }), /No link/],
    ['a call that failed', event({ errorCode: 'AccessDenied' }), /failed/],
    ['another call', event({ eventName: 'CreateIdentityPool' }), /not about/],
    ['an event without an identity pool', event({ requestParameters: null }), /No link/],
    ['what is no event', 'text', /no event/],
  ] as const) {
    test(`calls for nothing: ${what}`, () => {
      const answer = poolChangeIn(given, links);
      assert.ok('ignored' in answer);
      assert.match(answer.ignored, why);
    });
  }

  test('counts if someone else has the role, or has a source identity with another role', () => {
    const identities = [
      session(ROLE),
      session('arn:aws:iam::222222222222:role/Admin', { sourceIdentity: 'someone' }),
    ];
    for (const userIdentity of identities) {
      assert.ok('identityPoolId' in poolChangeIn(event({ userIdentity }), links));
    }
  });

  test('without a readable time is not kept as an update', () => {
    assert.deepEqual(poolChangeIn(event({ eventTime: 'x' }), links), { identityPoolId: POOL });
  });
});

test('a recheck waits longer with each round, and never longer than five minutes', () => {
  const waits = [0, 1, 2, 5, 60].map((round) => {
    const { waitUntil } = recheckInput(POOL, { round }, { firstWait: 10, now: 0 });
    return Date.parse(waitUntil) / 1000;
  });
  assert.deepEqual(waits, [10, 20, 40, 300, 300]);
});
