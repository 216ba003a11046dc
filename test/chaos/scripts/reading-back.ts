import assert from 'node:assert/strict';
import { MAPPED } from '../accounts.ts';
import type { Script } from '../script.ts';
import type { Stage } from '../stage.ts';

const step = 'UpdateIdentityPool';
const describing = { step, call: 'cognito-identity:DescribeIdentityPool' };
const updating = { step, call: 'cognito-identity:UpdateIdentityPool' };
const poolWriter = 'aws/write/pool-writer.ts';

/** Waits until a time after the last attempt of a write has begun. */
const after = (stage: Stage, began: number, ms: number) => stage.sleep(began + ms - stage.now());

/** How the result of a call is found out, and how much time a call must have. */
export const readingBackScripts: Script[] = [
  {
    name: 'a write that AWS made and answered with an error of its own is found by reading, and reported',
    mistakes: [
      {
        name: 'an error of AWS itself says that nothing was written',
        changes: [
          { file: poolWriter, find: 'status >= 400 && status < 500', replace: 'status >= 400' },
        ],
      },
    ],
    async play(stage) {
      const linking = await stage.tell('link', await stage.createClient());
      stage.failing({ ...updating, by: linking }, () => 'failed after');
      const { outcome, changes } = await stage.said(linking);
      assert.deepEqual([outcome, changes.length, stage.attempts(linking, step)], ['LINKED', 1, 1]);
    },
  },
  {
    name: 'a write that Cognito does not show at once is read again until it does',
    mistakes: [
      {
        name: 'a write that is not shown at once counts as overwritten',
        changes: [
          {
            file: poolWriter,
            find: 'if (Date.now() > until || left() < 1000) {',
            replace: 'if (until > 0 || left() < 1000) {',
          },
        ],
      },
    ],
    async play(stage) {
      const linking = await stage.tell('link', await stage.createClient());
      stage.before({ ...describing, by: linking, after: 1 }, () => {
        stage.showOld(1);
        void stage.sleep(2500).then(() => stage.showOld(0));
      });
      assert.equal((await stage.said(linking)).outcome, 'LINKED');
      assert.equal(stage.attempts(linking, step), 1);
    },
  },
  {
    name: 'no execution writes while a write without an answer may still arrive, although the first description after it fails',
    mistakes: [
      {
        name: 'a description that fails ends the look for a write without an answer',
        changes: [
          {
            file: poolWriter,
            find: '(this.#writing.providerNames).catch(() => undefined)',
            replace: '(this.#writing.providerNames)',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const cut = await stage.tell('link', one);
      stage.failing({ ...updating, by: cut }, () => ({ arrivesAfter: 11_000 }));
      stage.failing({ ...describing, by: cut, after: 1 }, () => 'denied');
      await stage.thrown(cut, 'AwsUnavailableError');
      // Now the identity pool no longer shows the state that the next writer would doubt.
      stage.rename('renamed');
      assert.equal((await stage.said(await stage.tell('link', other))).outcome, 'LINKED');
      assert.equal((await stage.said(cut)).outcome, 'LINKED');
      for (const client of [one, other]) assert.ok(stage.clients().includes(client));
    },
  },
  {
    name: 'the first call of a write is not made with less than 11 seconds left',
    mistakes: [
      {
        name: 'the first call of a write needs as little time as the later ones',
        changes: [
          { file: poolWriter, find: '? NEEDED_MS : LATER_MS', replace: '? LATER_MS : LATER_MS' },
        ],
      },
    ],
    async play(stage) {
      const linking = await stage.tell('link', await stage.createClient());
      stage.before({ ...describing, by: linking }, () => stage.sleep(9500));
      assert.equal((await stage.said(linking)).outcome, 'LINKED');
      assert.equal(stage.attempts(linking, step), 2);
    },
  },
  {
    name: 'a write of several calls goes on with ten seconds left',
    mistakes: [
      {
        name: 'each call of a write needs as much time as the first one',
        changes: [
          { file: poolWriter, find: '? NEEDED_MS : LATER_MS', replace: '? NEEDED_MS : NEEDED_MS' },
        ],
      },
    ],
    async play(stage) {
      const { userPool } = MAPPED;
      const clientId = await stage.createClient(userPool);
      const linking = await stage.tell('link', clientId, userPool);
      stage.before({ ...describing, by: linking, after: 1 }, () => stage.sleep(9000));
      assert.equal((await stage.said(linking)).outcome, 'LINKED');
      assert.equal(stage.attempts(linking, step), 1);
    },
  },
  {
    name: 'a state from before a slow write is doubted from when the write was read back',
    mistakes: [
      {
        name: 'the doubt after a slow write begins when it was sent',
        changes: [
          {
            file: poolWriter,
            find: `      if (sameSettings(now, wanted)) {
        Object.assign(write, { at: this.#looked, seen: true });`,
            replace: '      if (sameSettings(now, wanted)) {',
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const slow = await stage.tell('link', one);
      stage.before({ ...updating, by: slow }, () => stage.sleep(4500));
      assert.equal((await stage.said(slow)).outcome, 'LINKED');
      await after(stage, stage.began(slow, step), 21_000);
      const next = await stage.tell('link', other);
      stage.before({ ...describing, by: next }, () => stage.showOld(1));
      stage.before({ ...describing, by: next }, () => stage.showOld(0));
      await stage.said(next);
      for (const client of [one, other]) assert.ok(stage.clients().includes(client));
    },
  },
  {
    name: 'a state from before a write without an answer is doubted from when the write was found, and the result is not',
    mistakes: [
      {
        name: 'the doubt after a write without an answer begins when it was sent',
        changes: [
          {
            file: poolWriter,
            find: `this.#looked)) {
        Object.assign(write, { at: this.#looked, seen: true });`,
            replace: 'this.#looked)) {',
          },
        ],
      },
      {
        name: 'the result of a write without an answer is doubted although it was found',
        changes: [
          {
            file: poolWriter,
            find: `this.#looked)) {
        Object.assign(write, { at: this.#looked, seen: true });`,
            replace: `this.#looked)) {
        Object.assign(write, { at: this.#looked });`,
          },
        ],
      },
    ],
    async play(stage) {
      const [one, other] = [await stage.createClient(), await stage.createClient()];
      const cut = await stage.tell('link', one);
      stage.failing({ ...updating, by: cut }, () => ({ arrivesAfter: 3700 }));
      const verifying = { ...describing, step: 'VerifyIdentityPool', by: cut };
      const verified = stage.counting(verifying);
      assert.equal((await stage.said(cut)).outcome, 'LINKED');
      assert.equal(verified(), 1);
      await after(stage, stage.began(cut, step), 21_300);
      const next = await stage.tell('link', other);
      stage.before({ ...describing, by: next }, () => stage.showOld(1));
      stage.before({ ...describing, by: next }, () => stage.showOld(0));
      await stage.said(next);
      for (const client of [one, other]) assert.ok(stage.clients().includes(client));
    },
  },
  {
    name: 'a write that arrived late and was found is not doubted any more',
    mistakes: [
      {
        name: 'a write that arrived late stays in doubt although it was found',
        changes: [
          {
            file: poolWriter,
            find: 'if (last?.result === digest) last.seen = true;',
            replace: '',
          },
        ],
      },
    ],
    async play(stage) {
      const cut = await stage.tell('link', await stage.createClient());
      stage.failing({ ...updating, by: cut }, () => ({ arrivesAfter: 11_000 }));
      const verified = stage.counting({ ...describing, step: 'VerifyIdentityPool', by: cut });
      assert.equal((await stage.said(cut)).outcome, 'LINKED');
      assert.equal(verified(), 1);
    },
  },
];
