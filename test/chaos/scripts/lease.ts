import assert from 'node:assert/strict';
import { MAPPED, POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';

const step = 'UpdateIdentityPool';
const announcing = { step, call: 'dynamodb:UpdateItem', about: 'SET writing' };
const describing = { step, call: 'cognito-identity:DescribeIdentityPool' };
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };

const criticalSection = 'aws/write/critical-section.ts';
const poolWriter = 'aws/write/pool-writer.ts';
const leaseItem = 'aws/table/lease-item.ts';

/** What the lease protects. */
export const leaseScripts: Script[] = [
  {
    name: 'no other execution writes until a write is read back',
    mistakes: [
      {
        name: 'the lease is given back before the read-back',
        changes: [
          {
            file: poolWriter,
            find: '  async #readBack(wanted: IdentityPool, write: LastWrite): Promise<void> {\n',
            replace: `  async #readBack(wanted: IdentityPool, write: LastWrite): Promise<void> {
    await this.#tools.table.lease.release(this.#lease);
`,
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      let updates = 0;
      stage.before({ ...describing, after: 1 }, async () => {
        const waiting = await stage.tell('link', other);
        await stage.until(() => stage.attempts(waiting, step) > 0);
        await stage.sleep(1500);
        updates = stage.scene.observer.updates;
      });
      const { outcome } = await stage.said(await stage.tell('link', one));
      assert.equal(outcome, 'LINKED');
      assert.equal(updates, 1);
    },
  },
  {
    name: 'an execution that has lost the lease does not write',
    mistakes: [
      {
        name: 'the lease is not checked before the write',
        changes: [
          {
            file: leaseItem,
            find: `ConditionExpression: 'nonce = :nonce',
        UpdateExpression: 'SET writing`,
            replace: `ConditionExpression: ':nonce <> pk',
        UpdateExpression: 'SET writing`,
          },
        ],
      },
    ],
    async play(stage) {
      const { clock, observer } = stage.scene;
      let free = 0;
      stage.before(announcing, async () => {
        free = clock.elapsed + 5000;
        await stage.takeLease(5000);
      });
      const { outcome } = await stage.said(await stage.tell('link', await stage.createClient()));
      assert.equal(outcome, 'LINKED');
      assert.ok(
        observer.latest(POOLS[0]).at >= free,
        'it wrote while another execution had the lease',
      );
    },
  },
  {
    name: 'no execution writes while a write without an answer may still arrive',
    mistakes: [
      {
        name: 'the lease is given back although the result of the write is unknown',
        changes: [
          {
            file: criticalSection,
            find: 'if (!(error instanceof UnresolvedWriteError)) await this.#giveBack();',
            replace: 'await this.#giveBack();',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      stage.failing(updating, () => ({ arrivesAfter: 11_000 }));
      const cut = await stage.tell('link', one);
      await stage.thrown(cut, 'AwsUnavailableError');
      // Now the identity pool no longer shows the state that the next writer would doubt.
      stage.rename('renamed');
      const next = await stage.said(await stage.tell('link', other));
      assert.equal(next.outcome, 'LINKED');
      assert.equal((await stage.said(cut)).outcome, 'LINKED');
      for (const client of [one, other]) assert.ok(stage.clients().includes(client));
    },
  },
  {
    name: 'a write does not begin when too little time is left',
    mistakes: [
      {
        name: 'the time left is not checked before the write',
        changes: [
          {
            file: poolWriter,
            find: "this.#end === 'not made' ? NEEDED_MS",
            replace: "this.#end === 'not made' ? 0",
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      // Only five seconds are left before the write, which is cut off and arrives after the lease has expired.
      stage.before(describing, () => stage.sleep(15_000));
      let begun = false;
      const slow = await stage.tell('link', one);
      stage.failing({ ...updating, by: slow }, () => {
        begun = stage.attempts(slow, step) === 1;
        return begun ? { arrivesAfter: 13_900 } : undefined;
      });
      await stage.until(() => stage.attempts(slow, step) > 0);
      await stage.sleep(1000);
      await stage.leaseOver();
      await stage.said(await stage.tell('link', other));
      await stage.said(slow);
      for (const client of [one, other]) assert.ok(stage.clients().includes(client));
      assert.equal(begun, false);
    },
  },
  {
    name: 'a write of several calls does not go on when too little time is left, and its next attempt finishes it',
    mistakes: [
      {
        name: 'the time left is checked only before the first call of a write',
        changes: [{ file: poolWriter, find: 'NEEDED_MS : LATER_MS', replace: 'NEEDED_MS : 0' }],
      },
    ],
    async play(stage) {
      const { userPool } = MAPPED;
      const clientId = await stage.createClient(userPool);
      await stage.said(await stage.tell('link', clientId, userPool));
      const slow = await stage.ask('unlink', clientId, userPool);
      stage.before({ ...describing, by: slow }, () => stage.sleep(8000));
      const mapping = { step, call: 'cognito-identity:SetIdentityPoolRoles', by: slow };
      stage.before(mapping, () => stage.sleep(4500));
      let attempt = 0;
      // It removes the entry, after the call that removes its role mapping.
      stage.before({ ...updating, by: slow }, () => {
        attempt = stage.attempts(slow, step);
      });
      assert.equal((await stage.said(slow)).outcome, 'UNLINKED');
      assert.ok(attempt > 1, 'the first attempt made the call, with too little time left');
    },
  },
  {
    name: 'a foreign change that happens while the table is slow is kept',
    mistakes: [
      {
        name: 'a write uses an old look at the identity pool',
        changes: [
          { file: poolWriter, find: 'Date.now() - this.#looked > OLDEST_LOOK', replace: 'false' },
        ],
      },
    ],
    async play(stage) {
      stage.before(announcing, async () => {
        stage.rename('renamed');
        await stage.sleep(1500);
      });
      const { outcome } = await stage.said(await stage.tell('link', await stage.createClient()));
      assert.equal(outcome, 'LINKED');
      assert.equal(stage.name(), 'renamed');
    },
  },
];
