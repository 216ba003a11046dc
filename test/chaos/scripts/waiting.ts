import assert from 'node:assert/strict';
import { POOLS, USER_POOLS } from '../accounts.ts';
import type { Script } from '../script.ts';
import { fill } from '../user-pools.ts';

const step = 'UpdateIdentityPool';
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };
const allowed = 'aws/write/allowed.ts';
const criticalSection = 'aws/write/critical-section.ts';
const gathering = 'aws/write/gathering.ts';
const waitingRequests = 'aws/table/waiting-requests.ts';
const safeWrite = 'aws/write/safe-write.ts';
const writeRequest = 'aws/write/write-request.ts';

/** Requests that wait for an identity pool, and are written by other executions. */
export const waitingScripts: Script[] = [
  {
    name: 'an answered request is not written again, although it still waits in the table',
    mistakes: [
      {
        name: 'an answered request that still waits is gathered again',
        changes: [
          {
            file: gathering,
            find: 'const pending = await unanswered(others, table);',
            replace: 'void unanswered;\n    const pending = others;',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const linked = await stage.ask('link', clientId);
      await stage.said(linked);
      const [key = ''] = await stage.answered();
      assert.equal((await stage.done('unlink', clientId)).outcome, 'UNLINKED');
      const body = { execution: linked.arn, operation: 'link', clientId };
      await stage.putPending(key, body);
      assert.equal((await stage.done('link', await stage.createClient())).outcome, 'LINKED');
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'a deletion is written after the creation, even if it has waited longer',
    mistakes: [
      {
        name: 'deletions are not last',
        changes: [
          {
            file: criticalSection,
            find: `    return [
      ...asked.filter(({ deleted }) => deleted !== true),
      ...asked.filter(({ deleted }) => deleted === true),
    ];`,
            replace: '    return asked;',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      await stage.deleteClient(clientId);
      const deletion = await stage.waiting(() => stage.tell('unlink', clientId));
      await stage.said(await stage.tell('link', clientId));
      assert.ok(!stage.clients().includes(clientId));
      deletion.goOn();
      assert.equal((await stage.said(deletion.execution)).outcome, 'UNLINKED');
      const { state, deleted } = (await stage.ledger(clientId)) ?? {};
      assert.deepEqual({ state, deleted }, { state: 'unlinked', deleted: true });
    },
  },
  {
    name: 'requests that wait together are written in the order in which they came',
    mistakes: [
      {
        name: 'an execution writes its own request after the others',
        changes: [
          {
            file: gathering,
            find: 'key === mine?.key ? own : (allowed.get(key) ?? [])',
            replace: 'allowed.get(key) ?? []',
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const linking = await stage.waiting(() => stage.ask('link', clientId));
      const unlinking = await stage.waiting(() => stage.ask('unlink', clientId));
      for (const { execution, goOn } of [linking, unlinking]) {
        goOn();
        const { changes, cancelled } = await stage.said(execution);
        assert.deepEqual(changes, cancelled);
        assert.equal(changes.length, 1);
        assert.ok(!stage.clients().includes(clientId));
      }
    },
  },
  {
    name: 'a request that gets no answer is not done after a later request about the same entry',
    mistakes: [
      {
        name: 'requests that cancel each other are answered first, and the others in any order',
        changes: [
          {
            file: 'aws/write/answers.ts',
            find: '  for (const turn of turnsOf(answers)) {\n',
            replace: `  void turnsOf;
  const first = answers.filter(({ answer }) => 'cancelled' in answer);
  const others = answers.filter((each) => !first.includes(each));
  for (const turn of [...first.map((each) => [each]), others]) {
`,
          },
        ],
      },
    ],
    async play(stage) {
      const clientId = await stage.createClient();
      const first = await stage.waiting(() => stage.ask('link', clientId));
      const second = await stage.waiting(() => stage.ask('link', clientId));
      const key = await stage.keyOf(second.execution);
      const unlinking = await stage.ask('unlink', clientId);
      const answering = { step, call: 'dynamodb:PutItem', about: `answer#${key}`, by: unlinking };
      stage.failing(answering, () => 'killed before');
      assert.equal((await stage.said(unlinking)).outcome, 'UNLINKED');
      for (const { execution, goOn } of [first, second]) {
        goOn();
        await stage.said(execution);
      }
      assert.ok(!stage.clients().includes(clientId));
    },
  },
  {
    name: 'a refusal applies only to the execution that receives it, and a redrive is checked again',
    mistakes: [
      {
        name: 'a refusal is never taken back',
        changes: [
          { file: writeRequest, find: 'table.requests.retract(', replace: 'Promise.resolve(' },
        ],
      },
    ],
    async play(stage) {
      // Links cover both app clients only in the second identity pool, which has a quota of twelve.
      const [, userPoolId] = USER_POOLS;
      const [, poolId] = POOLS;
      const create = () => stage.createClient(userPoolId, 'other');
      const [one, other] = [await create(), await create()];
      const first = await stage.waiting(() => stage.ask('link', one, userPoolId), poolId);
      const second = await stage.waiting(() => stage.ask('link', other, userPoolId), poolId);
      stage.change((entries) => {
        const more = Array.from({ length: 12 - entries.length }, (_, i) => ({
          ClientId: `foreignmore${i}`,
          ProviderName: 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Foreign77',
        }));
        return [...entries, ...more];
      }, poolId);
      const refused = async ({ execution, goOn }: typeof first) => {
        goOn();
        assert.equal((await stage.said(execution)).error, 'ProviderQuotaError');
      };
      await refused(second);
      stage.change((entries) => entries.slice(2), poolId);
      // The execution that wrote has answered it already.
      await refused(first);
      for (const { execution } of [first, second]) {
        const { outcome } = await stage.invoke(step, stage.event(execution, step));
        assert.equal(outcome, 'LINKED');
      }
    },
  },
  {
    name: 'a request stays in the table while its execution waits to try again',
    mistakes: [
      {
        name: 'a request whose identity pool is busy is forgotten',
        changes: [
          {
            file: safeWrite,
            find: 'if (pending && !isRetried(error))',
            replace: 'void isRetried;\n    if (pending)',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const { execution, goOn } = await stage.waiting(() => stage.tell('link', one));
      assert.equal((await stage.said(await stage.tell('link', other))).outcome, 'LINKED');
      assert.ok(
        stage.clients().includes(one),
        'the first app client was not linked with the second one',
      );
      goOn();
      assert.equal((await stage.said(execution)).outcome, 'LINKED');
    },
  },
  {
    name: 'a request that has failed is not written by another execution later',
    mistakes: [
      {
        name: 'a request that has failed goes on waiting',
        changes: [
          { file: 'aws/write/safe-write.ts', find: '!isRetried(error)', replace: '!error' },
        ],
      },
    ],
    async play(stage) {
      const [refused, other] = [await stage.createClient(), await stage.createClient()];
      const { execution, goOn } = await stage.waiting(() => stage.tell('link', refused));
      stage.failing({ ...updating, by: execution }, () => 'denied');
      goOn();
      assert.equal((await stage.said(execution)).error, 'TargetAccessDeniedError');
      assert.equal((await stage.said(await stage.tell('link', other))).outcome, 'LINKED');
      assert.deepEqual(
        [refused, other].map((clientId) => stage.clients().includes(clientId)),
        [false, true],
      );
    },
  },
  {
    name: 'a request whose credentials expire within a step is tried again with new ones',
    mistakes: [],
    async play(stage) {
      const clientId = await stage.createClient();
      const linking = await stage.tell('link', clientId);
      stage.failing({ ...updating, by: linking }, () => 'expired');
      assert.equal((await stage.said(linking)).outcome, 'LINKED');
    },
  },
  {
    name: 'a request whose execution was stopped is not written later',
    mistakes: [
      {
        name: 'waiting requests never expire',
        changes: [
          {
            file: waitingRequests,
            find: "      .filter((item) => numberOf(item, 'expiresAt') > now)\n",
            replace: '',
          },
          {
            file: waitingRequests,
            find: `    const now = Date.now();
    const items = await this.#items.query('pending#'`,
            replace: `    const items = await this.#items.query('pending#'`,
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const { execution } = await stage.waiting(() => stage.tell('link', one));
      stage.stop(execution);
      await stage.sleep(120_000);
      await stage.said(await stage.tell('link', other));
      assert.ok(!stage.clients().includes(one));
      assert.ok(stage.clients().includes(other));
    },
  },
  {
    name: 'a request that another execution wrote just before its own got the lease reports the writer',
    mistakes: [
      {
        name: 'an execution does not look for an answer under the lease',
        changes: [
          {
            file: criticalSection,
            find: `    const answer = await answered(this.#request, this.#tools.table);
    if (answer) return answer;
`,
            replace: '    void answered;\n',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const { execution, goOn } = await stage.waiting(() => stage.tell('link', one));
      const writer = await stage.tell('link', other);
      const acquiring = { step, call: 'dynamodb:UpdateItem', about: 'SET nonce' };
      stage.before({ ...acquiring, by: execution }, async () => {
        await stage.said(writer);
      });
      stage.before({ ...acquiring, by: writer }, () => stage.sleep(200));
      goOn();
      const said = await stage.said(execution);
      assert.equal(said.outcome, 'LINKED');
      assert.equal(said.writtenBy, writer.arn);
    },
  },
  {
    name: 'a request whose writer was killed before it could answer is answered by the next holder of the lease',
    mistakes: [
      {
        name: 'a settled request gets no answer',
        changes: [
          { file: criticalSection, find: 'if (settled.own) return settled.own;', replace: '' },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const { execution, goOn } = await stage.waiting(() => stage.tell('link', one));
      const writer = await stage.tell('link', other);
      const answering = { step, call: 'dynamodb:PutItem', about: 'answer#', by: writer };
      stage.failing(answering, () => 'killed before');
      stage.failing(answering, () => 'killed before');
      await stage.until(() => stage.attempts(writer, step) > 1);
      stage.stop(writer);
      goOn();
      const said = await stage.said(execution);
      assert.equal(said.outcome, 'LINKED');
      assert.equal(said.writtenBy, writer.arn);
      assert.equal((await stage.item('lease'))?.['writing'], undefined, 'it is not settled');
    },
  },
  {
    name: 'a long listing for waiting requests does not use up the time of the write',
    mistakes: [
      {
        name: 'checking waiting requests has no deadline',
        changes: [
          {
            file: criticalSection,
            find: 'const until = Date.now() + left() - NEEDED_MS - DESCRIBING;',
            replace: 'const until = Date.now() + left() + NEEDED_MS + DESCRIBING;',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      fill(stage.scene.aws, USER_POOLS[0], 200);
      const { execution, goOn } = await stage.waiting(() => stage.tell('link', one));
      const writer = await stage.tell('link', other);
      assert.equal((await stage.said(writer)).outcome, 'LINKED');
      assert.equal(stage.attempts(writer, step), 1);
      goOn();
      assert.equal((await stage.said(execution)).outcome, 'LINKED');
    },
  },
  {
    name: 'a request in the table cannot mark an existing app client as deleted',
    mistakes: [
      {
        name: 'a waiting request is trusted to know that an app client was deleted',
        changes: [
          {
            file: allowed,
            find: 'deleted: deleted && clientName === undefined,',
            replace: 'deleted,',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      await stage.putPending('forged', { operation: 'unlink', clientId: one, deleted: true });
      await stage.said(await stage.tell('link', other));
      assert.equal((await stage.done('link', one)).outcome, 'LINKED');
      assert.ok(stage.clients().includes(one));
    },
  },
];
