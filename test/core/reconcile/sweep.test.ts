import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Links } from '../../../core/links/links.ts';
import { inTurn, needsRecheck } from '../../../core/reconcile/sweep.ts';
import { EVERY_CLIENT, type LedgerEntry } from '../../../core/write/records.ts';
import { linkOf } from '../link-of.ts';

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const USER_POOL = 'us-east-1_A';
const PROVIDER = `cognito-idp.us-east-1.amazonaws.com/${USER_POOL}`;
const NOW = Date.parse('2026-01-02T03:04:05Z');

const link = linkOf({
  userPools: [USER_POOL],
  clients: ['web-*'],
  identityPool: POOL,
  onDelete: 'unlink',
});

const entry = (clientId: string, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  state: 'linked',
  providerName: PROVIDER,
  clientId,
  clientName: 'web-app',
  links: ['one'],
  execution: 'x',
  sequence: 1,
  time: NOW - 86_400_000,
  ...more,
});

const needed = (
  clients: Record<string, string>,
  ledger: LedgerEntry[],
  links: Links = { one: link },
): boolean => {
  const swept = { userPoolId: USER_POOL, tags: {}, clients: new Map(Object.entries(clients)) };
  return needsRecheck(links, POOL, { swept, ledger, now: NOW });
};

describe('a sweep', () => {
  test('asks for a recheck if a covered app client was never linked', () => {
    assert.ok(needed({ a: 'web-app' }, []));
  });

  test('asks for none if no link covers the app client, or the ledger knows it', () => {
    assert.ok(!needed({ a: 'other' }, []));
    assert.ok(!needed({ a: 'web-app' }, [entry('a')]));
    assert.ok(!needed({ a: 'web-app' }, [entry('a', { state: 'unlinked' })]));
    assert.ok(
      !needed({ a: 'web-app' }, [entry(EVERY_CLIENT, { state: 'unlinked', deleted: true })]),
    );
  });

  test('asks for one if an app client is gone and its links say unlink', () => {
    assert.ok(needed({}, [entry('a')]));
    assert.ok(!needed({}, [entry('a', { state: 'unlinked' })]));
    assert.ok(!needed({}, [entry('a')], { one: { ...link, onDelete: 'keep' } }));
  });

  test('leaves what was linked within a minute, and what a person must approve', () => {
    assert.ok(!needed({}, [entry('a', { time: NOW - 30_000 })]));
    assert.ok(!needed({ a: 'web-app' }, [], { one: { ...link, approval: 'required' } }));
  });

  test('continues where the last one ended, and leaves no user pool out', () => {
    const ids = fc.uniqueArray(fc.stringMatching(/^us-east-1_[A-Z]{3}$/), { minLength: 1 });
    fc.assert(
      fc.property(ids, fc.nat(), (all, at) => {
        const last = all[at % all.length]!;
        const turns = inTurn(all, last);
        assert.deepEqual([...turns].sort(), [...all].sort());
        if (all.length > 1) assert.notEqual(turns[0], last);
      }),
    );
    assert.deepEqual(inTurn(['b', 'a', 'b'], undefined), ['a', 'b']);
  });
});
