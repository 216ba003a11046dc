import assert from 'node:assert/strict';
import { POOLS, USER_POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';
import { providerName, updatedName } from '../stage-table.ts';

const step = 'UpdateIdentityPool';
const listing = { step, call: 'cognito-idp:ListUserPoolClients' };
const describing = { step, call: 'cognito-idp:DescribeUserPool' };
const allowed = 'aws/write/allowed.ts';
const issuer = 'aws/clients/issuer.ts';
const [userPool, named] = USER_POOLS;
const bothNames = (id: string) => [providerName(id), updatedName(id)];

/** User pools with the updated issuer, whose app clients wait for an identity pool. */
export const issuerScripts: Script[] = [
  {
    name: 'an app client of a user pool with the updated issuer that waits is linked under both names by another execution, and unlinked without a look at the issuer',
    mistakes: [
      {
        name: 'the issuer of a user pool is not read for a request that waits',
        changes: [
          {
            file: allowed,
            find: 'if (!names || !asksIssuer) return names && { names };',
            replace: 'if (names || !asksIssuer) return names && { names };',
          },
        ],
      },
      {
        name: 'the issuer of a user pool is read for an unlink that waits',
        changes: [
          {
            file: allowed,
            find: "requests.some(({ operation }) => operation === 'link')",
            replace: 'requests.length > 0',
          },
        ],
      },
      {
        name: 'the issuer of a user pool is read only if all of its requests are links',
        changes: [
          {
            file: allowed,
            find: 'requests.some(({ operation })',
            replace: 'requests.every(({ operation })',
          },
        ],
      },
    ],
    async play(stage) {
      await stage.switchIssuer(userPool);
      const one = await stage.createClient(userPool);
      const [other, third] = [await stage.createClient(named), await stage.createClient(named)];
      const waiting = await stage.waiting(() => stage.tell('link', one));
      assert.equal((await stage.done('link', other, named)).outcome, 'LINKED');
      assert.deepEqual(stage.names(one).sort(), bothNames(userPool));
      waiting.goOn();
      const { outcome, changes } = await stage.said(waiting.execution);
      assert.deepEqual([outcome, changes.length], ['LINKED', 2]);
      const unlinking = await stage.waiting(() => stage.ask('unlink', one));
      const described = stage.counting(describing);
      assert.equal((await stage.done('link', third, named)).outcome, 'LINKED');
      assert.deepEqual([stage.names(one), described()], [[], 0]);
      unlinking.goOn();
      assert.equal((await stage.said(unlinking.execution)).changes.length, 2);

      const again = await stage.waiting(() => stage.tell('link', one));
      await stage.putPending('unlink', { operation: 'unlink', clientId: 'another' });
      assert.equal((await stage.done('unlink', third, named)).outcome, 'UNLINKED');
      assert.deepEqual(stage.names(one).sort(), bothNames(userPool));
      again.goOn();
      assert.equal((await stage.said(again.execution)).changes.length, 2);
    },
  },
  {
    name: 'a request that was looked up in a listing gets the issuer that the listing has, without another call',
    mistakes: [
      {
        name: 'the issuer that a listing has is read again',
        changes: [
          {
            file: allowed,
            find: 'told ?? (await issuerOf(pool))',
            replace: 'await issuerOf(pool)',
          },
        ],
      },
    ],
    async play(stage) {
      await stage.switchIssuer(userPool);
      const [one, other] = [await stage.createClient(userPool), await stage.createClient(named)];
      const waiting = await stage.waiting(() => stage.ask('link', one));
      const writer = await stage.ask('link', other, named);
      const calls = [describing, listing].map((call) => stage.counting({ ...call, by: writer }));
      assert.equal((await stage.said(writer)).outcome, 'LINKED');
      assert.deepEqual(stage.names(one).sort(), bothNames(userPool));
      assert.deepEqual(
        calls.map((count) => count()),
        [0, 0],
      );
      waiting.goOn();
      assert.equal((await stage.said(waiting.execution)).changes.length, 2);
    },
  },
  {
    name: 'a request that waits is linked under the original name if the issuer of its user pool can not be read',
    mistakes: [
      {
        name: 'an issuer that may not be read stops the write of what waits',
        changes: [
          { file: issuer, find: 'if (!isRefused(error)) throw error;', replace: 'throw error;' },
        ],
      },
    ],
    async play(stage) {
      await stage.switchIssuer(userPool);
      const [one, other] = [await stage.createClient(userPool), await stage.createClient(named)];
      const waiting = await stage.waiting(() => stage.tell('link', one));
      const writer = await stage.ask('link', other, named);
      stage.failing({ ...describing, by: writer }, () => 'denied');
      assert.equal((await stage.said(writer)).outcome, 'LINKED');
      assert.deepEqual(stage.names(one), [providerName(userPool)]);
      waiting.goOn();
      assert.equal((await stage.said(waiting.execution)).outcome, 'LINKED');
    },
  },
  {
    name: 'the issuer of a user pool is not read for a request that waits for an identity pool that no link leads to',
    mistakes: [
      {
        name: 'the issuer of each user pool is read',
        changes: [
          {
            file: allowed,
            find: 'isAsked && needsIssuer(links, pool, identityPoolId)',
            replace: 'isAsked && needsIssuer !== undefined',
          },
        ],
      },
    ],
    async play(stage) {
      const [, poolId] = POOLS;
      const [one, other] = [await stage.createClient(userPool), await stage.createClient(named)];
      await stage.putPending('a', { operation: 'link', clientId: one }, poolId);
      const writer = await stage.ask('link', other, named);
      const described = stage.counting({ ...describing, by: writer });
      assert.equal((await stage.said(writer)).outcome, 'LINKED');
      assert.deepEqual([described(), stage.clients(poolId).includes(one)], [0, false]);
    },
  },
];
