import assert from 'node:assert/strict';
import type { Execution } from 'embedded-aws/services/states/machines.ts';
import type { Target } from '../../../core/request/target.ts';
import { POOLS, TAGGED, USER_POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';
import type { Stage } from '../stage.ts';
import { fill } from '../user-pools.ts';

const step = 'UpdateIdentityPool';
const listing = { step, call: 'cognito-idp:ListUserPoolClients' };
const readingTags = { step, call: 'cognito-idp:ListTagsForResource' };
const targetNow = 'aws/write/target-now.ts';

/** The input of the write of an execution, as a redrive weeks later has it. */
function redriven(stage: Stage, execution: Execution, attempt = 2): object {
  const event = stage.event(execution, step);
  // The answer to an earlier attempt is kept for a day.
  return { ...event, target: { ...(event['target'] as Target), resolvedAt: 0 }, attempt };
}

/** What a target is compared with when it is written. */
export const targetScripts: Script[] = [
  {
    name: 'a link by the id of a user pool needs neither its tags nor, within minutes, a listing',
    mistakes: [
      {
        name: 'the tags of each user pool are read',
        changes: [
          {
            file: targetNow,
            find: 'needsTags(linksNamed(links, target.links), pool)',
            replace: 'needsTags(linksNamed(links, target.links), pool) || true',
          },
        ],
      },
      {
        name: 'each app client is looked up again',
        changes: [{ file: targetNow, find: '|| !mayBeOutdated(target, Date.now())', replace: '' }],
      },
    ],
    async play(stage) {
      const [, userPoolId] = USER_POOLS;
      const clientId = await stage.createClient(userPoolId);
      for (const call of [readingTags, listing]) stage.failing(call, () => 'denied');
      assert.equal((await stage.done('link', clientId, userPoolId)).outcome, 'LINKED');
      assert.equal((await stage.ledger(clientId, userPoolId))?.clientName, 'web-app');
    },
  },
  {
    name: 'a redriven link is not written if its app client can not be looked up, and an unlink needs no look-up',
    mistakes: [
      {
        name: 'an app client that can not be looked up counts as existing',
        changes: [{ file: targetNow, find: 'if (Date.now() < until) throw error;', replace: '' }],
      },
      {
        name: 'an unlink looks its app client up',
        changes: [{ file: targetNow, find: 'linked.length === 0 ||', replace: '' }],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const linking = await stage.tell('link', clientId);
      await stage.said(linking);
      const unlinking = await stage.ask('unlink', clientId);
      assert.equal((await stage.said(unlinking)).outcome, 'UNLINKED');
      stage.failing(listing, () => 'denied');
      const { errorType } = await stage.invoke(step, redriven(stage, linking));
      assert.equal(errorType, 'AccessDeniedException');
      assert.ok(!stage.clients().includes(clientId));
      assert.equal((await stage.done('link', clientId)).outcome, 'LINKED');
      stage.failing(listing, () => 'denied');
      const { outcome } = await stage.invoke(step, redriven(stage, unlinking));
      assert.equal(outcome, 'UNLINKED');
    },
  },
  {
    name: 'a redriven link is written although its user pool has too many app clients to list',
    mistakes: [
      {
        name: 'an app client that was not looked up in time is not linked',
        changes: [{ file: targetNow, find: 'if (Date.now() < until) throw', replace: 'throw' }],
      },
    ],
    async play(stage) {
      fill(stage.scene.aws, USER_POOLS[0], 200);
      const clientId = await stage.createClient();
      const linking = await stage.tell('link', clientId);
      await stage.said(linking);
      // By then, the state from before the write is no longer doubted.
      await stage.sleep(30_000);
      stage.remove(clientId, { isReported: false });
      const { outcome, errorType } = await stage.invoke(step, redriven(stage, linking));
      assert.equal(outcome, 'LINKED', errorType);
    },
  },
  {
    name: 'a redriven link is compared with the name that its app client has now',
    mistakes: [
      {
        name: 'the name from before a redrive decides',
        changes: [
          {
            file: targetNow,
            find: 'return name === undefined ? subject :',
            replace: 'return true ? subject :',
          },
        ],
      },
    ],
    async play(stage) {
      const [, userPoolId] = USER_POOLS;
      const clientId = await stage.createClient(userPoolId);
      const identityPoolId = POOLS[0];
      const linking = await stage.start({
        operation: 'link',
        userPoolId,
        clientId,
        identityPoolId,
      });
      await stage.said(linking);
      const unlink = async () => {
        const { outcome } = await stage.done('unlink', clientId, userPoolId);
        assert.equal(outcome, 'UNLINKED');
      };
      await unlink();
      stage.renameClient(clientId, 'web-new', userPoolId);
      assert.equal((await stage.invoke(step, redriven(stage, linking))).outcome, 'LINKED');
      assert.equal((await stage.ledger(clientId, userPoolId))?.clientName, 'web-new');
      await unlink();
      stage.renameClient(clientId, 'other', userPoolId);
      const { errorType } = await stage.invoke(step, redriven(stage, linking, 3));
      assert.equal(errorType, 'NotCoveredError');
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'a link by tags is written, and what it linked is unlinked when the user pool is gone with its tags',
    readsTags: true,
    mistakes: [
      {
        name: 'what a user pool that is gone had linked stays',
        changes: [{ file: targetNow, find: 'linkedBy: target.links, ', replace: '' }],
      },
      {
        name: 'an unlink from a user pool that is gone changes nothing',
        changes: [
          { file: targetNow, find: "gone: intent.operation === 'link'", replace: 'gone: true' },
        ],
      },
      {
        name: 'tags that AWS does not give at once end the attempt',
        changes: [
          {
            file: targetNow,
            find: 'whileThrottled(() => tagsOf(userPoolId, looking.where), looking.until)',
            replace: 'tagsOf(userPoolId, (void whileThrottled, looking.where))',
          },
        ],
      },
    ],
    async play(stage) {
      const { userPool } = TAGGED;
      await stage.tagUserPool(userPool, TAGGED.tags);
      const clientId = await stage.createClient(userPool);
      const linking = await stage.tell('link', clientId, userPool);
      for (let i = 0; i < 4; i++) stage.failing(readingTags, () => 'throttled');
      assert.equal((await stage.said(linking)).outcome, 'LINKED');
      assert.equal(stage.attempts(linking, step), 1);
      await stage.deleteUserPool(userPool);
      await stage.said(await stage.tell('unlink', undefined, userPool));
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'a link by tags is not written if its user pool was deleted since it was resolved',
    readsTags: true,
    mistakes: [
      {
        name: 'what is gone with its tags is linked',
        changes: [
          { file: targetNow, find: "gone: intent.operation === 'link'", replace: 'gone: false' },
        ],
      },
    ],
    async play(stage) {
      const { userPool } = TAGGED;
      await stage.tagUserPool(userPool, TAGGED.tags);
      const clientId = await stage.createClient(userPool);
      stage.before(readingTags, () => stage.deleteUserPool(userPool));
      const { outcome } = await stage.said(await stage.tell('link', clientId, userPool));
      assert.equal(outcome, 'NOT_LINKED');
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'a redriven undo fails if an app client that it would link was deleted, and names another to link by hand',
    mistakes: [
      {
        name: 'an undo that finds an app client gone ends without an error',
        changes: [
          {
            file: targetNow,
            find: 'if (missing !== undefined && target.undoes !== undefined) {',
            replace: "if (missing !== undefined && target.undoes === '') {",
          },
        ],
      },
      {
        name: 'an undo names an app client that is gone',
        changes: [
          {
            file: targetNow,
            find: 'const [other] = linked.filter((id) => names.has(id));',
            replace: 'const [other] = linked;',
          },
        ],
      },
    ],
    async play(stage) {
      const create = () => stage.createClient();
      const [one, other] = [await create(), await create()];
      for (const clientId of [one, other]) await stage.done('link', clientId);
      const unlinking = await stage.start({ operation: 'unlink', userPoolId: USER_POOLS[0] });
      await stage.said(unlinking);
      const undoing = await stage.undo(unlinking);
      assert.equal((await stage.said(undoing)).outcome, 'LINKED');
      const again = await stage.invoke(step, redriven(stage, undoing));
      assert.equal(again.outcome, 'ALREADY_LINKED');
      await stage.said(await stage.start({ operation: 'unlink', userPoolId: USER_POOLS[0] }));
      for (const [clientId, way] of [
        [one, `--client ${other}`],
        [other, 'There is nothing else to undo.'],
      ] as const) {
        await stage.deleteClient(clientId);
        const event = redriven(stage, undoing, 3);
        const { errorType, errorMessage = '' } = await stage.invoke(step, event);
        assert.equal(errorType, 'UserPoolClientNotFoundError');
        assert.ok(errorMessage.includes(way), errorMessage);
      }
      assert.ok(!stage.clients().some((clientId) => [one, other].includes(clientId)));
    },
  },
];
