import assert from 'node:assert/strict';
import type { Execution } from 'embedded-aws/services/states/machines.ts';
import { MAPPED } from '../accounts.ts';
import type { Script } from '../script.ts';
import type { Stage } from '../stage.ts';

const step = 'UpdateIdentityPool';
const mapping = { step, call: 'cognito-identity:SetIdentityPoolRoles' };
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };
const criticalSection = 'aws/write/critical-section.ts';
const { userPool, pool } = MAPPED;

/** An execution whose function is killed before a call, and which is then stopped. */
async function givenUp(stage: Stage, execution: Execution, before: typeof mapping): Promise<void> {
  stage.failing({ ...before, by: execution }, () => 'killed before');
  await stage.thrown(execution, 'Runtime.ExitError');
  stage.stop(execution);
  await stage.freeLease(pool);
}

/** Writes that were begun and given up, and what the next holder of the lease does about them. */
export const settlingScripts: Script[] = [
  {
    name: 'a link that was begun and given up is taken back by the next writer, and an unlink is finished',
    mistakes: [
      {
        name: 'what was begun and given up stays as it is',
        changes: [
          {
            file: criticalSection,
            find: 'if (!sameSettings(base, wanted)) {',
            replace: "if (!sameSettings(base, wanted) && write === '') {",
          },
        ],
      },
    ],
    async play(stage) {
      const create = () => stage.createClient(userPool);
      const [begun, other, third] = [await create(), await create(), await create()];
      await givenUp(stage, await stage.tell('link', begun, userPool), mapping);
      assert.ok(stage.clients(pool).includes(begun));
      assert.equal((await stage.done('link', other, userPool)).outcome, 'LINKED');
      assert.ok(!stage.clients(pool).includes(begun));
      assert.equal(await stage.ledger(begun, userPool, pool), undefined);

      await givenUp(stage, await stage.ask('unlink', other, userPool), updating);
      assert.ok(stage.clients(pool).includes(other));
      assert.equal((await stage.done('link', third, userPool)).outcome, 'LINKED');
      assert.ok(!stage.clients(pool).includes(other));
      assert.equal((await stage.ledger(other, userPool, pool))?.state, 'unlinked');
    },
  },
  {
    name: 'a link that was begun is taken back if its app client is deleted meanwhile',
    mistakes: [],
    async play(stage) {
      const clientId = await stage.createClient(userPool);
      const linking = await stage.tell('link', clientId, userPool);
      stage.before({ ...updating, by: linking }, async () => {
        await stage.deleteClient(clientId, userPool);
        await stage.mark(clientId, userPool, pool);
      });
      stage.failing({ ...mapping, by: linking }, () => 'killed before');
      assert.equal((await stage.said(linking)).outcome, 'NOT_LINKED');
      assert.ok(!stage.clients(pool).includes(clientId));
    },
  },
];
