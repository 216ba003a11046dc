import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DescribedExecution } from '../../core/audit/audit.ts';
import { reconcileOutcomeText, reconcileRequestText } from '../../demo/reconcile-text.ts';

const POOL = 'ap-south-1:00000000-0000-0000-0000-000000000001';
const counts = { linked: 2, missing: 0, orphaned: 0, foreign: 1, removed: 1, uncovered: 0 };
const totals = { ...counts, changed: 0 };

const executionOf = (input: object, output?: object): DescribedExecution => ({
  execution: 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-reconcile:one',
  machine: 'reconcile',
  source: 'history',
  status: output ? 'SUCCEEDED' : 'FAILED',
  started: '2026-01-31T12:00:00Z',
  input: JSON.stringify(input),
  ...(output && { output: JSON.stringify(output) }),
});

describe('a line of the live feed about a reconcile', () => {
  test('says whether it is a recheck, and of which identity pool or link', () => {
    const recheck = { repair: true, identityPoolId: POOL, waitUntil: '2026-01-31T12:00:00Z' };
    assert.equal(reconcileRequestText(executionOf(recheck)), `recheck ${POOL}`);
    assert.equal(reconcileRequestText(executionOf({ link: 'mobile' })), 'reconcile mobile');
    assert.equal(reconcileRequestText(executionOf({ repair: true })), 'reconcile');
  });

  test('says how many entries it restored, linked and unlinked, or else what it found', () => {
    const pool = { identityPoolId: POOL, links: ['mobile'], counts, entries: [] };
    const outcomeOf = (more: object, found = totals) =>
      reconcileOutcomeText(
        executionOf({}, { totals: found, identityPools: [{ ...pool, ...more }] }),
      );
    const repaired = { linked: 3, unlinked: 1 };
    assert.equal(outcomeOf({ restored: 1, repaired }), '1 restored, 2 linked, 1 unlinked');
    assert.equal(outcomeOf({ restored: 1, repaired: { linked: 1, unlinked: 0 } }), '1 restored');
    assert.equal(outcomeOf({ repaired: { linked: 0, unlinked: 0 } }), '1 removed');
    assert.equal(outcomeOf({}, { ...totals, removed: 0 }), 'no drift');
    assert.equal(reconcileOutcomeText(executionOf({})), undefined);
  });
});
