import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Link } from '../../../core/links/links.ts';
import { classify, type Evidence, type Finding } from '../../../core/reconcile/classify.ts';
import { planOf } from '../../../core/reconcile/plan.ts';
import { poolReport } from '../../../core/reconcile/pool-report.ts';
import { type PoolUpdate, poolUpdate } from '../../../core/reconcile/pool-update.ts';
import {
  absentEntries,
  entryRemoved,
  historyBegins,
  isSettled,
  keptRemovals,
  type RemovedEntry,
  removalOf,
  removedEntries,
} from '../../../core/reconcile/removed.ts';
import { sha256 } from '../../../core/sha256.ts';
import type { LedgerEntry } from '../../../core/write/records.ts';

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const OTHER = 'ap-south-1:12345678-abcd-abcd-abcd-000000000000';
const ROLE = 'arn:aws:iam::222222222222:role/deep/poolbridge-link';
const OURS = 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/name-01234567';
const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-prod-reconcile:x';
const LINKED = Date.parse('2026-01-02T03:04:05.678Z');

const PROVIDER = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A';

const entry: RemovedEntry = {
  providerName: PROVIDER,
  clientId: 'ours',
  clientName: 'app',
  links: ['one'],
  linkedBy: {
    executionArn: EXECUTION.replace('reconcile', 'link'),
    time: new Date(LINKED).toISOString(),
  },
};

const arnOf = (who: string) => `arn:aws:sts::222222222222:assumed-role/${who}/session`;

/** One write. */
interface Write {
  who: string;
  clientIds: string[];
  /** Whether its record shows what was written. */
  shown: boolean;
  /** The write is of another identity pool, or was refused. */
  beside: 'other' | 'failed' | undefined;
  /** Members have the spelling of some services. */
  upper: boolean;
  afterSeconds: number;
}

const upperFirst = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(upperFirst)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value).map(([name, each]) => [
            name.charAt(0).toUpperCase() + name.slice(1),
            upperFirst(each),
          ]),
        )
      : value;

function recordOf({ who, clientIds, shown, beside, upper }: Write, i: number, seconds: number) {
  const parameters = {
    identityPoolId: beside === 'other' ? OTHER : POOL,
    identityPoolName: 'p',
    allowUnauthenticatedIdentities: false,
    ...(clientIds.length > 0 && {
      cognitoIdentityProviders: clientIds.map((clientId) => ({ providerName: PROVIDER, clientId })),
    }),
  };
  const time = new Date(LINKED + seconds * 1000).toISOString().replace(/\.\d+/, '');
  return JSON.stringify({
    userIdentity: { type: 'AssumedRole', arn: arnOf(who) },
    eventTime: time,
    eventName: 'UpdateIdentityPool',
    eventID: `e${i}`,
    userAgent: 'terraform',
    ...(beside === 'failed' && { errorCode: 'ConcurrentModificationException' }),
    requestParameters: shown ? (upper ? upperFirst(parameters) : parameters) : null,
    responseElements: null,
  });
}

const writes = fc.array(
  fc.record({
    who: fc.constantFrom('ann', 'bob', 'terraform'),
    clientIds: fc.subarray(['ours', 'x']),
    shown: fc.boolean(),
    beside: fc.constantFrom(undefined, undefined, 'other' as const, 'failed' as const),
    upper: fc.boolean(),
    afterSeconds: fc.constantFrom(0, 1, 600),
  }),
  { maxLength: 8 },
);

const ourWrite: Write = {
  who: 'poolbridge-link',
  clientIds: ['ours'],
  shown: true,
  beside: undefined,
  upper: false,
  afterSeconds: 0,
};

/** Turns writes, oldest first, into the records of LookupEvents, newest first. */
function historyOf(all: Write[]) {
  let seconds = 0;
  return all
    .map((write, i) => {
      seconds += write.afterSeconds;
      return recordOf(write, i, seconds);
    })
    .flatMap((text) => poolUpdate(text, POOL) ?? [])
    .reverse();
}

/** The writer who really removed the entry last. */
function culpritOf(all: Write[]): { write: Write; id: string } | undefined {
  let culprit: { write: Write; id: string } | undefined;
  for (const [i, write] of all.entries()) {
    if (write.beside) continue;
    if (write.clientIds.includes('ours')) culprit = undefined;
    else culprit ??= { write, id: `e${i}` };
  }
  return culprit;
}

/** Updates that are complete since before the entry was linked, or may not be. */
const known = (updates: PoolUpdate[], whole = true) =>
  whole ? { updates, wholeSince: LINKED } : { updates };

