import assert from 'node:assert/strict';
import type { Execution } from 'embedded-aws/services/states/machines.ts';
import type { Restore } from '../../../core/reconcile/restore.ts';
import { RESTORED } from '../accounts.ts';
import type { Script } from '../script.ts';
import type { Stage } from '../stage.ts';
import { providerName } from '../stage-table.ts';

const step = 'ReconcileIdentityPool';
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };
const restoring = 'aws/write/restoring.ts';
const { userPool } = RESTORED;

/** A linked app client whose link restores it, so long ago that a reconcile looks at it. */
async function linked(stage: Stage): Promise<string> {
  const clientId = await stage.createClient(userPool);
  assert.equal((await stage.done('link', clientId, userPool)).outcome, 'LINKED');
  await stage.sleep(120_000);
  return clientId;
}

/** Removes entries as a foreign writer, and starts a reconcile with repair. */
async function repairing(stage: Stage, ...clientIds: string[]): Promise<Execution> {
  for (const clientId of clientIds) stage.remove(clientId, { isReported: false });
  return stage.start({ repair: true }, 'reconcile');
}

/** What a reconcile reports about its only identity pool with restores. */
async function reported(stage: Stage, execution: Execution) {
  await stage.until(() => execution.status !== 'RUNNING');
  const { identityPools = [] } = JSON.parse(execution.output ?? '{}') as {
    identityPools?: { identityPoolId: string; restored?: number; braked?: number }[];
  };
  const { restored = 0, braked = 0 } =
    identityPools.find(({ identityPoolId }) => identityPoolId === RESTORED.pool) ?? {};
  return { restored, braked };
}

/** The note on the restores of an app client. */
async function noted(stage: Stage, clientId: string): Promise<Restore | undefined> {
  const item = await stage.item(`restore#${providerName(userPool)}#${clientId}`, RESTORED.pool);
  return item?.['body']?.S === undefined ? undefined : JSON.parse(item['body'].S);
}

/** Restores, and how they are counted. */
export const restoringScripts: Script[] = [
  {
    name: 'an entry that others remove is restored three times within an hour, and no more, and reports say so',
    mistakes: [
      {
        name: 'restores are not counted',
        changes: [
          {
            file: restoring,
            find: 'if (await this.#table.restores.note(restore, last)) this.#noted.set(key, restore);',
            replace: 'if (restore !== last) this.#noted.set(key, restore);',
          },
        ],
      },
      {
        name: 'a restore that was made is not counted',
        changes: [
          { file: restoring, find: '!isMade(restore, entries.get(key))', replace: 'isMade' },
        ],
      },
      {
        name: 'a reconcile reports what another one restored',
        changes: [
          {
            file: restoring,
            find: 'restore.execution === this.#execution && isMade',
            replace: 'isMade',
          },
        ],
      },
    ],
    longest: 30 * 60_000,
    async play(stage) {
      const [one, other] = [await linked(stage), await linked(stage)];
      for (let times = 1; times <= 3; times++) {
        const reports = await reported(stage, await repairing(stage, one));
        assert.deepEqual(reports, { restored: 1, braked: 0 });
        assert.ok(stage.clients().includes(one));
        assert.equal((await noted(stage, one))?.times.length, times);
        await stage.sleep(120_000);
      }
      assert.equal(await noted(stage, other), undefined);
      const reports = await reported(stage, await repairing(stage, one, other));
      assert.deepEqual(reports, { restored: 1, braked: 1 });
      assert.deepEqual(
        [one, other].map((clientId) => stage.clients().includes(clientId)),
        [false, true],
      );
    },
  },
  {
    name: 'a restore that Account-B refuses does not count, and those before it still do',
    mistakes: [
      {
        name: 'a restore that was refused counts',
        changes: [
          { file: restoring, find: 'if (this.#noted.size > 0) await', replace: 'if (false) await' },
        ],
      },
      {
        name: 'a restore that was refused removes the note on those before it',
        changes: [
          {
            file: restoring,
            find: 'withdraw(restore, this.#last.get(key))',
            replace: 'withdraw(restore, undefined)',
          },
        ],
      },
    ],
    longest: 30 * 60_000,
    async play(stage) {
      const clientId = await linked(stage);
      for (const before of [undefined, 1]) {
        stage.remove(clientId, { isReported: false });
        for (let i = 0; i < 3; i++) {
          stage.failing(updating, () => 'denied');
          const reports = await reported(stage, await repairing(stage));
          assert.equal(reports.restored, 0);
          assert.ok(!stage.clients().includes(clientId));
          assert.equal((await noted(stage, clientId))?.times.length, before);
        }
        assert.equal((await reported(stage, await repairing(stage))).restored, 1);
        assert.ok(stage.clients().includes(clientId));
        await stage.sleep(120_000);
      }
    },
  },
  {
    name: 'a restore that may still arrive counts',
    mistakes: [
      {
        name: 'a restore whose result is unknown does not count',
        changes: [
          {
            file: restoring,
            find: 'if (write?.record.execution === this.#execution) return;',
            replace: 'void write;',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await linked(stage);
      stage.failing(updating, () => ({ arrivesAfter: 11_000 }));
      const cut = await repairing(stage, clientId);
      await stage.thrown(cut, 'AwsUnavailableError');
      stage.stop(cut);
      assert.equal((await noted(stage, clientId))?.times.length, 1);
      await stage.leaseOver();
      assert.ok(stage.clients().includes(clientId));
    },
  },
  {
    name: 'a restore that another reconcile has noted at the same time is left to it',
    mistakes: [
      {
        name: 'an entry is restored although another reconcile does so',
        changes: [{ file: restoring, find: 'else others.add(finding);', replace: '' }],
      },
    ],
    async play(stage) {
      const [one, other] = [await linked(stage), await linked(stage)];
      const noting = {
        step,
        call: 'dynamodb:PutItem',
        about: `restore#${providerName(userPool)}#${one}`,
      };
      stage.before(noting, async () => {
        const note = {
          providerName: providerName(userPool),
          clientId: one,
          times: [Date.now()],
          execution: 'another',
          replaces: { execution: 'another', sequence: 1, time: 0 },
        };
        const stamp = { S: `${note.times[0]} another` };
        await stage.put(`restore#${note.providerName}#${one}`, {
          body: { S: JSON.stringify(note) },
          stamp,
        });
      });
      const reports = await reported(stage, await repairing(stage, one, other));
      assert.equal(reports.restored, 1);
      assert.deepEqual(
        [one, other].map((clientId) => stage.clients().includes(clientId)),
        [false, true],
      );
      assert.equal((await noted(stage, one))?.execution, 'another');
    },
  },
];
