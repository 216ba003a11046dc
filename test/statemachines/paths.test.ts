import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Call } from 'embedded-aws/kernel/call.ts';
import type { InvokeAnswer } from 'embedded-aws/services/lambda/wire.ts';
import type { Definition, State } from 'embedded-aws/services/states/definition.ts';
import { isObject } from '../../core/shape.ts';
import { ACCOUNT_C, type Ended, pools, startWorld, type World } from '../world.ts';

/** A path that a state reads. */
interface Reading {
  state: string;
  path: string;
}

const PATH = /\$(?:\.\w+|\[\d+\])+/g;

/** The states of a definition, also those inside its maps. */
const statesOf = ({ States }: Definition): [string, State][] =>
  Object.entries(States).flatMap(([name, state]) => [
    [name, state],
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : []),
  ]);

/** The paths that a state reads: in its fields, its payloads, its rules and its intrinsic functions. */
function readingsOf([state, { ItemProcessor: _, ResultPath: __, ...fields }]: [string, State]) {
  const text = JSON.stringify(fields, (key, value) => (key === 'ResultPath' ? undefined : value));
  return [...text.replaceAll('$$.', '').matchAll(PATH)].map(
    ([path]): Reading => ({ state, path: path.replace(/\[\d+\]/g, '') }),
  );
}

/** The members that a definition itself creates, for any answer of the functions. */
function madeIn([, state]: [string, State]): string[] {
  const { Parameters, ItemSelector, Result, Catch = [], ResultPath } = state;
  const texts = [ResultPath, ...Catch.map((each) => Reflect.get(each, 'ResultPath'))];
  const places = texts.flatMap((path) => String(path ?? '').match(/\w+/g) ?? []);
  const payloads = [Parameters, ItemSelector, Result].filter(isObject);
  return [
    ...places,
    ...payloads.flatMap((each) => Object.keys(each)).map((key) => key.replace('.$', '')),
  ];
}

/** The answer of a function, by its name and the identity pool of its input. */
interface Answered {
  name: string;
  about: string;
  answer: unknown;
}

/** One wrong answer of a function. */
interface Mistake {
  name: string;
  about?: string | undefined;
  answer: unknown;
}

const GARBAGE = [null, {}, [], 'text'];
// Stands for a member that is missing.
const MISSING = undefined;

/** The places of an answer that a machine reads: members that follow each other in a path. */
function placesIn(value: unknown, read: Set<string>, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isItem = Array.isArray(value);
    // Inside a map, its items have another name.
    const isRoot = at.length === 0 || /^\d+$/.test(at.at(-1)!);
    if (!isItem && !read.has(isRoot ? key : `${at.at(-1)}.${key}`)) return [];
    return [[...at, key], ...placesIn(inner, read, [...at, key])];
  });
}

/** The members in paths, alone and with the preceding one. */
function membersOf(readings: Reading[]): Set<string> {
  const all = readings.map(({ path }) => path.match(/\w+/g) ?? []);
  return new Set(all.flatMap((keys) => keys.flatMap((key, i) => [key, `${keys[i - 1]}.${key}`])));
}

/** An answer with another value in one place; undefined removes the place. */
function spoiledAt(answer: unknown, path: string[], value: unknown): unknown {
  const copy = structuredClone(answer);
  const [key, ...holders] = path.toReversed();
  let holder = copy as Record<string, unknown>;
  for (const each of holders.toReversed()) holder = holder[each] as Record<string, unknown>;
  if (value === undefined && !Array.isArray(holder)) delete holder[key!];
  else holder[key!] = value ?? null;
  return copy;
}

/** The identity pool in a function's input, and whether it is the first call about it. */
function aboutOf(event: unknown): { token?: unknown; about: string; isFirst: boolean } {
  if (!isObject(event)) return { about: '', isFirst: true };
  const { target, identityPool, identityPoolId, token, attempt = 1, announce } = event;
  const [pool = { identityPoolId }] = [target, identityPool].filter(isObject);
  const isFirst = attempt === 1 && announce !== false;
  return { token, about: String(pool['identityPoolId'] ?? ''), isFirst };
}

