import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apply, type Change, expanded } from '../../../core/identity-pool/changes.ts';
import type { IdentityPool } from '../../../core/identity-pool/identity-pool.ts';
import { type Intent, merge } from '../../../core/identity-pool/merge.ts';
import type { RoleMapping } from '../../../core/identity-pool/roles.ts';
import type { Allowed, WriteRecord } from '../../../core/write/records.ts';
import {
  linesOf,
  sharesIn,
  WRITE_BEGINS,
  WRITE_ENDED,
  type WriteEnd,
} from '../../../core/write/write-log.ts';

const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:x';
const about = { write: '7.1-nonce', identityPoolId: 'ap-south-1:pool' };
const pool: IdentityPool = {
  IdentityPoolId: about.identityPoolId,
  IdentityPoolName: 'pool',
  AllowUnauthenticatedIdentities: false,
  RoleMappings: {},
};
const record: WriteRecord = {
  execution: EXECUTION,
  assumedRoleArn: 'arn:role',
  sequence: 7,
  before: {},
  after: {},
};

const roleMapping: RoleMapping = { Type: 'Token', AmbiguousRoleResolution: 'Deny' };
const intentOf = (clientId: string, operation: Intent['operation'] = 'link'): Intent => ({
  operation,
  providerName: 'idp/pool',
  clientId,
  serverSideTokenCheck: true,
  roleMapping,
});
const askedOf = (intent: Intent): Allowed => ({
  key: `key-${intent.clientId}`,
  execution: `${EXECUTION}-${intent.clientId}`,
  intent,
  links: ['mobile'],
});
const shareOf = ({ key, intent }: Allowed) => ({ key, changes: merge(pool, intent) });

/** The lines as the functions' log group holds them. */
const logged = (lines: object[], end?: object) => [
  ...lines.map((line) => ({ message: WRITE_BEGINS, timestamp: 'then', level: 'INFO', ...line })),
  ...(end ? [{ message: WRITE_ENDED, timestamp: 'later', ...end }] : []),
];

describe('the log of writes', () => {
  const asked = ['one', 'two'].map((id) => askedOf(intentOf(id)));
  const lines = linesOf(record, about, asked, asked.map(shareOf));

  test('has each complete share of a write, by the execution that requested it', () => {
    const shares = sharesIn([
      'not JSON',
      { message: WRITE_BEGINS, timestamp: 'then', ...lines[0], shares: [{ key: 'forged' }] },
      ...logged(lines, { write: about.write, end: 'read back' }),
    ]);
    const common = {
      identityPoolId: about.identityPoolId,
      operation: 'link',
      links: ['mobile'],
      writtenBy: EXECUTION,
      assumedRoleArn: 'arn:role',
      sequence: 7,
      time: 'then',
      end: 'read back',
    };
    assert.deepEqual(
      shares,
      asked.map(({ execution, ...each }, share) => ({
        ...common,
        execution,
        share,
        changes: shareOf({ execution, ...each }).changes,
      })),
    );
  });

  test('has no requests that were refused or that change nothing', () => {
    const shares = [
      { key: 'key-one', refused: 'ProviderQuotaError It is full.' },
      { key: 'key-two', changes: [] },
    ];
    assert.deepEqual(linesOf(record, about, asked, shares), []);
  });

  test('says what was made from how the write ended, or that it is not known', () => {
    const madeBy = (end?: object) =>
      sharesIn(logged(lines, end && { write: about.write, ...end })).map((share) => [
        ...[share.end, share.changes.length],
      ]);
    const all: [WriteEnd, number][] = [
      'read back',
      'made in part',
      'not read back',
      'needless',
    ].map((end) => [end as WriteEnd, 2]);
    for (const each of all) assert.deepEqual(madeBy({ end: each[0] }), [each, each]);
    for (const end of ['not made', 'taken back']) assert.deepEqual(madeBy({ end }), []);
    for (const end of [undefined, { end: 'garbled' }, { write: 'another', end: 'not made' }]) {
      assert.deepEqual(madeBy(end), [
        [undefined, 2],
        [undefined, 2],
      ]);
    }
  });

  test('believes the next writer about an interrupted write of several calls', () => {
    // The entries were added; the role mappings were not.
    const added: Change[] = asked
      .flatMap((each) => shareOf(each).changes)
      .filter(({ op }) => op === 'add');
    const cut = apply(pool, added);
    const written = asked.map((each) => ({ ...each, ...shareOf(each) }));
    // The links have changed since: the parts of all other requests are taken back.
    const seenIn = (now: IdentityPool) => {
      const left = written.map((each) => ({ ...each, left: merge(now, each.intent) }));
      const made = left.filter((each) => each.left.length === 0);
      const parts = left.filter((each) => !made.includes(each) && each.left.length < 2);
      return {
        made: made.map(({ key }) => key),
        parts: parts.map(({ key, changes }) => ({
          key,
          changes: changes.filter(({ op }) => op === 'add'),
        })),
      };
    };
    const end = { write: about.write, end: 'seen later' };
    const seenAs = (now: IdentityPool) => [
      ...logged(lines, { ...end, ...seenIn(now) }),
      { message: WRITE_ENDED, write: about.write, end: 'not made' },
    ];
    const opsOf = (now: IdentityPool) =>
      sharesIn(seenAs(now)).map((share) => [
        ...[share.execution.split('-').at(-1), share.end, share.changes.map((each) => each.op)],
      ]);
    assert.deepEqual(opsOf(cut), [
      ['one', 'seen later', ['add']],
      ['two', 'seen later', ['add']],
    ]);
    assert.deepEqual(opsOf(pool), []);
    const [first] = written;
    assert.deepEqual(opsOf(apply(cut, first!.changes)), [
      ['one', 'seen later', ['add', 'map']],
      ['two', 'seen later', ['add']],
    ]);
  });

  test('takes several lines if one would be longer than an event may be, and omits nothing', () => {
    const rules = Array.from({ length: 25 }, (_, i) => ({
      Claim: `claim-${i}`,
      MatchType: 'Equals' as const,
      Value: 'v'.repeat(128),
      RoleARN: `arn:aws:iam::222222222222:role/${'r'.repeat(64)}`,
    }));
    const mapping: RoleMapping = {
      Type: 'Rules',
      AmbiguousRoleResolution: 'Deny',
      RulesConfiguration: { Rules: rules },
    };
    const many = Array.from({ length: 1000 }, (_, i) => {
      const intent = intentOf(`client-${i}`);
      const links = Array.from({ length: 5 }, (_, j) => `link-${j}-${'l'.repeat(33)}`);
      return { ...askedOf(i < 10 ? { ...intent, roleMapping: mapping } : intent), links };
    });
    const all = linesOf(record, about, many, many.map(shareOf));
    assert.ok(all.length > 1);
    for (const line of all) assert.ok(Buffer.byteLength(JSON.stringify(line)) < 100_000);
    const shares = sharesIn(logged(all.toReversed()));
    assert.deepEqual(
      shares.map(({ share }) => share).sort((a, b) => a - b),
      many.map((_, i) => i),
    );
    const whole = shares.flatMap(({ changes }) => changes.flatMap(expanded));
    assert.equal(whole.length, 2000);
    assert.equal(whole.filter((change) => 'roleMapping' in change).length, 1000);
  });
});
