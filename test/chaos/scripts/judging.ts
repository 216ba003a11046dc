import assert from 'node:assert/strict';
import { APPROVED, POOLS, TAGGED, USER_POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';

const step = 'UpdateIdentityPool';
const allowed = 'aws/write/allowed.ts';
const listing = { step, call: 'cognito-idp:ListUserPoolClients' };

/** How the requests of others are compared with links.yml, before an execution writes them. */
export const judgingScripts: Script[] = [
  {
    name: 'a request in the table links nothing that links.yml does not cover, that needs approval or that does not exist, and deletes no user pool',
    mistakes: [
      {
        name: 'a request in the table needs no approval',
        changes: [
          {
            file: allowed,
            find: 'if (approvalTime(links, coverage.links)) return [];',
            replace: 'void approvalTime;',
          },
        ],
      },
      {
        name: 'a request in the table may delete a user pool',
        changes: [
          {
            file: allowed,
            find: 'if (deleted === true && clientId === undefined) return [];',
            replace: '',
          },
        ],
      },
      {
        name: 'a request in the table links what does not exist',
        changes: [
          {
            file: allowed,
            find: "if (clientName === undefined && request.operation === 'link') return [];",
            replace: '',
          },
        ],
      },
      {
        name: 'a request in the table reaches an identity pool that another link covers',
        changes: [
          {
            file: allowed,
            find: '(each) => each.identityPoolId === identityPoolId',
            replace: '(each) => each !== undefined || identityPoolId === undefined',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      assert.equal((await stage.done('link', one)).outcome, 'LINKED');
      const approved = await stage.createClient(APPROVED, 'asked');
      const named = await stage.createClient(USER_POOLS[1], 'other');
      const link = { operation: 'link' };
      await stage.putPending('a', { ...link, userPoolId: APPROVED, clientId: approved });
      await stage.putPending('b', { ...link, userPoolId: USER_POOLS[1], clientId: named });
      await stage.putPending('c', { ...link, clientId: 'doesnotexist' });
      await stage.putPending('d', { ...link, userPoolId: 'us-east-1_Unknown01', clientId: other });
      await stage.putPending('e', { operation: 'unlink', deleted: true });
      assert.equal((await stage.done('link', other)).outcome, 'LINKED');
      const ours = stage.clients().filter((clientId) => !clientId.startsWith('foreign'));
      assert.deepEqual(ours.sort(), [one, other].sort());
    },
  },
  {
    name: 'an unlink of a whole user pool that waits is written by another execution',
    mistakes: [
      {
        name: 'an unlink of a whole user pool is left to its own execution',
        changes: [
          {
            file: allowed,
            find: 'if (deleted === true && clientId === undefined) return [];',
            replace: 'if (clientId === undefined) return [];',
          },
        ],
      },
    ],
    async play(stage) {
      const [, userPoolId] = USER_POOLS;
      const [one, other] = [await stage.createClient(userPoolId), await stage.createClient()];
      assert.equal((await stage.done('link', one, userPoolId)).outcome, 'LINKED');
      await stage.putPending('whole', { operation: 'unlink', userPoolId });
      assert.equal((await stage.done('link', other)).outcome, 'LINKED');
      assert.ok(!stage.clients().includes(one));
      assert.equal((await stage.ledger(one, userPoolId))?.state, 'unlinked');
    },
  },
  {
    name: 'requests that wait are judged by the tags of their user pool, and one of an app client that is gone unlinks it',
    readsTags: true,
    mistakes: [
      {
        name: 'the tags of a user pool are not read for a request that waits',
        changes: [
          {
            file: allowed,
            find: 'const tags = needsTags(links, pool) ?',
            replace: 'const tags = needsTags(links, pool) && !needsTags ?',
          },
        ],
      },
      {
        name: 'a deletion that waits is not known to be one',
        changes: [
          {
            file: allowed,
            find: '...(deleted === true && subject.clientName === undefined && { deleted }),',
            replace: '',
          },
        ],
      },
    ],
    async play(stage) {
      const { userPool, tags } = TAGGED;
      await stage.tagUserPool(userPool, tags);
      const tagged = await stage.createClient(userPool);
      const [gone, other] = [await stage.createClient(), await stage.createClient()];
      assert.equal((await stage.done('link', gone)).outcome, 'LINKED');
      await stage.deleteClient(gone);
      const about = { userPoolId: userPool, clientId: tagged };
      await stage.putPending('tagged', { operation: 'link', ...about });
      await stage.putPending('gone', { operation: 'unlink', clientId: gone, deleted: true });
      assert.equal((await stage.done('link', other)).outcome, 'LINKED');
      assert.deepEqual(
        [gone, tagged].map((clientId) => stage.clients().includes(clientId)),
        [false, true],
      );
      const { state, deleted } = (await stage.ledger(gone)) ?? {};
      assert.deepEqual({ state, deleted }, { state: 'unlinked', deleted: true });
      assert.equal((await stage.ledger(tagged, userPool))?.clientName, 'web-app');
    },
  },
  {
    name: 'a request that was looked up in a listing is judged by the last listing, without another one',
    mistakes: [
      {
        name: 'each request that waits is looked up in Cognito',
        changes: [
          {
            file: allowed,
            find: 'listings.length === asked.length',
            replace: 'listings.length < 0 && lastAppClientNames',
          },
        ],
      },
    ],
    async play(stage) {
      const [, userPoolId] = USER_POOLS;
      const [one, other] = [await stage.createClient(userPoolId), await stage.createClient()];
      const identityPoolId = POOLS[0];
      const request = { operation: 'link', userPoolId, clientId: one, identityPoolId };
      const waiting = await stage.waiting(() => stage.start(request));
      const writer = await stage.tell('link', other);
      stage.failing({ ...listing, by: writer }, () => 'denied');
      assert.equal((await stage.said(writer)).outcome, 'LINKED');
      assert.ok(stage.clients().includes(one));
      waiting.goOn();
      assert.equal((await stage.said(waiting.execution)).writtenBy, writer.arn);
    },
  },
];