/** Lambda's answer for a function. */
function answering(answer: unknown): InvokeAnswer {
  const version = '1';
  if (!(answer instanceof Error)) return { payload: JSON.stringify(answer ?? null), version };
  const { name: errorType, message: errorMessage } = answer;
  return {
    payload: JSON.stringify({ errorType, errorMessage }),
    functionError: 'Unhandled',
    version,
  };
}

const APPROVED = 'us-east-1_Approve01';
const HEALED = 'us-east-1_Healed001';
const APPROVAL = { approvedBy: 'arn', reason: 'as agreed', time: '2026-01-31T12:00:00Z' };
const SILENCE = Symbol('no answer');
// More at once would start more environments of each function, which takes longer than the cases.
const AT_ONCE = 4;
// Their answers are shown to a person.
const reporting = ['ReportOutcome', 'ReportReconcile'];

describe('for any answer of a function or a person, every path of a state machine finds a value:', () => {
  let world: World;
  /** The key is the name of the execution. */
  const mistakes = new Map<string, Mistake[]>();
  /** Undefined if the functions themselves answer. */
  let recorded: Answered[] | undefined;
  let recording: Answered[] = [];

  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [APPROVED, HEALED]) await world.createUserPool(id);
    for (const id of [pools.mobile, pools.healed]) await world.createIdentityPool(id);
    await world.createIdentityPool(pools.there, ACCOUNT_C, {});
    const { aws } = world.local;
    const { call } = aws;
    aws.call = async (asked) => {
      if (asked.service !== 'lambda' || asked.operation !== 'Invoke') return call.call(aws, asked);
      return invoked(asked as Call, () => call.call(aws, asked) as Promise<InvokeAnswer>);
    };
  });
  after(() => world.close());

  /** Decides as the approver of an execution, if the approver answers. */
  function decide(made: Mistake[], token: unknown): void {
    const { answer } = made.find((each) => each.name === 'the approver') ?? { answer: APPROVAL };
    const waiting = world.local.aws.stateMachines.waiting(token);
    if (answer instanceof Error) waiting.reject(answer);
    else if (answer !== SILENCE) waiting.resolve(answer as never);
  }

  /** Answers for a function, as before or wrongly. */
  async function invoked(asked: Call, ask: () => Promise<InvokeAnswer>): Promise<InvokeAnswer> {
    const name = /poolbridge-dev-(\w+)/.exec(String(asked.input['FunctionName']))?.[1] ?? '';
    const { token, about, isFirst } = aboutOf(JSON.parse(String(asked.input['Payload'])));
    const made = mistakes.get(asked.principal?.arn.split('/').at(-1) ?? '') ?? [];
    if (name === 'RequestApproval') decide(made, token);
    const isMeant = (each: Mistake) => each.name === name && (each.about ?? about) === about;
    const mistake = isFirst ? made.find(isMeant) : undefined;
    if (mistake) return answering(mistake.answer);
    if (recorded && !reporting.includes(name)) {
      return answering(
        recorded.find((each) => isMeant({ ...each, about: each.about || about }))?.answer,
      );
    }
    const answer = await ask();
    recording.push({ name, about, answer: JSON.parse(answer.payload) });
    return answer;
  }

  const messageOf = ({ cause = '' }: Ended): string => {
    try {
      return JSON.parse(cause).message;
    } catch {
      return cause;
    }
  };

  /** Runs a machine once correctly, then once for each mistake that its functions can make. */
  async function tryAll(machineArn: string, input: object, more: Mistake[][]): Promise<void> {
    const { definition } = world.local.aws.stateMachines.machine(machineArn);
    const states = statesOf(definition);
    const readings = states.flatMap(readingsOf);
    const read = membersOf(readings);
    recorded = undefined;
    recording = [];
    const good = await world.run(input, 'good', machineArn);
    assert.equal(good.status, 'SUCCEEDED', good.cause);
    recorded = recording;
    const spoiled = recorded.flatMap(({ name, about, answer }): Mistake[] => {
      const inside = placesIn(answer, read).flatMap((path) =>
        [MISSING, null, 'text'].map((value) => spoiledAt(answer, path, value)),
      );
      return [...GARBAGE, new TypeError('x is not iterable'), ...inside].map((each) => {
        return { name, about, answer: each };
      });
    });
    const cases = [...spoiled.map((each) => [each]), ...more].map((made, i) => ({
      made,
      name: `case-${i}`,
    }));
    for (const { made, name } of cases) mistakes.set(name, made);
    const ends: { ended: Ended; made: Mistake[] }[] = [];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, lane) => {
        for (const { made, name } of cases.filter((_, i) => i % AT_ONCE === lane)) {
          ends.push({ made, ended: await world.run(input, name, machineArn) });
        }
      }),
    );
    for (const { ended, made } of ends) {
      const what = `${JSON.stringify(made)}: ${ended.error} ${ended.cause}`;
      assert.doesNotMatch(ended.error ?? '', /^States\./, what);
      if (ended.status === 'SUCCEEDED') continue;
      assert.equal(ended.status, 'FAILED', what);
      assert.match(messageOf(ended), /^[A-Z].{20,}\.$/s, what);
    }
    const histories = await Promise.all(
      [good, ...ends.map(({ ended }) => ended)].map((each) => world.history(each.executionArn)),
    );
    const entered = new Set(
      histories.flat().flatMap((event) => event.stateEnteredEventDetails?.name ?? []),
    );
    const own = new Set(states.flatMap(madeIn));
    const answers = new Set([
      ...Object.keys(input),
      ...recorded.flatMap(({ answer }) => placesIn(answer, read).flat()),
    ]);
    const unread = readings.filter(({ path }) =>
      (path.match(/\w+/g) ?? []).some((key) => !own.has(key) && !answers.has(key)),
    );
    assert.deepEqual(
      states.map(([name]) => name).filter((name) => !entered.has(name)),
      [],
      'a mistake leads into every state',
    );
    assert.deepEqual(unread, [], 'every member that is read is spoiled, or made by the machine');
  }

  test('link', async () => {
    const clientId = await world.createAppClient(APPROVED, 'app');
    const answers = GARBAGE.map((answer) => [{ name: 'the approver', answer }]);
    const denied = Object.assign(new Error('x'.repeat(32_768)), { name: 'ApprovalDeniedError' });
    const result = { outcome: 'LINKED', changes: [], before: {}, after: {}, attempts: 1 };
    await tryAll(world.machineArn, { userPoolId: APPROVED, clientId }, [
      ...answers,
      [{ name: 'the approver', answer: denied }],
      [
        { name: 'the approver', answer: SILENCE },
        { name: 'ResolveTargets', answer: impatient },
      ],
      [{ name: 'MergeProvider', answer: { ...result, outcome: 'PLANNED', write: false } }],
      [{ name: 'VerifyIdentityPool', answer: { again: true, result } }],
    ]);
  });

  test('reconcile', async () => {
    const report = { identityPoolId: pools.healed, links: ['healed'], counts: {}, entries: [] };
    await tryAll(
      world.reconcileArn,
      { identityPoolId: pools.healed, waitUntil: '2026-01-02T03:04:05Z' },
      [[{ name: 'ReconcileIdentityPool', answer: { report, removed: [] } }]],
    );
  });
});

/** Targets; one waits for only a second. */
const impatient = {
  operation: 'link',
  userPoolId: APPROVED,
  requestedBy: { via: 'person' },
  targets: [
    {
      identityPoolId: pools.mobile,
      links: ['approved'],
      room: 1000,
      approvalTime: { hours: 24, seconds: 1 },
    },
  ],
};
