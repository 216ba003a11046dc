import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Known, reasonsIn } from '../../cli/check/reasons.ts';
import type { TargetReport } from '../../core/request/outcome.ts';

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

const reasonsOf = (result: object) =>
  reasonsIn({ identityPoolId, links: ['mobile'], ...result } as TargetReport, known);

describe('a reason of poolbridge why', () => {
  test('is the role mapping, and blocks, if the write would be refused for it', () => {
    const [reason, ...more] = reasonsOf({
      outcome: 'FAILED',
      error: 'RoleMappingError',
      message: 'The identity pool has ten role mappings.',
    });
    assert.equal(more.length, 0);
    assert.deepEqual(
      [reason!.reason, reason!.blocks, reason!.found],
      ['role mapping', true, 'The identity pool has ten role mappings.'],
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

  test('is the quota if the identity pool has no room, with what makes room', () => {
    const error = { error: 'ProviderQuotaError', message: 'It has 50 entries.' };
    const [reason] = reasonsOf({ outcome: 'FAILED', ...error });
    assert.deepEqual([reason!.reason, reason!.blocks], ['quota', true]);
    assert.match(
      reason!.todo,
      /^Unlink app clients that no longer exist, or raise the quota .*Then link it: poolbridge link .* --stage prod$/,
    );
  });
});
