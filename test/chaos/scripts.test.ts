import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Apart } from './apart.ts';
import { scripts } from './scripts.ts';

describe('in a fixed order of events that seeds rarely reach', () => {
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
      test(`the script detects the mistake “${mistake}”`, async () => {
        const { violations } = await apart.run({ script, mistake });
        assert.notDeepEqual(violations, [], `The script “${script}” no longer detects it.`);
      });
    }
  }
});
