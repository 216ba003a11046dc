import assert from 'node:assert/strict';
import { MAPPED, USER_POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';
import { providerName } from '../stage-table.ts';

const step = 'UpdateIdentityPool';
const describing = { step, call: 'cognito-identity:DescribeIdentityPool' };
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };
const answering = { step, call: 'dynamodb:PutItem', about: 'answer#' };
const answers = 'aws/write/answers.ts';
const criticalSection = 'aws/write/critical-section.ts';
const gathering = 'aws/write/gathering.ts';
const retried = 'aws/write/retried.ts';

/** Common writes that fail, and what each request of them is told. */
export const commonWriteScripts: Script[] = [
  {
    name: 'a common write that AWS refuses because of one request is made without it, and a request that met a conflict keeps its place',
    mistakes: [
      {
        name: 'a common write that AWS refuses is never made for one request alone',
        changes: [
          { file: criticalSection, find: 'if (!isOfSome(error) ||', replace: 'if (isOfSome ||' },
        ],
      },
      {
        name: 'a request whose write met a conflict does not wait with others any more',
        changes: [{ file: retried, find: "  'ConcurrentModificationException',\n", replace: '' }],
      },
    ],
    async play(stage) {
      const create = () => stage.createClient();
      const [one, other, third] = [await create(), await create(), await create()];
      const first = await stage.waiting(() => stage.tell('link', one));
      const second = await stage.tell('link', other);
      stage.failing({ ...updating, by: second }, () => 'denied');
      const { outcome, writtenBy, cancelled } = await stage.said(second);
      assert.deepEqual([outcome, writtenBy, cancelled], ['LINKED', undefined, undefined]);
      assert.equal(stage.attempts(second, step), 1);
      assert.ok(!stage.clients().includes(one));

      stage.failing({ ...updating, by: first.execution }, () => 'conflict');
      const held = Promise.withResolvers<void>();
      const next = { step, call: 'dynamodb:GetItem', about: 'answer#', by: first.execution };
      stage.before({ ...next, after: 1 }, () => held.promise);
      first.goOn();
      await stage.thrown(first.execution, 'ConcurrentModificationException');
      assert.equal((await stage.said(await stage.tell('link', third))).outcome, 'LINKED');
      assert.ok(stage.clients().includes(one), 'it lost its place');
      held.resolve();
      const said = await stage.said(first.execution);
      assert.deepEqual([said.outcome, said.cancelled], ['LINKED', undefined]);
    },
  },
  {
    name: 'a common write that AWS refuses because of a conflict is tried again for all of its requests',
    mistakes: [
      {
        name: 'a common write that fails is made for one request alone, no matter why it failed',
        changes: [
          { file: criticalSection, find: 'if (!isOfSome(error) ||', replace: 'if (!isOfSome ||' },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const waiting = await stage.waiting(() => stage.tell('link', one));
      const writer = await stage.tell('link', other);
      stage.failing({ ...updating, by: writer }, () => 'conflict');
      assert.equal((await stage.said(writer)).outcome, 'LINKED');
      assert.equal(stage.attempts(writer, step), 2);
      assert.ok(stage.clients().includes(one));
      waiting.goOn();
      assert.equal((await stage.said(waiting.execution)).outcome, 'LINKED');
    },
  },
  {
    name: 'a request whose write got no answer keeps its place',
    mistakes: [
      {
        name: 'a request whose write got no answer does not wait with others any more',
        changes: [
          {
            file: retried,
            find: 'error instanceof AwsUnavailableError',
            replace: '!AwsUnavailableError',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const { execution, goOn } = await stage.waiting(() => stage.tell('link', one));
      stage.failing({ ...updating, by: execution }, () => 'cut before');
      const held = Promise.withResolvers<void>();
      const next = { step, call: 'dynamodb:GetItem', about: 'answer#', by: execution };
      stage.before({ ...next, after: 1 }, () => held.promise);
      goOn();
      await stage.thrown(execution, 'AwsUnavailableError');
      await stage.freeLease();
      assert.equal((await stage.said(await stage.tell('link', other))).outcome, 'LINKED');
      assert.ok(stage.clients().includes(one), 'it lost its place');
      held.resolve();
      assert.equal((await stage.said(execution)).outcome, 'LINKED');
    },
  },
  {
    name: 'a request is written although those that wait with it can not be judged, and they are not',
    readsTags: true,
    mistakes: [
      {
        name: 'a request fails if those that wait with it can not be judged',
        changes: [
          {
            file: gathering,
            find: "logger.warn('others are left waiting', error as Error);",
            replace: 'void logger; throw error;',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const waiting = await stage.waiting(() => stage.tell('link', one));
      const writer = await stage.tell('link', other);
      stage.failing({ step, call: 'cognito-idp:ListTagsForResource', by: writer }, () => 'denied');
      assert.equal((await stage.said(writer)).outcome, 'LINKED');
      assert.equal(stage.attempts(writer, step), 1);
      assert.ok(!stage.clients().includes(one));
      waiting.goOn();
      assert.equal((await stage.said(waiting.execution)).outcome, 'LINKED');
    },
  },
  {
    name: 'a request that was written for an execution that then died is not written again, and reports the change',
    mistakes: [
      {
        name: 'a request that is settled is written again',
        changes: [
          {
            file: criticalSection,
            find: 'asked.filter(({ key }) => !this.#done.has(key))',
            replace: 'asked',
          },
        ],
      },
    ],
    async play(stage) {
      const create = () => stage.createClient();
      const [one, other, third] = [await create(), await create(), await create()];
      const waiting = await stage.waiting(() => stage.tell('link', one));
      const writer = await stage.tell('link', other);
      stage.failing({ ...answering, by: writer }, () => 'killed before');
      stage.failing({ ...answering, by: writer }, () => 'killed before');
      await stage.thrown(writer, 'Runtime.ExitError');
      stage.stop(writer);
      await stage.freeLease();
      const next = await stage.tell('link', third);
      const { outcome, changes } = await stage.said(next);
      assert.deepEqual([outcome, changes.length, stage.attempts(next, step)], ['LINKED', 1, 1]);
      waiting.goOn();
      const said = await stage.said(waiting.execution);
      assert.deepEqual(
        [said.outcome, said.changes.length, said.writtenBy],
        ['LINKED', 1, writer.arn],
      );
    },
  },
  {
    name: 'a repair of reconcile comes before the requests that wait with it',
    mistakes: [
      {
        name: 'a repair of reconcile comes after the requests that wait with it',
        changes: [
          {
            file: gathering,
            find: 'answerKey === undefined ? [...own, ...inOrder] : ',
            replace: 'answerKey === inOrder ? [] : ',
          },
        ],
      },
    ],
    async play(stage) {
      const [clientId, other] = [await stage.createClient(), await stage.createClient()];
      // A reconcile ignores what is newer than its lists.
      await stage.sleep(120_000);
      const waiting = await stage.waiting(() => stage.ask('unlink', clientId));
      const reconcile = await stage.start({ repair: true }, 'reconcile');
      assert.equal((await stage.said(reconcile)).error, undefined);
      for (const id of [clientId, other])
        assert.ok(reconcile.output?.includes(id), `${id} is left out`);
      assert.deepEqual(
        [clientId, other].map((id) => stage.clients().includes(id)),
        [false, true],
      );
      waiting.goOn();
      assert.equal((await stage.said(waiting.execution)).outcome, 'UNLINKED');
      assert.equal((await stage.ledger(clientId))?.state, 'unlinked');
    },
  },
  {
    name: 'an unlink of what others have removed is in the ledger',
    mistakes: [
      {
        name: 'what others have removed stays in the ledger as linked',
        changes: [{ file: answers, find: 'gone.push(...settledBy(', replace: 'void (settledBy(' }],
      },
    ],
    async play(stage) {
      const create = () => stage.createClient();
      const [one, other, third] = [await create(), await create(), await create()];
      for (const clientId of [one, other, third]) await stage.done('link', clientId);
      await stage.sleep(30_000);
      for (const clientId of [one, other]) stage.remove(clientId, { isReported: false });
      assert.equal((await stage.done('unlink', one)).outcome, 'NOT_LINKED');
      const states = async () =>
        Promise.all([one, other, third].map(async (id) => (await stage.ledger(id))?.state));
      assert.deepEqual(await states(), ['unlinked', 'linked', 'linked']);
      assert.equal((await stage.done('link', other)).outcome, 'LINKED');
    },
  },
  {
    name: 'a write that does not read back is left as it is, and its next request goes on from there',
    mistakes: [
      {
        name: 'a write that does not read back is taken back',
        changes: [
          {
            file: criticalSection,
            find: 'VerificationError, PausedError]',
            replace: 'PausedError]',
          },
        ],
      },
    ],
    async play(stage) {
      const { userPool, pool } = MAPPED;
      const clientId = await stage.createClient(userPool);
      const linking = await stage.tell('link', clientId, userPool);
      stage.before({ ...describing, by: linking, after: 1 }, () => stage.rename('renamed', pool));
      assert.equal((await stage.said(linking)).error, 'VerificationError');
      assert.ok(stage.clients(pool).includes(clientId), 'it was taken back');
      assert.equal((await stage.done('link', clientId, userPool)).outcome, 'LINKED');
    },
  },
  {
    name: 'a part of a write is not taken back while writes are paused',
    mistakes: [
      {
        name: 'a part of a write is taken back while writes are paused',
        changes: [
          {
            file: criticalSection,
            find: 'VerificationError, PausedError]',
            replace: 'VerificationError]',
          },
        ],
      },
    ],
    async play(stage) {
      const { userPool, pool } = MAPPED;
      const clientId = await stage.createClient(userPool);
      const linking = await stage.tell('link', clientId, userPool);
      const mapping = { step, call: 'cognito-identity:SetIdentityPoolRoles', by: linking };
      stage.failing(mapping, () => 'killed before');
      await stage.thrown(linking, 'Runtime.ExitError');
      await stage.pause();
      assert.equal((await stage.said(linking)).error, 'PausedError');
      assert.ok(stage.clients(pool).includes(clientId), 'it was taken back');
      await stage.resume();
      const { outcome, changes } = await stage.done('link', clientId, userPool);
      assert.deepEqual([outcome, ...changes.map(({ op }) => op)], ['LINKED', 'add', 'map', 'tag']);
    },
  },
  {
    name: 'an execution whose write was refused does not report the same change of a foreign writer',
    mistakes: [
      {
        name: 'a write that was refused is looked for in the identity pool',
        changes: [
          {
            file: criticalSection,
            find: 'if (this.#lease.writing === write) this.#unsettled =',
            replace: 'this.#unsettled =',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const linking = await stage.tell('link', clientId);
      stage.failing({ ...updating, by: linking }, () => {
        stage.change((entries) => [
          ...entries,
          {
            ProviderName: providerName(USER_POOLS[0]),
            ClientId: clientId,
            ServerSideTokenCheck: false,
          },
        ]);
        return 'denied';
      });
      assert.equal((await stage.said(linking)).error, 'TargetAccessDeniedError');
      assert.equal(await stage.ledger(clientId), undefined);
      stage.remove(clientId, { isReported: false });
    },
  },
  {
    name: 'at most 200 requests that wait are written together, and the others by the next write',
    mistakes: [
      {
        name: 'all requests that wait are written together',
        changes: [{ file: gathering, find: '.slice(0, TOGETHER)', replace: '' }],
      },
    ],
    async play(stage) {
      const keys = Array.from({ length: 205 }, (_, i) => `wait${i}`);
      for (const key of keys) await stage.putPending(key, { operation: 'unlink', clientId: key });
      const written = async () => {
        const linking = await stage.tell('link', await stage.createClient());
        assert.equal((await stage.said(linking)).outcome, 'LINKED');
        const answered = new Set(await stage.answered());
        return keys.filter((key) => answered.has(key)).length;
      };
      assert.deepEqual([await written(), await written()], [200, 205]);
    },
  },
];
