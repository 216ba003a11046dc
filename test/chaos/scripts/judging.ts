import assert from 'node:assert/strict';
import { APPROVED, POOLS, RESTORED, TAGGED, USER_POOLS } from '../accounts.ts';
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
            find: 'if (approvalTime(links, coverage.links)) return undefined;',
            replace: 'void approvalTime;',
          },
        ],
      },
      {
        name: 'a request in the table may delete a user pool',
        changes: [
          {
            file: allowed,
            find: 'if (deleted === true && clientId === undefined) return undefined;',
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
      {
        name: 'a request in the table that no link covers keeps others waiting',
        changes: [
          {
            file: allowed,
            find: 'if (!coverage) return undefined;',
            replace: 'if (!coverage) throw coverage;',
          },
        ],
      },
      {
        name: 'a request in the table makes an execution list a user pool that no link covers',
        changes: [
          {
            file: allowed,
            find: 'if (coverageOf(links, pool).length === 0) return [];',
            replace: '',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const third = await stage.createClient();
      const unknown = 'us-east-1_Unknown01';
      const listed = stage.counting({ ...listing, about: unknown });
      assert.equal((await stage.done('link', one)).outcome, 'LINKED');
      const approved = await stage.createClient(APPROVED, 'asked');
      const named = await stage.createClient(USER_POOLS[1], 'other');
      const link = { operation: 'link' };
      await stage.putPending('a', { ...link, userPoolId: APPROVED, clientId: approved });
      await stage.putPending('b', { ...link, userPoolId: USER_POOLS[1], clientId: named });
      await stage.putPending('c', { ...link, clientId: 'doesnotexist' });
      await stage.putPending('d', { ...link, userPoolId: unknown, clientId: other });
      await stage.putPending('e', { operation: 'unlink', deleted: true });
      await stage.putPending('f', { ...link, clientId: third });
      assert.equal((await stage.done('link', other)).outcome, 'LINKED');
      const ours = stage.clients().filter((clientId) => !clientId.startsWith('foreign'));
      assert.deepEqual(ours.sort(), [one, other, third].sort());
      assert.equal(listed(), 0);
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
            find: 'if (deleted === true && clientId === undefined) return undefined;',
            replace: 'if (clientId === undefined) return undefined;',
          },
        ],
      },
      {
        name: 'an unlink of a whole user pool lists it',
        changes: [
          {
            file: allowed,
            find: 'if (asked.length === 0) return { names: new Map() };',
            replace: '',
          },
        ],
      },
    ],
    async play(stage) {
      const { userPool: userPoolId } = RESTORED;
      const [one, other] = [await stage.createClient(userPoolId), await stage.createClient()];
      const linking = await stage.tell('link', one, userPoolId);
      assert.equal((await stage.said(linking)).outcome, 'LINKED');
      await stage.putPending('whole', { operation: 'unlink', userPoolId });
      stage.failing(listing, () => 'denied');
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
            find: 'deleted: deleted && clientName === undefined,',
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
  {
    name: 'a request is judged by a listing only if none of those about its user pool is newer',
    mistakes: [
      {
        name: 'a request that was not looked up is judged by a listing from before it',
        changes: [
          {
            file: allowed,
            find: 'listings.length === asked.length',
            replace: 'listings.length > 0',
          },
        ],
      },
      {
        name: 'the oldest of the listings decides whether the last one is new enough',
        changes: [
          { file: allowed, find: 'Math.max(...listings)', replace: 'Math.min(...listings)' },
        ],
      },
    ],
    async play(stage) {
      const [, userPoolId] = USER_POOLS;
      const create = () => stage.createClient(userPoolId);
      const other = await stage.createClient();
      const [identityPoolId] = POOLS;
      const link = { operation: 'link', userPoolId };
      // A listing that was made for a request, but not kept, has a number that the table does not have.
      for (const own of [{}, { listing: 99 }]) {
        const [kept, gone] = [await create(), await create()];
        const waiting = await stage.waiting(() =>
          stage.start({ ...link, clientId: kept, identityPoolId }),
        );
        await stage.deleteClient(gone, userPoolId);
        await stage.putPending(gone, { ...link, clientId: gone, ...own });
        assert.match((await stage.done('link', other)).outcome ?? '', /LINKED$/);
        assert.deepEqual(
          [kept, gone].map((clientId) => stage.clients().includes(clientId)),
          [true, false],
        );
        waiting.goOn();
        assert.equal((await stage.said(waiting.execution)).outcome, 'LINKED');
        await stage.done('unlink', other);
        // By then, the request that was left has expired.
        await stage.sleep(61_000);
      }
    },
  },
  {
    name: 'an unlink that waits is written by another execution although the user pool was deleted since it was listed',
    mistakes: [
      {
        name: 'a user pool that the last listing did not find keeps its requests waiting',
        changes: [
          {
            file: allowed,
            find: 'if (last === undefined) return { names: new Map() };',
            replace: 'if (last === undefined) return undefined;',
          },
        ],
      },
    ],
    async play(stage) {
      const [, userPoolId] = USER_POOLS;
      const [one, other] = [await stage.createClient(userPoolId), await stage.createClient()];
      assert.equal((await stage.done('link', one, userPoolId)).outcome, 'LINKED');
      const waiting = await stage.waiting(() => stage.ask('unlink', one, userPoolId));
      await stage.deleteUserPool(userPoolId);
      await stage.said(await stage.ask('link', one, userPoolId));
      stage.failing(listing, () => 'denied');
      assert.equal((await stage.done('link', other)).outcome, 'LINKED');
      assert.ok(!stage.clients().includes(one));
      waiting.goOn();
      assert.equal((await stage.said(waiting.execution)).outcome, 'UNLINKED');
    },
  },
  {
    name: 'requests of a user pool that can not be listed do not keep those of another one waiting',
    mistakes: [
      {
        name: 'a user pool that can not be listed keeps the requests of others waiting',
        changes: [
          { file: allowed, find: 'if (!known) return [];', replace: 'if (!known) throw known;' },
        ],
      },
    ],
    async play(stage) {
      const [userPoolId, another] = USER_POOLS;
      const [one, two] = [await stage.createClient(another), await stage.createClient(userPoolId)];
      const three = await stage.createClient(RESTORED.userPool);
      await stage.putPending('one', { operation: 'link', userPoolId: another, clientId: one });
      await stage.putPending('two', { operation: 'link', clientId: two });
      stage.failing({ ...listing, about: another }, () => 'denied');
      assert.equal((await stage.done('link', three, RESTORED.userPool)).outcome, 'LINKED');
      assert.deepEqual(
        [one, two].map((clientId) => stage.clients().includes(clientId)),
        [false, true],
      );
    },
  },
];