describe('who removed an entry', () => {
  test('is never named wrongly, whatever CloudTrail hides and however far back it goes', () => {
    fc.assert(
      fc.property(writes, fc.nat({ max: 8 }), (later, shownOnly) => {
        const all = [ourWrite, ...later];
        const culprit = culpritOf(all);
        fc.pre(culprit !== undefined);
        const history = historyOf(all);
        const part = history.slice(0, shownOnly);
        for (const [updates, whole] of [
          [history, true],
          [part, part.length === history.length],
        ] as const) {
          const named = removalOf(entry, known(updates, whole))?.by;
          if (named) assert.deepEqual(named.eventId, culprit?.id);
          if (named) assert.equal(named.principalArn, arnOf(culprit!.write.who));
          // To stop here misses nothing.
          if (isSettled(entry, updates)) {
            assert.deepEqual(removalOf(entry, known(history)), removalOf(entry, { updates }));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('is known if the last record with the entry, and all later ones, can be read', () => {
    fc.assert(
      fc.property(writes, (later) => {
        const all = [ourWrite, ...later.map((write) => ({ ...write, shown: true }))];
        const culprit = culpritOf(all);
        assert.equal(removalOf(entry, known(historyOf(all)))?.by?.eventId, culprit?.id);
      }),
      { numRuns: 1000 },
    );
  });

  const DAY = 86_400;
  const away = (who: string, afterSeconds: number): Write => ({
    ...ourWrite,
    who,
    clientIds: ['x'],
    afterSeconds,
  });

  test('is the first writer after the entry was linked, if no record shows the entry', () => {
    const since = historyOf([away('ann', 80 * DAY), away('bob', 60)]);
    assert.equal(removalOf(entry, known(since))?.by?.principalArn, arnOf('ann'));
    // There may be earlier ones.
    assert.equal(removalOf(entry, { updates: since }), undefined);
    // An update before the entry was written can't have removed it.
    assert.equal(removalOf(entry, known(historyOf([away('ann', -60)]))), undefined);
    assert.equal(removalOf(entry, known([])), undefined);
  });

  test('is not known if the event history begins after the entry was linked', () => {
    // Linked 200 days ago, removed 100 days ago, and the identity pool was renamed 80 days ago.
    const now = LINKED + 200 * DAY * 1000;
    const looked = (updates: PoolUpdate[]) => ({ updates, wholeSince: historyBegins(now) });
    const renamed = looked(historyOf([away('ann', 120 * DAY)]));
    assert.equal(removalOf(entry, renamed), undefined);
    const found = { executionArn: EXECUTION, identityPoolId: POOL };
    const { removedBy, message } = entryRemoved(entry, found, { roleArn: ROLE, looked: renamed });
    assert.equal(removedBy, undefined);
    assert.match(
      message,
      /not known who did this: the event history of CloudTrail goes back 90 days and shows no/,
    );
    assert.match(message, /look there for UpdateIdentityPool since 2026-01-02 03:04:05Z\./);
    // A record within the 90 days that has the entry settles it.
    const shown = historyOf([
      { ...ourWrite, who: 'bob', afterSeconds: 115 * DAY },
      away('ann', DAY),
    ]);
    assert.equal(removalOf(entry, looked(shown))?.by?.principalArn, arnOf('ann'));
    // From this day the history no longer includes the link.
    const since = historyOf([away('ann', 60)]);
    for (const [days, name] of [
      [89, arnOf('ann')],
      [90, undefined],
    ] as const) {
      const wholeSince = historyBegins(LINKED + days * DAY * 1000);
      assert.equal(removalOf(entry, { updates: since, wholeSince })?.by?.principalArn, name);
    }
  });

  test('is read from a record only if it looks complete', () => {
    const record = JSON.parse(recordOf(ourWrite, 1, 0));
    const entriesOf = (requestParameters: unknown, more: object = {}) =>
      poolUpdate(JSON.stringify({ ...record, requestParameters, ...more }), POOL)?.entries;
    const { requestParameters: whole } = record;
    const key = `${PROVIDER} ours`;
    assert.deepEqual(entriesOf(whole), new Set([key]));
    // The response may have what the request lacks.
    assert.deepEqual(entriesOf(null, { responseElements: whole }), new Set([key]));
    for (const parameters of [
      ...[null, undefined, 'identityPoolId=…', [], {}],
      { ...whole, identityPoolName: undefined },
      { ...whole, truncated: true },
      { ...whole, cognitoIdentityProviders: '[{"providerName…' },
      { ...whole, cognitoIdentityProviders: ['cut off'] },
      {
        ...whole,
        cognitoIdentityProviders: [
          { providerName: PROVIDER, clientId: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
        ],
      },
    ]) {
      assert.equal(entriesOf(parameters), undefined, JSON.stringify(parameters));
    }
    // Without the list it was emptied.
    const { cognitoIdentityProviders: _, ...emptied } = whole;
    assert.deepEqual(entriesOf(emptied), new Set());
    assert.equal(
      poolUpdate(JSON.stringify({ ...record, requestParameters: whole }), OTHER),
      undefined,
    );
  });

  test('is not known if the answer is not a record', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.anything()), (text) => {
        const update = poolUpdate(text, POOL);
        assert.equal(update?.entries, undefined);
        assert.equal(removalOf(entry, known(update ? [update] : [])), undefined);
      }),
    );
  });
});

describe('who removed an entry, by the updates that events reported', () => {
  const ours: LedgerEntry = {
    state: 'linked',
    providerName: PROVIDER,
    clientId: 'ours',
    links: ['one'],
    execution: EXECUTION,
    sequence: 1,
    time: LINKED,
  };
  const removedBy = (updates: PoolUpdate[]) =>
    keptRemovals([ours], updates, ROLE).get(`${PROVIDER} ours`);

  test('is never named wrongly if all events came, whatever CloudTrail hides', () => {
    fc.assert(
      fc.property(writes, (later) => {
        const culprit = culpritOf([ourWrite, ...later]);
        fc.pre(culprit !== undefined);
        const named = removedBy(historyOf([ourWrite, ...later]).slice(0, -1))?.by;
        if (named) assert.equal(named.eventId, culprit?.id);
      }),
      { numRuns: 2000 },
    );
  });

  const away = (who: string, afterSeconds: number): Write => ({
    ...ourWrite,
    who,
    clientIds: ['x'],
    afterSeconds,
  });

  test('is the first one without it since it was linked, or since others added it again', () => {
    const all = [away('ann', 60), { ...ourWrite, who: 'bob', afterSeconds: 60 }, away('bob', 60)];
    assert.equal(removedBy(historyOf(all.slice(0, 1)))?.by?.principalArn, arnOf('ann'));
    assert.equal(removedBy(historyOf(all))?.by?.principalArn, arnOf('bob'));
    assert.equal(removedBy(historyOf(all.slice(0, 2))), undefined);
    assert.equal(removedBy(historyOf([{ ...away('ann', 60), shown: false }])), undefined);
    assert.equal(removedBy([]), undefined);
  });

  test('is no update before it was linked, none in the same second, and never Poolbridge', () => {
    assert.equal(removedBy(historyOf([away('ann', -60)])), undefined);
    assert.deepEqual(removedBy(historyOf([away('ann', 0)])), {});
    assert.deepEqual(removedBy(historyOf([away('poolbridge-link', 60)])), {});
  });

  test('says that an entry is removed although it was linked just now', () => {
    const pool = {
      IdentityPoolId: POOL,
      IdentityPoolName: 'p',
      AllowUnauthenticatedIdentities: false,
    };
    const evidence: Evidence = {
      pool,
      partition: 'aws',
      since: LINKED,
      regions: [],
      existing: new Set(['us-east-1_A']),
      unlisted: new Set(),
      links: {
        one: {
          userPools: ['us-east-1_A'],
          clients: ['*'],
          identityPool: POOL,
          roleArn: ROLE,
          serverSideTokenCheck: false,
          providerQuota: 50,
          onDelete: 'keep',
        },
      },
      listed: new Map([['us-east-1_A', { tags: {}, clients: new Map([['ours', 'app']]) }]]),
      ledger: [ours],
    };
    const absent = absentEntries(pool, evidence.ledger);
    assert.deepEqual(absent, [ours]);
    assert.deepEqual(absentEntries(pool, [{ ...ours, state: 'unlinked' }]), []);
    const [recent] = classify(evidence);
    assert.deepEqual([recent?.recent, recent?.lost], [true, undefined]);
    const removals = keptRemovals(absent, historyOf([away('ann', 60)]), ROLE);
    const [removed] = classify({ ...evidence, removals });
    assert.deepEqual([removed?.recent, removed?.lost], [undefined, ours]);
    assert.equal(removed?.removedBy?.principalArn, arnOf('ann'));
    const [unlinked] = classify({
      ...evidence,
      removals,
      ledger: [{ ...ours, state: 'unlinked' }],
    });
    assert.deepEqual([unlinked?.recent, unlinked?.lost], [true, undefined]);
    const [told] = removedEntries([removed!]);
    const found = { executionArn: EXECUTION, identityPoolId: POOL };
    const { message } = entryRemoved(told!, found, { roleArn: ROLE, looked: { updates: [] } });
    assert.ok(message.startsWith(`${arnOf('ann')} removed the app client ours of us-east-1_A`));
  });
});

test('who removed an entry before Poolbridge restored it is known, even if CloudTrail shows that too', () => {
  const session = `x-${sha256('x').slice(0, 8)}`;
  const arn = `arn:aws:sts::222222222222:assumed-role/poolbridge-link/${session}`;
  const [restore, removal, link] = historyOf([
    ourWrite,
    { ...ourWrite, who: 'ann', clientIds: [], afterSeconds: 600 },
    { ...ourWrite, afterSeconds: 1 },
  ]);
  const byExecution = { ...restore!, by: { ...restore!.by!, principalArn: arn } };
  const found = { executionArn: EXECUTION, identityPoolId: POOL };
  const who = (restored: RemovedEntry, updates: PoolUpdate[]) =>
    entryRemoved(restored, found, { roleArn: ROLE, looked: known(updates) }).removedBy
      ?.principalArn;
  const restored: RemovedEntry = { ...entry, restored: true };
  assert.equal(who(restored, [byExecution, removal!, link!]), arnOf('ann'));
  assert.equal(who(restored, [removal!, link!]), arnOf('ann'));
  assert.equal(who(entry, [byExecution, removal!, link!]), undefined);
});

describe('the note on a removed entry', () => {
  const found = { executionArn: EXECUTION, identityPoolId: POOL };
  const taken = (who: string) => [ourWrite, { ...ourWrite, who, clientIds: [], afterSeconds: 60 }];
  const told = (who: string, hindered?: string) =>
    entryRemoved(entry, found, {
      roleArn: ROLE,
      looked: { ...known(historyOf(taken(who))), ...(hindered && { hindered }) },
    });

  test('has the principal, the time, the record and what to do', () => {
    const { message, ...event } = told('terraform');
    assert.deepEqual(event, {
      ...found,
      ...entry,
      removedBy: {
        principalArn: arnOf('terraform'),
        time: '2026-01-02T03:05:05Z',
        eventId: 'e1',
        userAgent: 'terraform',
      },
    });
    assert.equal(
      message,
      `${arnOf('terraform')} removed the app client ours of us-east-1_A from the identity pool ${POOL} at 2026-01-02 03:05:05Z (CloudTrail event e1), and Poolbridge was not asked to. If a tool owns that pool, make it ignore the list of user pool clients (docs/coexistence.md says how, for each tool). Then link it again: npx poolbridge link --user-pool us-east-1_A --client ours --stage prod --region us-east-1`,
    );
  });

  test('never names Poolbridge itself, and says why no one is named', () => {
    const { removedBy, message } = told('poolbridge-link');
    assert.equal(removedBy, undefined);
    assert.match(
      message,
      /It is not known who did this: the event history of CloudTrail does not show/,
    );
    assert.ok(!message.includes(OURS.slice(0, 60)));
    // Another role of that account and a role of that name elsewhere are not Poolbridge.
    assert.ok(told('poolbridge-linker').removedBy);
    const { message: hindered } = entryRemoved(entry, found, {
      roleArn: ROLE,
      looked: { updates: [], hindered: 'it is not allowed' },
    });
    assert.match(hindered, /It is not known who did this: it is not allowed\. /);
  });

  test('covers at most fifty entries that were removed without a request, and is never too large', () => {
    const lost = {
      state: 'linked' as const,
      providerName: PROVIDER,
      clientId: 'c',
      links: [],
      execution: EXECUTION,
      sequence: 1,
      time: LINKED,
    };
    const finding = (links: string[], isLost: boolean): Finding => ({
      state: 'removed',
      provider: { ProviderName: PROVIDER, ClientId: 'c' },
      links,
      ...(isLost && { lost }),
    });
    assert.deepEqual(removedEntries([finding(['one'], false)]), []);
    assert.deepEqual(removedEntries([finding(['one'], true)]), [
      {
        providerName: PROVIDER,
        clientId: 'c',
        links: ['one'],
        linkedBy: { executionArn: EXECUTION, time: new Date(LINKED).toISOString() },
      },
    ]);
    const many = Array.from({ length: 1000 }, () => finding(['one'], true));
    assert.equal(removedEntries(many).length, 50);
    // As many links as links.yml has room for, with the longest names.
    const names = Array.from({ length: 900 }, (_, i) => `${i}`.padStart(40, 'x'));
    const wide = many.map((each) => ({ ...each, links: names }));
    const removed = removedEntries(wide);
    assert.ok(removed.length > 0);
    const link: Link = {
      clients: ['*'],
      identityPool: POOL,
      roleArn: ROLE,
      serverSideTokenCheck: false,
      providerQuota: 1000,
      onDelete: 'keep',
    };
    const plan = planOf({ one: link }, { repair: false }, { since: 0, regions: [], found: [] });
    const report = poolReport(plan.identityPools[0]!, [...wide, ...wide]);
    const size = JSON.stringify({ report, removed }).length;
    assert.ok(size > 150_000 && size < 250_000, `${size}`);
  });
});
