import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDeployment } from './accounts.ts';
import { bugs } from './bugs.ts';
import { loadHandlers } from './bundle.ts';
import { Suite } from './suite.ts';

const artifact = process.env['POOLBRIDGE_ARTIFACT'] ?? '';

describe('a mistake is seen', () => {
  const deployment = readDeployment(artifact);
  for (const bug of bugs) {
    test(bug.name, async () => {
      const outcome = await new Suite(bug.seed, await loadHandlers(bug)).run(deployment);
      assert.notDeepEqual(
        outcome.violations,
        [],
        `Seed ${bug.seed} no longer sees it. Find another: npm run chaos -- --seeds 1..1000 --bug "${bug.name}"`,
      );
    });
  }
});
