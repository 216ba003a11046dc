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
  {
    name: 'a write that AWS confirmed is reported, although reading it back is refused',
    mistakes: [
      {
        name: 'a write that was made fails if reading it back is refused',
        changes: [{ file: criticalSection, find: 'if (own) return own;', replace: 'void own;' }],
      },
    ],
    async play(stage) {
      const linking = await stage.tell('link', await stage.createClient());
      const describing = { step, call: 'cognito-identity:DescribeIdentityPool', by: linking };
      stage.failing({ ...describing, after: 1 }, () => 'denied');
      const { outcome, changes } = await stage.said(linking);
      assert.deepEqual([outcome, changes.length, stage.attempts(linking, step)], ['LINKED', 1, 1]);
    },
  },
  {
    name: 'a part of a write that can not be taken back now is tried again, although its own error is final',
    mistakes: [
      {
        name: 'a part of a write that can not be taken back stays',
        changes: [
          {
            file: criticalSection,
            find: 'if (isRetried(error)) return undefined;',
            replace: 'if (isRetried) return undefined;',
          },
        ],
      },
      {
        name: 'a part of a write that Account-B refuses to take back stays',
        changes: [
          {
            file: criticalSection,
            find: 'if (failure instanceof UnresolvedWriteError) throw failure;',
            replace: 'if (failure) throw failure;',
          },
        ],
      },
    ],
    async play(stage) {
      for (const trouble of ['conflict', 'denied'] as const) {
        const clientId = await stage.createClient(userPool);
        const linking = await stage.tell('link', clientId, userPool);
        stage.failing({ ...mapping, by: linking }, () => 'denied');
        stage.failing({ ...updating, by: linking, after: 1 }, () => trouble);
        assert.equal((await stage.said(linking)).outcome, 'LINKED');
        assert.equal(stage.attempts(linking, step), 2);
      }
    },
  },
  {
    name: 'no execution writes while a part of a write may still be taken back',
    mistakes: [
      {
        name: 'the lease is given back although the result of taking back is unknown',
        changes: [
          {
            file: criticalSection,
            find: 'if (failure instanceof UnresolvedWriteError) throw failure;',
            replace: '',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(userPool), await stage.createClient(userPool)];
      const linking = await stage.tell('link', one, userPool);
      stage.failing({ ...mapping, by: linking }, () => 'denied');
      stage.failing({ ...updating, by: linking, after: 1 }, () => ({ arrivesAfter: 10_000 }));
      await stage.thrown(linking, 'AwsUnavailableError');
      // Now the identity pool no longer shows the state that the next writer would doubt.
      stage.rename('renamed', pool);
      assert.equal((await stage.done('link', other, userPool)).outcome, 'LINKED');
      assert.equal((await stage.said(linking)).outcome, 'LINKED');
      for (const clientId of [one, other]) assert.ok(stage.clients(pool).includes(clientId));
    },
  },
];
