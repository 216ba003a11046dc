import assert from 'node:assert/strict';
import type { Target } from '../../../core/request/target.ts';
import { LAG_MS } from '../../../core/write/marks.ts';
import { EVERY_CLIENT } from '../../../core/write/records.ts';
import type { Script } from '../script.ts';

const step = 'UpdateIdentityPool';
const criticalSection = 'aws/write/critical-section.ts';
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
    name: 'an app client that exists stays unlinked while one of its two marks is young, and is then linked without both',
    mistakes: [
      {
        name: 'a young mark does not count beside an old one',
        changes: [{ file: wrongMarks, find: 'marks.every(', replace: 'marks.some(' }],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      await stage.mark(EVERY_CLIENT);
      await stage.sleep(LAG_MS);
      await stage.mark(clientId);
      assert.equal((await stage.done('link', clientId)).outcome, 'NOT_LINKED');
      await stage.sleep(LAG_MS);
      const { outcome, marksCleared } = await stage.done('link', clientId);
      assert.deepEqual([outcome, marksCleared?.length], ['LINKED', 2]);
    },
  },
  {
    name: 'an app client that counts as deleted is unlinked',
    mistakes: [
      {
        name: 'what counts as deleted is not unlinked',
        changes: [
          {
            file: criticalSection,
            find: "if (operation === 'unlink' || clientId === undefined) return false;",
            replace: 'if (clientId === undefined || !operation) return false;',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      assert.equal((await stage.done('link', clientId)).outcome, 'LINKED');
      await stage.mark(clientId);
      assert.equal((await stage.done('unlink', clientId)).outcome, 'UNLINKED');
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'an app client that counts as deleted is not linked by the execution of another request',
    mistakes: [
      {
        name: 'what counts as deleted is linked for a request that waits',
        changes: [
          {
            file: criticalSection,
            find: 'if (!this.#isOwn(each) && (await this.#isMarked(each))) marked.add(each);',
            replace: '',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const waiting = await stage.waiting(() => stage.ask('link', one));
      await stage.mark(one);
      assert.equal((await stage.done('link', other)).outcome, 'LINKED');
      assert.ok(!stage.clients().includes(one));
      waiting.goOn();
      assert.equal((await stage.said(waiting.execution)).outcome, 'NOT_LINKED');
      await stage.sleep(LAG_MS);
      assert.equal((await stage.done('link', one)).outcome, 'LINKED');
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
      // The first listing finds that it is gone, and no second one is needed.
      const listing = { step, call: 'cognito-idp:ListUserPoolClients', after: 1 };
      stage.failing(listing, () => 'denied');
      // The answer to the first attempt is kept for a day.
      const redriven = await stage.invoke(step, { ...old, attempt: 2 });
      assert.equal(redriven.outcome, 'NOT_LINKED');
      assert.ok(!stage.clients().includes(clientId));
    },
  },
];
