import assert from 'node:assert/strict';
import { LAG_MS } from '../../../core/write/marks.ts';
import { RESTORED } from '../accounts.ts';
import { reportForeignWrite } from '../foreign-events.ts';
import type { Script } from '../script.ts';
import type { Stage } from '../stage.ts';
import { providerName } from '../stage-table.ts';

const rechecks = 'aws/table/rechecks.ts';
const MINUTE = 60_000;

/** A linked app client whose link restores it. */
async function linked(stage: Stage): Promise<string> {
  const clientId = await stage.createClient(RESTORED.userPool);
  assert.equal((await stage.done('link', clientId, RESTORED.userPool)).outcome, 'LINKED');
  // CloudTrail has no fractions of a second, so an update in the same one could have come before.
  await stage.sleep(2000);
  return clientId;
}

const noRecheckIsFoundAgain = {
  name: 'the recheck that was begun for an event is not found again',
  changes: [
    { file: rechecks, find: 'return this.#begunFor(asker);', replace: 'return undefined;' },
    {
      file: rechecks,
      find: 'AND (attribute_not_exists(asker) OR asker <> :asker)',
      replace: 'AND NOT asker = :now',
    },
  ],
};

/** Entries that others remove, and the rechecks that their events start. */
export const driftScripts: Script[] = [
  {
    name: 'a restore does not override an unlink whose write is not settled',
    mistakes: [
      {
        name: 'an unsettled write is ignored when a restore is confirmed',
        changes: [
          {
            file: 'functions/reconcile-identity-pool.ts',
            find: 'const isUnsure = lost.length > 0 && (await unsettledWrite(table)) !== undefined;',
            replace: 'const isUnsure = lost.length < 0;',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await linked(stage);
      await stage.sleep(LAG_MS);
      const before = stage.clients();
      stage.remove(clientId, { isReported: false });
      // After reconcile has seen that the entry is gone, and before it has the lease.
      const leasing = {
        step: 'ReconcileIdentityPool',
        call: 'dynamodb:UpdateItem',
        about: ':expiresAt',
      };
      stage.before(leasing, async () => {
        stage.change((entries) => [
          ...entries,
          { ProviderName: providerName(RESTORED.userPool), ClientId: clientId },
        ]);
        assert.deepEqual(stage.clients().sort(), before.sort());
        const updating = {
          step: 'UpdateIdentityPool',
          call: 'cognito-identity:UpdateIdentityPool',
        };
        stage.failing(updating, () => 'killed after');
        const unlinking = await stage.ask('unlink', clientId, RESTORED.userPool);
        await stage.thrown(unlinking, 'Runtime.ExitError');
        stage.stop(unlinking);
        assert.ok(!stage.clients().includes(clientId));
        await stage.freeLease();
      });
      const { error } = await stage.said(await stage.start({ repair: true }, 'reconcile'));
      assert.equal(error, undefined);
      assert.ok(!stage.clients().includes(clientId));
      assert.equal((await stage.ledger(clientId, RESTORED.userPool))?.state, 'unlinked');
    },
  },
  {
    name: 'an entry that was removed within a minute of its link, without an event, is restored by a recheck that looks again',
    mistakes: [
      {
        name: 'a recheck looks once, although it can not know yet whether an entry is lost',
        changes: [
          { file: rechecks, find: 'const isOver = !looksAgain && ', replace: 'const isOver = ' },
        ],
      },
    ],
    async play(stage) {
      const clientId = await linked(stage);
      stage.remove(clientId, { isReported: false });
      const { aws } = stage.scene;
      const { pool } = aws.identityPools.find(RESTORED.pool);
      // A record that may be truncated does not show who removed the entry.
      reportForeignWrite(aws, Object.assign({ ...pool }, { Truncated: true }), [1000]);
      await stage.sleep(3 * MINUTE);
      assert.ok(stage.clients().includes(clientId));
      assert.ok(stage.rechecks().length <= 4, `${stage.rechecks().length} rechecks`);
    },
  },
  {
    name: 'a recheck starts although the table did not answer that it was begun',
    mistakes: [noRecheckIsFoundAgain],
    async play(stage) {
      const clientId = await linked(stage);
      const beginning = { step: 'NoteChange', call: 'dynamodb:UpdateItem', about: ':begun' };
      // The second one begins the first recheck of an identity pool.
      stage.failing({ ...beginning, after: 1 }, () => 'cut after');
      stage.remove(clientId, { isReported: true });
      await stage.sleep(MINUTE);
      assert.ok(stage.clients().includes(clientId));
      assert.equal(stage.rechecks().length, 1);
    },
  },
  {
    name: 'a recheck starts although the function that began it was killed before it started the execution',
    mistakes: [noRecheckIsFoundAgain],
    async play(stage) {
      const clientId = await linked(stage);
      const starting = { step: 'NoteChange', call: 'AWSStepFunctions:StartExecution' };
      stage.failing(starting, () => 'killed before');
      stage.remove(clientId, { isReported: true });
      // Lambda invokes the function again after a minute.
      await stage.sleep(2 * MINUTE);
      assert.ok(stage.clients().includes(clientId));
      assert.equal(stage.rechecks().length, 1);
    },
  },
  {
    name: 'what happened during a recheck is looked at although its last step was killed',
    mistakes: [
      {
        name: 'what happens during a recheck is not looked at',
        changes: [{ file: rechecks, find: "':yes': N(1)", replace: "':yes': N(0)" }],
      },
      {
        name: 'the recheck that follows another is not found again',
        changes: [
          { file: rechecks, find: 'return this.#begunFor(name);', replace: 'return undefined;' },
        ],
      },
    ],
    async play(stage) {
      const clientId = await linked(stage);
      const reporting = { step: 'ReportReconcile', call: 'dynamodb:UpdateItem', about: ':zero' };
      const starting = { step: 'ReportReconcile', call: 'AWSStepFunctions:StartExecution' };
      stage.before(reporting, async () => {
        stage.remove(clientId, { isReported: true });
        await stage.sleep(5000);
        stage.failing(starting, () => 'killed before');
      });
      stage.remove('another', { isReported: true });
      await stage.sleep(2 * MINUTE);
      assert.ok(stage.clients().includes(clientId));
      assert.equal(stage.rechecks().length, 2);
    },
  },
];
