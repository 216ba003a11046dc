import assert from 'node:assert/strict';
import type { Execution } from 'embedded-aws/services/states/machines.ts';
import { APPROVED, MAPPED, USER_POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';

const step = 'UpdateIdentityPool';
const describing = { step, call: 'cognito-identity:DescribeIdentityPool' };
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };

const criticalSection = 'aws/write/critical-section.ts';
const poolWriter = 'aws/write/pool-writer.ts';
const verify = 'functions/verify-identity-pool.ts';

/** What is checked again, because Cognito may show an old state or something may have changed. */
export const doubtScripts: Script[] = [
  {
    name: 'verification does not use an old state of the identity pool for a link that was removed',
    mistakes: [
      {
        name: 'verification trusts an old state',
        changes: [
          {
            file: verify,
            find: 'digestOf(now), Date.now())',
            replace: 'digestOf(now), Number.POSITIVE_INFINITY)',
          },
        ],
      },
      {
        name: 'verification trusts a state from before the last write',
        changes: [
          {
            file: verify,
            find: 'isDoubtful: isDoubtful(last, digestOf(now), Date.now())',
            replace: 'isDoubtful: false',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const linked = await stage.tell('link', one);
      const verifying = { ...describing, step: 'VerifyIdentityPool', by: linked };
      stage.before(verifying, async () => {
        stage.change((entries) => entries.filter(({ ClientId }) => ClientId !== one));
        await stage.said(await stage.tell('link', other));
        stage.showOld(2);
      });
      stage.before(verifying, () => stage.showOld(0));
      assert.equal((await stage.said(linked)).outcome, 'LINKED');
      for (const client of [one, other]) assert.ok(stage.clients().includes(client));
    },
  },
  {
    name: 'verification does not use an old state that equals the result of a write that was never made',
    mistakes: [
      {
        name: 'the result of a write is trusted before the write is known to be made',
        changes: [
          {
            file: 'core/write/lease.ts',
            find: '(last.seen === true && digest === last.result)',
            replace: 'digest === last.result',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      await stage.said(await stage.tell('link', clientId));
      assert.equal((await stage.done('unlink', clientId)).outcome, 'UNLINKED');
      const cut = await stage.tell('link', clientId);
      stage.failing({ ...updating, by: cut }, () => 'killed before');
      await stage.until(() => stage.attempts(cut, step) > 1);
      stage.stop(cut);
      stage.showOld(1);
      const again = await stage.tell('link', clientId);
      stage.before({ ...describing, step: 'VerifyIdentityPool', by: again, after: 1 }, () =>
        stage.showOld(0),
      );
      const { outcome = '' } = await stage.said(again);
      assert.match(outcome, /LINKED$/);
      assert.ok(stage.clients().includes(clientId), `${outcome} is said`);
    },
  },
  {
    name: 'an old state that Cognito shows does not undo a write that arrived late and was found',
    mistakes: [
      {
        name: 'the time of doubt is not renewed when a write is settled',
        changes: [
          {
            file: criticalSection,
            find: 'this.#lease.last.at = Date.now();',
            replace: 'this.#lease.last.at += 0;',
          },
        ],
      },
    ],
    async play(stage) {
      const create = () => stage.createClient();
      const [before, late, after] = [await create(), await create(), await create()];
      await stage.said(await stage.tell('link', before));
      const cut = await stage.tell('link', late);
      stage.before({ ...describing, by: cut }, () => stage.sleep(8300));
      stage.failing({ ...updating, by: cut }, () => {
        void stage.sleep(13_800).then(() => stage.rename('renamed'));
        return { arrivesAfter: 13_900 };
      });
      await stage.thrown(cut, 'AwsUnavailableError');
      stage.stop(cut);
      await stage.leaseOver();
      // This execution finds the late write, and has nothing to write itself.
      await stage.said(await stage.tell('link', before));
      const next = await stage.tell('link', after);
      stage.before({ ...describing, by: next }, () => stage.showOld(1));
      stage.before({ ...describing, by: next }, () => stage.showOld(0));
      await stage.said(next);
      for (const client of [late, after]) assert.ok(stage.clients().includes(client));
    },
  },
  {
    name: 'a write that AWS confirmed counts as made, although reading it back fails and Cognito then shows an old state',
    mistakes: [
      {
        name: 'a write that AWS confirmed is not known to be made',
        changes: [
          {
            file: poolWriter,
            find: 'write.seen = true;\n    await this.#readBack',
            replace: 'await this.#readBack',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const linked = await stage.tell('link', clientId);
      const describingHere = { ...describing, by: linked };
      stage.before({ ...updating, by: linked }, () => stage.rename('renamed'));
      stage.failing({ ...describingHere, after: 1 }, () => 'expired');
      stage.before({ ...describingHere, after: 3 }, () => {
        stage.showOld(1);
        void stage.sleep(6200).then(() => stage.showOld(0));
      });
      assert.equal((await stage.said(linked)).outcome, 'LINKED');
      assert.equal((await stage.ledger(clientId))?.state, 'linked');
    },
  },
  {
    name: 'an old state that Cognito shows does not undo a write whose answer was lost and that was seen',
    mistakes: [
      {
        name: 'the time of doubt starts when a write is sent',
        changes: [
          {
            file: poolWriter,
            find: 'Object.assign(write, { at: this.#looked, seen: true });\n        return;\n      }\n      await sleep',
            replace: 'write.seen = true;\n        return;\n      }\n      await sleep',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const cut = await stage.tell('link', one);
      stage.failing({ ...updating, by: cut }, () => {
        void stage.sleep(3600).then(() => stage.rename('renamed'));
        return { arrivesAfter: 3700 };
      });
      await stage.said(cut);
      await stage.sleep(2500);
      const next = await stage.tell('link', other);
      stage.before({ ...describing, by: next }, () => stage.showOld(1));
      stage.before({ ...describing, by: next }, () => stage.showOld(0));
      await stage.said(next);
      for (const client of [one, other]) assert.ok(stage.clients().includes(client));
    },
  },
  {
    name: 'an entry does not count as taken back while Cognito shows the pool as it was before it',
    mistakes: [
      {
        name: 'a state from before an entry says that it was taken back',
        changes: [
          {
            file: poolWriter,
            find: 'isShown && !isDoubtful(earlier, write.result, this.#looked)',
            replace: 'isShown && earlier !== write',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient(MAPPED.userPool);
      const linking = await stage.tell('link', clientId, MAPPED.userPool);
      const mapping = { step, call: 'cognito-identity:SetIdentityPoolRoles', by: linking };
      stage.failing(mapping, () => 'denied');
      stage.failing({ ...updating, by: linking, after: 1 }, () => {
        stage.showOld(1, MAPPED.pool);
        void stage.sleep(2500).then(() => stage.showOld(0, MAPPED.pool));
        return 'failed before';
      });
      // Its next attempt has set the role mapping.
      assert.equal((await stage.said(linking)).outcome, 'LINKED');
    },
  },
  {
    name: 'an app client that is created while another request lists its user pool is linked',
    mistakes: [
      {
        name: 'a listing that began before the request answers it',
        changes: [
          {
            file: 'aws/names/app-client-names.ts',
            find: 'if (last && last.number > begun)',
            replace: 'if (last && last.number >= begun)',
          },
        ],
      },
    ],
    async play(stage) {
      const first = await stage.createClient(USER_POOLS[1]);
      const listing = await stage.tell('link', first, USER_POOLS[1]);
      const resolving = { step: 'ResolveTargets', by: listing };
      const { promise: asked, resolve } = Promise.withResolvers<Execution>();
      stage.before({ ...resolving, call: 'dynamodb:PutItem', about: 'names#' }, async () => {
        const late = await stage.createClient(USER_POOLS[1]);
        const second = await stage.tell('link', late, USER_POOLS[1]);
        resolve(second);
        await stage.until(() => stage.attempts(second, 'ResolveTargets') > 0);
        // By then, the second execution waits for the listing.
        await stage.sleep(1000);
      });
      assert.equal((await stage.said(await asked)).outcome, 'LINKED');
    },
  },
  {
    name: 'a change that needs approval only since it was resolved is not written without approval',
    mistakes: [
      {
        name: 'the need for approval is not checked again before the write',
        changes: [
          {
            file: 'functions/update-identity-pool.ts',
            find: '  checkApproval(links, names, target);\n',
            replace: '  void checkApproval;\n',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient(APPROVED, 'asked');
      const asked = await stage.tell('link', clientId, APPROVED);
      await stage.until(() => stage.attempts(asked, 'RequestApproval') > 0);
      const { target, ...event } = stage.event(asked, 'MergeProvider');
      const result = await stage.invoke('MergeProvider', { ...event, target });
      const asBefore = { ...target, approvalTime: undefined };
      const { errorType } = await stage.invoke(step, { ...event, target: asBefore, result });
      assert.match(String(errorType), /Error$/);
      assert.ok(!stage.clients().includes(clientId));
      stage.stop(asked);
    },
  },
  {
    name: 'a write that has begun is finished, although its first answer was lost and writes were paused',
    mistakes: [
      {
        name: 'a write does not count as begun if the answer of its call was lost',
        changes: [
          {
            file: poolWriter,
            find: '        this.#hasWritten = true;\n        return;\n',
            replace: '        return;\n',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient(MAPPED.userPool);
      const linking = await stage.tell('link', clientId, MAPPED.userPool);
      stage.failing({ ...updating, by: linking }, () => 'cut after');
      const announcing = { step, call: 'dynamodb:UpdateItem', about: 'SET writing', by: linking };
      stage.before({ ...announcing, after: 1 }, () => stage.pause());
      const { outcome } = await stage.said(linking);
      await stage.resume();
      assert.equal(outcome, 'LINKED');
    },
  },
];
