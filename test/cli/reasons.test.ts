import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Known, reasonsIn, undeployedIn } from '../../cli/check/reasons.ts';
import { lastWriteOf } from '../../cli/executions/entries.ts';
import type { TargetReport } from '../../core/request/outcome.ts';
import type { LedgerEntry } from '../../core/write/records.ts';
import { linkOf } from '../core/link-of.ts';

const identityPoolId = 'ap-south-1:00000000-0000-0000-0000-000000000001';
const provider = { ProviderName: 'cognito-idp.us-east-1.amazonaws.com/p', ClientId: 'one' };

const known: Known = {
  commandLine: (words) => `poolbridge ${words} --stage prod`,
  userPoolId: 'us-east-1_EXAMPLE12',
  clientId: 'one',
  waiting: [],
  pause: undefined,
  entry: { since: '2026-01-01T00:00:00.000Z' },
};

const reasonsOf = (result: object, entry = known.entry) =>
  reasonsIn({ identityPoolId, links: ['mobile'], ...result } as TargetReport, { ...known, entry });

const ledgerEntry: LedgerEntry = {
  state: 'unlinked',
  providerName: provider.ProviderName,
  clientId: 'one',
  links: ['mobile'],
  execution: 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-prod-link:gone',
  sequence: 1,
  time: Date.parse('2026-01-31T00:00:00Z'),
};

describe('a reason of poolbridge why', () => {
  test('is the role mapping, and blocks, if the write would be refused for it', () => {
    const [reason, ...more] = reasonsOf({
      outcome: 'FAILED',
      error: 'RoleMappingError',
      message: 'The identity pool has ten role mappings.',
    });
    assert.equal(more.length, 0);
    assert.deepEqual(
      [reason!.reason, reason!.blocks, reason!.isUnseen, reason!.found],
      ['role mapping', true, true, 'The identity pool has ten role mappings.'],
    );
    assert.match(reason!.todo, /Correct roleMapping in links\.yml/);
  });

  test('is the role mapping, and does not block, if the entry is there without it', () => {
    const changes = [{ op: 'map', provider, mapping: { Type: 'Token' } }];
    const [reason, last] = reasonsOf({ outcome: 'PLANNED', changes });
    assert.deepEqual(
      [reason!.reason, reason!.blocks, last!.reason],
      ['role mapping', false, 'not visible'],
    );
    assert.match(reason!.found, /not with what links\.yml sets beside it \(map\)/);
    assert.match(
      reason!.todo,
      /^Write it: poolbridge link --user-pool us-east-1_EX\S+ --client one --identity-pool \S+ --stage prod$/,
    );
  });

  test('says of an entry that is missing when it was written, or when it was unlinked', () => {
    const changes = [{ op: 'add', provider }];
    const [written] = reasonsOf({ outcome: 'PLANNED', changes });
    assert.match(
      written!.found,
      /Poolbridge wrote it last at 2026-01-01 \S+Z, and has not unlinked/,
    );
    const [unlinked] = reasonsOf({ outcome: 'PLANNED', changes }, lastWriteOf(ledgerEntry));
    assert.equal(
      unlinked!.found,
      'The identity pool has no entry for it. Poolbridge unlinked it at 2026-01-31 00:00:00Z, by gone.',
    );
    const [never] = reasonsOf({ outcome: 'PLANNED', changes }, lastWriteOf(undefined));
    assert.equal(never!.found, 'The identity pool has no entry for it.');
  });

  test('says under which issuer an entry is missing, if only one of two is', () => {
    const ProviderName = `issuer-${provider.ProviderName}`;
    const updated = { op: 'add', provider: { ...provider, ProviderName } };
    const original = { op: 'add', provider };
    const foundOf = (result: object) => reasonsOf({ outcome: 'PLANNED', ...result }, {})[0]!.found;
    assert.match(
      foundOf({ changes: [updated], issuer: 'updated' }),
      /^The identity pool has no entry for it under the updated issuer of its user pool\. If it has one under the original issuer, /,
    );
    assert.match(
      foundOf({ changes: [original], issuer: 'updated' }),
      /no entry for it under the original issuer of its user pool\. If it has one under the updated /,
    );
    assert.equal(
      foundOf({ changes: [original, updated], issuer: 'updated' }),
      'The identity pool has no entry for it.',
    );
  });

  test('is an entry of another if it is there although Poolbridge unlinked it', () => {
    const result = { outcome: 'ALREADY_LINKED', changes: [] };
    const [again] = reasonsOf(result, lastWriteOf(ledgerEntry));
    assert.equal(again!.reason, 'entry of another');
    assert.match(again!.found, /though Poolbridge unlinked it at 2026-01-31 /);
    const linked = lastWriteOf({ ...ledgerEntry, state: 'linked' });
    assert.deepEqual(
      reasonsOf(result, linked).map(({ reason }) => reason),
      ['not visible'],
    );
  });

  test('is that links.yml is not deployed, if the one here covers the app client', () => {
    const links = { web: linkOf({ userPools: [known.userPoolId], clients: ['web-*'] }) };
    const asked = { userPoolId: known.userPoolId, file: 'new.yml', deploy: 'npx osls deploy' };
    const reason = undeployedIn(links, { ...asked, clientName: 'web-1' });
    assert.deepEqual(
      [reason!.reason, reason!.found, reason!.todo],
      [
        'not deployed',
        'By new.yml, it is covered (web), but that is not deployed.',
        'Deploy it: npx osls deploy',
      ],
    );
    assert.equal(undeployedIn(links, { ...asked, clientName: 'ios' }), undefined);
    assert.equal(undeployedIn(links, { ...asked, clientName: undefined }), undefined);
  });

  test('is the missing entry, with where to see whether others removed what Poolbridge wrote', () => {
    const result = { outcome: 'PLANNED', changes: [{ op: 'add', provider }] };
    const [written] = reasonsOf(result);
    assert.equal(
      written!.look,
      'To see whether others removed it: poolbridge status --link mobile --stage prod',
    );
    const [unlinked] = reasonsOf(result, lastWriteOf(ledgerEntry));
    assert.deepEqual([unlinked!.reason, unlinked!.look], ['entry missing', undefined]);
  });

  test('is the quota if the identity pool has no room, with what makes room', () => {
    const error = { error: 'ProviderQuotaError', message: 'It has 50 entries.' };
    const [reason] = reasonsOf({ outcome: 'FAILED', ...error });
    assert.deepEqual(
      [reason!.reason, reason!.blocks, reason!.isUnseen],
      ['quota', true, undefined],
    );
    assert.equal(
      reason!.look,
      `To see its entries: poolbridge entries --identity-pool ${identityPoolId} --stage prod`,
    );
    assert.match(
      reason!.todo,
      /^Unlink app clients that no longer exist, or raise the quota .*Then link it: poolbridge link .* --stage prod$/,
    );
  });
});
