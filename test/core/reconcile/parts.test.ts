import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Link, Links } from '../../../core/links/links.ts';
import {
  afterPart,
  executionOfPart,
  linksOfPart,
  MOST_IDENTITY_POOLS,
  MOST_USER_POOLS,
  nextPartIn,
} from '../../../core/reconcile/parts.ts';
import { nextPart, parseReconcile } from '../../../core/reconcile/plan.ts';
import { linkOf } from '../link-of.ts';

const link = (identityPool: string, userPools: string[]): Link =>
  linkOf({ identityPool, userPools });

const anyLinks = fc
  .array(fc.record({ pool: fc.nat(700), userPools: fc.integer({ min: 1, max: 30 }) }), {
    maxLength: 900,
  })
  .map((drawn) =>
    Object.fromEntries(
      drawn.map(({ pool, userPools }, i) => [
        `link-${i}`,
        link(
          `eu-west-1:${pool}`,
          Array.from({ length: userPools }, (_, k) => `us-east-1_${i % 40}x${k}`),
        ),
      ]),
    ),
  );

/** The links of each part, one after the other. */
function partsOf(links: Links): Links[] {
  const parts: Links[] = [];
  let after: string | undefined;
  do {
    const { links: own, upTo } = linksOfPart(links, after);
    parts.push(own);
    after = upTo;
  } while (after !== undefined);
  return parts;
}

const poolsOf = (links: Links) =>
  new Set(Object.values(links).map(({ identityPool }) => identityPool));

describe('the parts of a reconcile', () => {
  test('have every link once, all links to an identity pool together, in the order of the file', () => {
    fc.assert(
      fc.property(anyLinks, (links) => {
        const parts = partsOf(links);
        const names = parts.flatMap((part) => Object.keys(part));
        assert.deepEqual([...names].sort(), Object.keys(links).sort());
        const pools = parts.flatMap((part) => [...poolsOf(part)]);
        assert.equal(new Set(pools).size, pools.length);
        for (const part of parts) {
          const order = Object.keys(links).filter((name) => Object.hasOwn(part, name));
          assert.deepEqual(Object.keys(part), order);
        }
      }),
    );
  });

  test('each fit into one execution, and are as few as that allows', () => {
    fc.assert(
      fc.property(anyLinks, (links) => {
        const parts = partsOf(links);
        const userPoolsOf = (part: Links) =>
          new Set(Object.values(part).flatMap(({ userPools = [] }) => userPools)).size;
        for (const part of parts) {
          assert.ok(poolsOf(part).size <= MOST_IDENTITY_POOLS);
          assert.ok(poolsOf(part).size <= 1 || userPoolsOf(part) <= MOST_USER_POOLS);
        }
        const fits =
          poolsOf(links).size <= MOST_IDENTITY_POOLS && userPoolsOf(links) <= MOST_USER_POOLS;
        assert.equal(parts.length === 1, fits || poolsOf(links).size <= 1);
      }),
    );
  });

  test('still have every identity pool that stays, if links.yml is deployed anew between them', () => {
    const all = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [
        `l${i}`,
        link(`eu-west-1:${1000 + i}`, [`us-east-1_${i}`]),
      ]),
    );
    const { links: first, upTo } = linksOfPart(all, undefined);
    const { l5: _, l400: __, ...fewer } = all;
    const more = { ...fewer, new: link('eu-west-1:1599a', ['us-east-1_new']) };
    const { links: second } = linksOfPart(more, upTo);
    assert.deepEqual([poolsOf(first).size, poolsOf(second).size], [250, 250]);
    assert.ok(poolsOf(second).has('eu-west-1:1250') && !poolsOf(second).has('eu-west-1:1400'));
  });

  test('continue with the same request, and know whether an earlier one has failed', () => {
    const asked = { repair: true, changedOnly: true } as const;
    const second = nextPart(asked, 'eu-west-1:7');
    assert.deepEqual(second, {
      ...asked,
      part: { number: 2, after: 'eu-west-1:7', failed: false },
    });
    assert.deepEqual(nextPartIn({ next: second }), second);
    const failed = afterPart(second, 'FAILED');
    const third = nextPart(parseReconcile(failed, {}), 'eu-west-1:8');
    assert.deepEqual(third.part, { number: 3, after: 'eu-west-1:8', failed: true });
    assert.equal(afterPart(third, 'SUCCEEDED').part.failed, true);
    for (const state of [undefined, {}, { next: 1 }, { next: { repair: true, part: {} } }]) {
      assert.equal(nextPartIn(state), undefined);
    }
  });

  test('are executions of the same state machine with names that do not change', () => {
    const before = 'arn:aws:states:eu-west-1:111111111111:execution:poolbridge-dev-reconcile';
    const part = (number: number) => ({ number, after: '', failed: false });
    const second = executionOfPart(`${before}:daily`, part(2));
    assert.equal(second.arn, `${before}:daily-part-2`);
    assert.equal(second.stateMachineArn, before.replace(':execution:', ':stateMachine:'));
    assert.equal(executionOfPart(second.arn, part(3)).name, 'daily-part-3');
    assert.ok(executionOfPart(`${before}:${'x'.repeat(80)}`, part(1000)).name.length <= 80);
  });

  test('are refused in another form, or with a link or an identity pool', () => {
    const part = { number: 2, after: 'eu-west-1:7', failed: false };
    for (const wrong of [2, {}, { ...part, number: '2' }, { ...part, more: 1 }]) {
      assert.throws(() => parseReconcile({ part: wrong }, {}), /part must be an object like/);
    }
    const links = { one: link('eu-west-1:1', ['us-east-1_A']) };
    for (const named of [{ link: 'one' }, { identityPoolId: 'eu-west-1:1' }]) {
      assert.throws(() => parseReconcile({ ...named, part }, links), {
        name: 'InvalidRequestError',
        message: /^part continues a reconcile of all identity pools/,
      });
    }
  });
});
