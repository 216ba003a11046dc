import assert from 'node:assert/strict';
import { USER_POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';

const step = 'UpdateIdentityPool';
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };
const entering = { step, call: 'dynamodb:PutItem', about: 'entry#' };

const answers = 'aws/write/answers.ts';
const ledger = 'aws/table/ledger.ts';

/** What the ledger records about writes, and how it is used. */
export const ledgerScripts: Script[] = [
  {
    name: 'a ledger entry that arrives late does not replace a newer one',
    mistakes: [
      {
        name: 'the ledger takes entries in any order',
        changes: [
          {
            file: ledger,
            find: "'attribute_not_exists(pk) OR #sequence <= :sequence'",
            replace: "'attribute_not_exists(pk) OR NOT #sequence = :sequence OR pk <> :sequence'",
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      stage.failing(entering, () => ({ arrivesAfter: 15_000 }));
      assert.equal((await stage.done('link', clientId)).outcome, 'LINKED');
      assert.equal((await stage.done('unlink', clientId)).outcome, 'UNLINKED');
      await stage.sleep(20_000);
      assert.equal((await stage.ledger(clientId))?.state, 'unlinked');
    },
  },
  {
    name: 'the ledger has the later of a link and an unlink in one write',
    mistakes: [
      {
        name: 'the ledger may keep any of several changes of one entry in one write',
        changes: [
          {
            file: answers,
            find: 'const entries = [...last.values()];',
            replace:
              'void last;\n  const entries = shares.flatMap((share) => ledgerEntriesOf(share, sequence, now));',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const { execution, goOn } = await stage.waiting(() => stage.tell('link', clientId));
      const unlinking = await stage.ask('unlink', clientId);
      stage.before({ ...entering, by: unlinking }, () => stage.sleep(300));
      await stage.said(unlinking);
      assert.equal((await stage.ledger(clientId))?.state, 'unlinked');
      goOn();
      await stage.said(execution);
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'a late event does not link an app client whose user pool was deleted',
    mistakes: [
      {
        name: 'the deletion of a user pool is ignored',
        changes: [
          {
            file: ledger,
            find: '[clientId, EVERY_CLIENT].map((ClientId)',
            replace: '[clientId, clientId].map((ClientId)',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      await stage.deleteUserPool(USER_POOLS[0]);
      await stage.said(await stage.tell('unlink'));
      const { outcome } = await stage.said(await stage.tell('link', clientId));
      assert.equal(outcome, 'NOT_LINKED');
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'a write that never arrived is not in the ledger',
    mistakes: [
      {
        name: 'settling counts the whole write as made',
        changes: [
          {
            file: 'core/write/settlement.ts',
            find: 'const isWhole = ({ left }: Look): boolean => left?.length === 0;',
            replace: 'const isWhole = (_: Look): boolean => true;',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      stage.failing(updating, () => 'cut before');
      const cut = await stage.tell('link', one);
      await stage.thrown(cut, 'AwsUnavailableError');
      stage.stop(cut);
      await stage.leaseOver();
      assert.equal((await stage.said(await stage.tell('link', other))).outcome, 'LINKED');
      assert.equal(await stage.ledger(one), undefined);
      assert.ok(!stage.clients().includes(one));
    },
  },
  {
    name: 'reconcile does not link an app client again that a person unlinked since it read the ledger',
    mistakes: [
      {
        name: 'reconcile does not ask the ledger again under the lease',
        changes: [
          {
            file: 'functions/reconcile-identity-pool.ts',
            find: 'return wanted.filter(({ intent }) => stillHolds(intent, ledger, before.get(keyOf(intent))));',
            replace: 'void [ledger, before, stillHolds];\n        return wanted;',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const call = { step: 'ReconcileIdentityPool', call: 'dynamodb:UpdateItem', about: 'c001' };
      stage.before(call, async () => {
        assert.equal((await stage.said(await stage.tell('link', clientId))).outcome, 'LINKED');
        assert.equal((await stage.done('unlink', clientId)).outcome, 'UNLINKED');
      });
      const { error } = await stage.said(await stage.start({ repair: true }, 'reconcile'));
      assert.equal(error, undefined);
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'reconcile unlinks an app client whose deletion no event reported',
    mistakes: [
      {
        name: 'reconcile does not remove orphaned entries',
        changes: [
          {
            file: 'core/reconcile/classify.ts',
            find: "...(onDelete === 'unlink' && {",
            replace: "...(onDelete === 'never' && {",
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      assert.equal((await stage.done('link', clientId)).outcome, 'LINKED');
      await stage.deleteClient(clientId);
      // A reconcile ignores what is newer than its lists.
      await stage.sleep(120_000);
      await stage.said(await stage.start({ repair: true }, 'reconcile'));
      assert.ok(!stage.clients().includes(clientId));
      assert.equal((await stage.ledger(clientId))?.state, 'unlinked');
    },
  },
];
