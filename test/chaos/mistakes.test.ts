import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Apart } from './apart.ts';
import { bugs } from './bugs.ts';

describe('the fault suite detects a mistake', () => {
  let apart: Apart;
  before(() => {
    apart = new Apart();
  });
  after(() => apart.close());

  for (const { name, seed } of bugs) {
    test(name, async () => {
      const { violations } = await apart.run({ mistake: name });
      assert.notDeepEqual(
        violations,
        [],
        `Seed ${seed} no longer detects it. Find another: npm run chaos -- --find-seeds --pin`,
      );
    });
  }
});
