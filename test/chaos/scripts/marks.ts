import assert from 'node:assert/strict';
import type { Target } from '../../../core/request/target.ts';
import { LAG_MS } from '../../../core/write/marks.ts';
import type { Script } from '../script.ts';

const step = 'UpdateIdentityPool';
const wrongMarks = 'aws/write/wrong-marks.ts';

/** What counts as deleted, and what is looked up again. */
export const marksScripts: Script[] = [
  {
    name: 'an app client that exists is linked although the ledger has it as deleted, once the mark is a minute old',
    mistakes: [
      {
        name: 'a mark is trusted without a look at Cognito',
        changes: [
          { file: wrongMarks, find: 'if (!names.has(clientId)) return [];', replace: 'return [];' },
        ],
      },
      {
        name: 'a young mark is removed',
        changes: [
          {
            file: wrongMarks,
            find: 'isBefore(mark, Date.now())',
            replace: 'isBefore(mark, Number.POSITIVE_INFINITY)',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      await stage.mark(clientId);
      assert.equal((await stage.done('link', clientId)).outcome, 'NOT_LINKED');
      await stage.sleep(LAG_MS);
      const linked = await stage.done('link', clientId);
      assert.equal(linked.outcome, 'LINKED');
      assert.equal(linked.marksCleared?.length, 1);
      assert.equal((await stage.ledger(clientId))?.deleted, undefined);
    },
  },
  {
    name: 'the mark of an app client that was deleted stays, and a late event does not link it',
    mistakes: [
      {
        name: 'every old mark is removed',
        changes: [{ file: wrongMarks, find: 'if (!names.has(clientId)) return [];', replace: '' }],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      await stage.deleteClient(clientId);
      await stage.mark(clientId);
      await stage.sleep(LAG_MS);
      const late = await stage.said(await stage.tell('link', clientId));
      assert.equal(late.outcome, 'NOT_LINKED');
      assert.equal(late.marksCleared, undefined);
      assert.equal((await stage.ledger(clientId))?.deleted, true);
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'an old target is compared with Cognito again, and is not linked if its app client was deleted',
    mistakes: [
      {
        name: 'an old target is not looked up again',
        changes: [
          {
            file: 'core/request/target-now.ts',
            find: 'approval !== undefined || now - resolvedAt > OUTDATED_MS',
            replace: 'approval !== undefined',
          },
        ],
      },
      {
        name: 'a target whose app client is gone is linked',
        changes: [
          {
            file: 'aws/write/target-now.ts',
            find: 'if (missing !== undefined) return { ...subject, gone: true };',
            replace: '',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const linking = await stage.tell('link', clientId);
      await stage.said(linking);
      const event = stage.event(linking, step);
      const old = { ...event, target: { ...(event['target'] as Target), resolvedAt: 0 } };
      assert.equal((await stage.done('unlink', clientId)).outcome, 'UNLINKED');
      await stage.deleteClient(clientId);
      // The answer to the first attempt is kept for a day.
      const redriven = await stage.invoke(step, { ...old, attempt: 2 });
      assert.equal(redriven.outcome, 'NOT_LINKED');
      assert.ok(!stage.clients().includes(clientId));
    },
  },
];
