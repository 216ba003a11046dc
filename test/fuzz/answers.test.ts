import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { UnknownPoolFieldError } from '../../core/errors.ts';
import { apply } from '../../core/identity-pool/changes.ts';
import { entriesOf, parseIdentityPool, sendable } from '../../core/identity-pool/identity-pool.ts';
import { merge } from '../../core/identity-pool/merge.ts';
import { parseRoles, short } from '../../core/identity-pool/roles.ts';
import { identityPools } from '../core/arbitraries.ts';
import { CASES, spoiled } from './garbage.ts';
import { events, target } from './one-answer.ts';

test('a description of an identity pool is parsed with every member, or refused with one sentence', () => {
  let good = 0;
  fc.assert(
    fc.property(spoiled(identityPools), (json) => {
      const answer = JSON.parse(json) as Record<string, unknown>;
      try {
        const pool = parseIdentityPool(answer);
        good++;
        const present = Object.entries(answer).filter(([, value]) => value !== null);
        assert.deepEqual(new Set(Object.keys(pool)), new Set(present.map(([name]) => name)));
        const { CognitoIdentityProviders: sent, ...settings } = sendable(
          apply(pool, merge(pool, target.intent)),
        );
        const { CognitoIdentityProviders: _, ...kept } = sendable(pool);
        assert.deepEqual(settings, kept);
        assert.deepEqual(sent?.slice(0, entriesOf(pool).length), entriesOf(pool));
      } catch (error) {
        assert.ok(error instanceof UnknownPoolFieldError, (error as Error).stack);
        assert.match(error.message, /^AWS described .*\.$/s);
        assert.ok(error.message.length < 1000);
      }
    }),
    CASES,
  );
  assert.ok(good > 1000, `only ${good} were understood`);
});

test('roles and role mappings are parsed with every member, or refused with one sentence', () => {
  const text = fc.constantFrom('Token', 'Rules', 'Deny', 'custom:team');
  const rule = fc.record({ Claim: text, MatchType: text, Value: text, RoleARN: text });
  const mapping = fc.record(
    {
      Type: text,
      AmbiguousRoleResolution: text,
      RulesConfiguration: fc.record({ Rules: fc.array(rule, { maxLength: 3 }) }),
    },
    { requiredKeys: ['Type'] },
  );
  const roles = fc.record({
    Roles: fc.dictionary(fc.constantFrom('authenticated', 'unauthenticated'), text),
    RoleMappings: fc.dictionary(fc.constantFrom('p:c', 'p:d', 'accounts.google.com'), mapping),
  });
  let good = 0;
  fc.assert(
    fc.property(spoiled(roles), (json) => {
      const answer = JSON.parse(json) as Record<string, unknown>;
      try {
        const { Roles, RoleMappings } = parseRoles(answer);
        good++;
        for (const [name, mappings] of Object.entries(RoleMappings)) {
          const { sha256 } = short(mappings);
          assert.match(sha256, /^[0-9a-f]{64}$/, name);
        }
        const whole = JSON.stringify({ Roles, RoleMappings });
        const sent = { Roles: answer['Roles'] ?? {}, RoleMappings: answer['RoleMappings'] ?? {} };
        assert.equal(
          whole,
          JSON.stringify(sent, (_, value) => value ?? undefined),
        );
      } catch (error) {
        assert.ok(error instanceof UnknownPoolFieldError, (error as Error).stack);
        assert.ok(error.message.length < 1000);
      }
    }),
    CASES,
  );
  assert.ok(good > 1000, `only ${good} were understood`);
});

describe('on any answer of AWS, a step ends by itself, reports what happened and writes nothing wrong:', () => {
  let worker: Worker;
  // In this thread the test runner tracks every promise, which takes 50% longer.
  before(() => {
    worker = new Worker(new URL('steps.ts', import.meta.url));
  });
  after(() => worker.terminate());

  for (const step of Object.keys(events)) {
    test(step, async () => {
      worker.postMessage(step);
      const [failure] = await once(worker, 'message');
      if (failure) throw failure;
    });
  }
});
