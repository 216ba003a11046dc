import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Apart } from './apart.ts';
import { scripts } from './scripts.ts';

describe('in an order that is hard to meet by chance', () => {
  let apart: Apart;
  before(() => {
    apart = new Apart();
  });
  after(() => apart.close());

  for (const { name: script, mistakes } of scripts) {
    test(script, async () => {
      const { violations, timeline } = await apart.run({ script });
      assert.deepEqual(violations, [], [...timeline, ...violations].join('\n'));
    });

    for (const { name: mistake } of mistakes) {
      test(`the mistake “${mistake}” is seen`, async () => {
        const { violations } = await apart.run({ script, mistake });
        assert.notDeepEqual(violations, [], `The script “${script}” no longer sees it.`);
      });
    }
  }
});
