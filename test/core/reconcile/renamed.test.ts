import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Links } from '../../../core/links/links.ts';
import { neededAfter, poolsToJudge, updatedClientIn } from '../../../core/reconcile/renamed.ts';
import type { LedgerEntry } from '../../../core/write/records.ts';
import { linkOf } from '../link-of.ts';

const OWN = '111111111111';
const NAMED = 'ap-south-1:12345678-abcd-abcd-abcd-000000000001';
const ANY = 'ap-south-1:12345678-abcd-abcd-abcd-000000000002';

const links: Links = {
  named: linkOf({ identityPool: NAMED, clients: ['web-*'] }),
  any: linkOf({ identityPool: ANY }),
};

const event = (client: object = {}, more: object = {}) => ({
  account: OWN,
  region: 'us-east-1',
  detail: {
    eventName: 'UpdateUserPoolClient',
    eventID: 'e1',
    eventTime: '2026-01-02T03:04:05Z',
    userIdentity: { arn: 'arn:aws:iam::111111111111:user/someone' },
    responseElements: {
      userPoolClient: { userPoolId: 'us-east-1_A', clientId: 'c', clientName: 'web-x', ...client },
    },
    ...more,
  },
});

describe('an updated app client', () => {
  test('is judged by its new name, for identity pools where names decide', () => {
    const client = updatedClientIn(event(), links, OWN);
    assert.ok('pool' in client);
    assert.deepEqual(poolsToJudge(links, client), [{ identityPoolId: NAMED, isCovered: true }]);
    const other = poolsToJudge(links, { ...client, clientName: 'other' });
    assert.deepEqual(other, [{ identityPoolId: NAMED, isCovered: false }]);
    assert.equal(client.requestedBy['principalArn'], 'arn:aws:iam::111111111111:user/someone');
  });

  for (const [what, given, why] of [
    ['of another account', { ...event(), account: '333333333333' }, /No link/],
    ['of a user pool that no link names', event({ userPoolId: 'us-east-1_B' }), /No link/],
    [
      'whose name CloudTrail hides',
      event({ clientName: 'HIDDEN_DUE_TO_SECURITY_REASONS' }),
      /name/,
    ],
    ['by another call', event({}, { eventName: 'CreateUserPoolClient' }), /not about/],
  ] as const) {
    test(`calls for nothing: ${what}`, () => {
      const answer = updatedClientIn(given, links, OWN);
      assert.ok('ignored' in answer);
      assert.match(answer.ignored, why);
    });
  }

  test('is linked only if the ledger does not know it, and rechecked only if it is linked', () => {
    const linked = [{ state: 'linked' }] as LedgerEntry[];
    const unlinked = [{ state: 'unlinked' }] as LedgerEntry[];
    const cases = [true, false].map((isCovered) =>
      [[], linked, unlinked].map((ledger) => neededAfter(isCovered, ledger)),
    );
    assert.deepEqual(cases, [
      ['link', 'nothing', 'nothing'],
      ['nothing', 'recheck', 'nothing'],
    ]);
  });
});
