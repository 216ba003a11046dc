import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { DescribedExecution } from '../../../core/audit/audit.ts';
import { type EntryWrite, type Look, type PoolNow, poolsNow } from '../../../core/now/pool-now.ts';
import {
  conflicting,
  type StateVisit,
  type Traces,
  tracesInEnd,
  tracesInLedger,
  tracesInStates,
  withLedgers,
} from '../../../core/now/traces.ts';
import {
  classify,
  type EntryState,
  type Finding,
  repairsOf,
} from '../../../core/reconcile/classify.ts';
import { type PoolReport, poolReport } from '../../../core/reconcile/pool-report.ts';
import type { LedgerEntry } from '../../../core/write/records.ts';
import { linkOf } from '../link-of.ts';

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const USER_POOL = 'us-east-1_A';
const PROVIDER = `cognito-idp.us-east-1.amazonaws.com/${USER_POOL}`;
const SECOND = 1000;
const DAY = 86_400_000;

/** App clients whose names the link covers, and one whose name it does not. */
const NAMES = new Map([
  ['a', 'app-a'],
  ['b', 'app-b'],
  ['c', 'app-c'],
  ['x', 'other'],
]);
const clientIds = [...NAMES.keys()];
const isCovered = (id: string): boolean => NAMES.get(id)?.startsWith('app') === true;

const links = {
  mobile: linkOf({
    userPools: [USER_POOL],
    clients: ['app*'],
    identityPool: POOL,
    onDelete: 'unlink',
  }),
};

const arnOf = (machine: 'link' | 'reconcile', n: number): string =>
  `arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-${machine}:${n}`;

/** How much of an execution can be read: all its states, its end alone, or nothing but the ledger of its write. */
type Source = 'states' | 'end' | 'ledger';

type Step = {
  /** Milliseconds since the step before. */
  gap: number;
  /** How much longer than an instant it takes, before and after it. */
  width: number;
} & (
  | { do: 'link' | 'unlink'; id: string; source: Source }
  | { do: 'undo'; source: Source }
  | { do: 'delete'; id: string; isTold: boolean; source: Source }
  | { do: 'create' | 'foreign add' | 'foreign remove'; id: string }
  | { do: 'reconcile'; repair: boolean; isEnd: boolean }
);

interface Told {
  execution: string;
  traces: Traces;
  isKnown: boolean;
}

/** An identity pool with its user pool, its ledger, and the executions that a history has left. */
class Place {
  now = 1_800_000_000_000;
  readonly clients = new Map<string, string>();
  readonly entries = new Set<string>();
  readonly ledger = new Map<string, LedgerEntry>();
  readonly told: Told[] = [];
  /** App clients of which the records can not know the state: others changed them since the last look. */
  readonly hidden = new Set<string>();
  /** When others changed the entry of an app client last. */
  readonly #changedAt = new Map<string, number>();
  #undoable: { id: string; op: 'add' | 'remove'; execution: string } | undefined;
  #sequence = 0;

  #write(
    id: string,
    op: 'add' | 'remove',
    step: Step & { source: Source },
    more: object = {},
  ): void {
    const execution = arnOf('link', ++this.#sequence);
    const isChange = op === 'add' ? !this.entries.has(id) : this.entries.has(id);
    const changes = isChange ? [{ op, provider: { ProviderName: PROVIDER, ClientId: id } }] : [];
    const clientName = this.clients.get(id);
    const target = {
      identityPoolId: POOL,
      links: ['mobile'],
      deleted: false,
      ...(clientName !== undefined && { clientName }),
      intent: {
        operation: op === 'add' ? 'link' : 'unlink',
        providerName: PROVIDER,
        clientId: id,
        serverSideTokenCheck: false,
      },
      ...more,
    };
    if (isChange) {
      if (op === 'add') this.entries.add(id);
      else this.entries.delete(id);
      this.#undoable = { id, op, execution };
    }
    const before = this.ledger.get(id);
    const isSettled = op === 'remove' && before?.state === 'linked';
    if (isChange || target.deleted || isSettled) {
      this.ledger.set(id, {
        state: op === 'add' ? 'linked' : 'unlinked',
        providerName: PROVIDER,
        clientId: id,
        links: ['mobile'],
        execution,
        sequence: this.#sequence,
        time: this.now,
        ...(clientName !== undefined && { clientName }),
        ...(target.deleted && { deleted: true }),
      });
    }
    this.#tell(id, execution, step, { target, result: { changes } });
  }

  #tell(
    id: string,
    execution: string,
    step: Step & { source: Source },
    output: { target: { deleted: boolean }; result: { changes: object[] } },
  ): void {
    const { target, result } = output;
    const [entered, exited] = [this.now - step.width, this.now + step.width].map((time) =>
      new Date(time).toISOString(),
    ) as [string, string];
    if (step.source === 'end') {
      const described: DescribedExecution = {
        execution,
        machine: 'link',
        source: 'history',
        status: 'SUCCEEDED',
        started: entered,
        stopped: exited,
        input: JSON.stringify({
          request: { operation: 'unlink', userPoolId: USER_POOL, clientId: id },
          requestedBy: { via: target.deleted ? 'cloudtrail' : 'event' },
        }),
        output: JSON.stringify({
          results: [
            { identityPoolId: POOL, links: ['mobile'], outcome: 'LINKED', changes: result.changes },
          ],
        }),
      };
      this.told.push({ execution, traces: tracesInEnd(described), isKnown: true });
      return;
    }
    const input = JSON.stringify({ target });
    const visit: StateVisit = { state: 'UpdateIdentityPool', input, entered };
    const visits =
      step.source === 'states' ? [{ ...visit, output: JSON.stringify(output), exited }] : [visit];
    const traces = tracesInStates(execution, visits);
    this.told.push({ execution, traces, isKnown: step.source === 'states' });
  }

  /** What a reconcile finds that begins to list at this time. */
  findings(since = this.now): Finding[] {
    return classify({
      pool: {
        IdentityPoolId: POOL,
        IdentityPoolName: 'p',
        AllowUnauthenticatedIdentities: false,
        CognitoIdentityProviders: [...this.entries].map((id) => ({
          ProviderName: PROVIDER,
          ClientId: id,
          ServerSideTokenCheck: false,
        })),
      },
      links,
      ledger: [...this.ledger.values()],
      listed: new Map([[USER_POOL, { tags: {}, issuer: 'original', clients: this.clients }]]),
      existing: new Set([USER_POOL]),
      unlisted: new Set(),
      regions: [],
      partition: 'aws',
      since,
    });
  }

  /** The states that differ from links.yml and do not change any more by waiting, by app client. */
  settled(): Map<string, string> {
    return statesOf(this.findings(this.now + DAY));
  }

  /** What a look shows again of what others have changed. */
  #forget(seen: Map<string, string>, settled: Map<string, string>): void {
    for (const id of this.hidden) {
      // A write at the same time as a change of others and a look may have come before or after each.
      const isClose = this.now - (this.#changedAt.get(id) ?? 0) < 10 * SECOND;
      if (!isClose) this.hidden.delete(id);
    }
    // A reconcile itself may be wrong about what was written less than a minute before.
    for (const id of clientIds) if (seen.get(id) !== settled.get(id)) this.hidden.add(id);
  }

  #reconcile({ repair, isEnd, width }: Extract<Step, { do: 'reconcile' }>): void {
    const execution = arnOf('reconcile', ++this.#sequence);
    const findings = this.findings();
    const [seen, settled] = [statesOf(findings), this.settled()];
    this.#forget(seen, settled);
    const made = repair ? repairsOf(findings) : [];
    for (const { intent, provider } of made) {
      const { ClientId = '' } = provider;
      const isLink = intent.operation === 'link';
      if (isLink) this.entries.add(ClientId);
      else this.entries.delete(ClientId);
      const name = this.clients.get(ClientId);
      this.ledger.set(ClientId, {
        state: isLink ? 'linked' : 'unlinked',
        providerName: PROVIDER,
        clientId: ClientId,
        links: ['mobile'],
        execution,
        sequence: this.#sequence,
        time: this.now,
        ...(name !== undefined && { clientName: name }),
      });
    }
    const changes = made.map(({ intent, provider }) => ({
      op: intent.operation === 'link' ? ('add' as const) : ('remove' as const),
      provider,
    }));
    const planned = { identityPoolId: POOL, links: ['mobile'], room: 100_000 };
    const report = poolReport(planned, findings, {
      ...(repair && { repair: { changes, refused: new Map() } }),
    });
    const [entered, exited] = [this.now - width, this.now + width].map((time) =>
      new Date(time).toISOString(),
    ) as [string, string];
    const input = JSON.stringify({ identityPool: planned, repair });
    const output = JSON.stringify({ found: { report } });
    const traces = isEnd
      ? tracesInEnd({
          execution,
          machine: 'reconcile',
          source: 'history',
          status: 'SUCCEEDED',
          started: entered,
          stopped: exited,
          input: '{}',
          output: JSON.stringify({ identityPools: [report] }),
        })
      : tracesInStates(execution, [
          { state: 'ReconcileIdentityPool', input, output, entered, exited },
        ]);
    this.told.push({ execution, traces, isKnown: true });
  }

  do(step: Step): void {
    this.now += step.gap;
    if (step.do === 'reconcile') this.#reconcile(step);
    else if (step.do === 'undo') this.#undo(step);
    else if (step.do === 'delete') this.#delete(step);
    else if (step.do === 'link' || step.do === 'unlink') {
      const isAllowed = isCovered(step.id) && (step.do === 'unlink' || this.clients.has(step.id));
      if (isAllowed) this.#write(step.id, step.do === 'link' ? 'add' : 'remove', step);
    } else this.#byOthers(step);
  }

  /** What no request to Poolbridge has done. */
  #byOthers({ do: what, id }: { do: string; id: string }): void {
    if (what === 'create') {
      const isUsed = this.clients.has(id) || this.entries.has(id) || this.ledger.has(id);
      if (isUsed) return;
      this.clients.set(id, NAMES.get(id) ?? '');
    } else if (what === 'foreign add') this.entries.add(id);
    else this.entries.delete(id);
    this.hidden.add(id);
    this.#changedAt.set(id, this.now);
  }

  #undo(step: Extract<Step, { do: 'undo' }>): void {
    const undone = this.#undoable;
    if (!undone) return;
    const { id, op, execution } = undone;
    if (op === 'remove' && !this.clients.has(id)) return;
    this.#write(id, op === 'add' ? 'remove' : 'add', step, { undoes: execution });
  }

  #delete(step: Extract<Step, { do: 'delete' }>): void {
    const { id, isTold } = step;
    if (!this.clients.delete(id)) return;
    if (isTold && isCovered(id)) {
      this.#write(id, 'remove', step, { deleted: true, clientName: NAMES.get(id) });
    } else this.hidden.add(id);
  }

  /** The identity pool by its records, read as the command and the console read them. */
  byRecords(): PoolNow | undefined {
    const looks = this.told.flatMap(({ traces }) => traces.looks);
    const writes = this.told.flatMap(({ traces }) => traces.writes);
    const inDoubt = new Set(this.told.flatMap(({ traces }) => traces.inDoubt));
    const known = new Set(this.told.flatMap((each) => (each.isKnown ? [each.execution] : [])));
    const needsLedger = inDoubt.size > 0 || conflicting(writes).length > 0;
    const inLedger = needsLedger ? tracesInLedger(POOL, this.ledger.values()) : [];
    return poolsNow(
      looks,
      withLedgers(writes, inLedger, (each) => known.has(each)),
      inDoubt,
    )[0];
  }
}

const statesOf = (findings: Finding[]): Map<string, string> =>
  new Map(
    findings
      .filter(({ state }) => state !== 'linked' && state !== 'foreign')
      .map(({ state, provider: { ClientId = '' } }) => [ClientId, state]),
  );

const countsOf = (findings: Finding[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { state } of findings) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
};

const timed = {
  gap: fc.constantFrom(1, 4, 90, 600).map((s) => s * SECOND),
  width: fc.constantFrom(1, 3).map((s) => s * SECOND),
};
const id = fc.constantFrom(...clientIds);
const source = fc.constantFrom<Source>('states', 'states', 'end', 'ledger');

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ...timed, do: fc.constant('create' as const), id }) },
  {
    weight: 6,
    arbitrary: fc.record({
      ...timed,
      do: fc.constantFrom('link' as const, 'unlink' as const),
      id,
      source,
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...timed, do: fc.constant('undo' as const), source }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...timed,
      do: fc.constant('delete' as const),
      id,
      isTold: fc.boolean(),
      source,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...timed,
      do: fc.constantFrom('foreign add' as const, 'foreign remove' as const),
      id,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      ...timed,
      do: fc.constant('reconcile' as const),
      repair: fc.boolean(),
      isEnd: fc.boolean(),
    }),
  },
);

const look = {
  gap: 600 * SECOND,
  width: SECOND,
  do: 'reconcile' as const,
  repair: false,
  isEnd: false,
};

describe('an identity pool by its records', () => {
  test('is as the history has left it, for what only requests have changed since the last look', () => {
    fc.assert(
      fc.property(
        fc.array(steps, { maxLength: 6 }),
        fc.array(steps, { maxLength: 10 }),
        (before, after) => {
          const place = new Place();
          for (const step of [...before, look, ...after]) place.do(step);
          const found = place.byRecords();
          assert.ok(found && 'counts' in found);
          // What may still turn out to be another is marked so.
          const open = new Set(
            found.entries.flatMap((each) => (each.recent ? [each.clientId] : [])),
          );
          const isOpen = ([clientId]: [string, string]): boolean =>
            !place.hidden.has(clientId) && !open.has(clientId);
          const shown = found.entries.map(({ clientId, state }): [string, string] => [
            clientId,
            state,
          ]);
          assert.deepEqual(
            new Map(shown.filter(isOpen).sort()),
            new Map([...place.settled()].filter(isOpen).sort()),
          );
          if (found.isAbout || place.hidden.size > 0 || open.size > 0) return;
          const counts = Object.entries(found.counts).filter(([, count]) => count !== 0);
          assert.deepEqual(Object.fromEntries(counts), countsOf(place.findings(place.now + DAY)));
        },
      ),
      { numRuns: 2000 },
    );
  });

  const counts = {
    linked: 1,
    missing: 1,
    orphaned: 1,
    foreign: 0,
    removed: 1,
    uncovered: 0,
    changed: 0,
  };
  const entry = (state: EntryState, repair?: 'link' | 'unlink', providerName = PROVIDER) => ({
    state,
    providerName,
    clientId: state,
    ...(repair && { repair }),
  });
  const entries = [entry('removed'), entry('orphaned', 'unlink'), entry('missing', 'link')];
  const lookAt = (minute: number, more: Partial<PoolReport> = {}): Look => ({
    execution: `reconcile ${minute}`,
    from: minute * 60 * SECOND,
    until: minute * 60 * SECOND + SECOND,
    found: { identityPoolId: POOL, links: ['mobile'], counts, entries, ...more },
  });
  const write = (clientId: string, op: EntryWrite['op'], minute: number): EntryWrite => ({
    execution: `link ${minute}`,
    identityPoolId: POOL,
    providerName: PROVIDER,
    clientId,
    op,
    isWanted: false,
    from: minute * 60 * SECOND,
    until: minute * 60 * SECOND + SECOND,
  });
  const shown = (looks: Look[], writes: EntryWrite[] = []) => {
    const [pool, ...more] = poolsNow(looks, writes);
    assert.deepEqual(more, []);
    assert.ok(pool && 'counts' in pool);
    return { ...pool, states: pool.entries.map(({ state }) => state) };
  };

  test('is what the newest report leaves after its repairs', () => {
    const repaired = lookAt(2, { repaired: { linked: 1, unlinked: 1 } });
    const pool = shown([repaired, lookAt(1)]);
    assert.equal(pool.lookedBy, 'reconcile 2');
    assert.deepEqual(pool.states, ['removed']);
    assert.deepEqual(pool.counts, { ...counts, linked: 2, missing: 0, orphaned: 0 });
  });

  test('counts the repairs for which a report has no room', () => {
    const many = lookAt(1, {
      counts: { ...counts, missing: 5 },
      omitted: 4,
      repaired: { linked: 4, unlinked: 1 },
    });
    const pool = shown([many]);
    assert.deepEqual(pool.counts, { ...counts, linked: 5, missing: 1, orphaned: 0 });
    assert.equal(pool.omitted, 1);
  });

  test('counts the restores for which a report has no room', () => {
    const many = lookAt(1, {
      counts: { ...counts, removed: counts.removed + 3 },
      omitted: 3,
      restored: 3,
      repaired: { linked: 4, unlinked: 1 },
    });
    const pool = shown([many]);
    assert.deepEqual(pool.counts, { ...counts, linked: 5, missing: 0, orphaned: 0 });
    assert.equal(pool.omitted, undefined);
  });

  test('keeps what a repair has refused', () => {
    const refused = { ...entry('missing', 'link'), refused: 'ProviderQuotaError' };
    const found = { entries: [refused], repaired: { linked: 0, unlinked: 0 } };
    assert.deepEqual(shown([lookAt(1, found)]).states, ['missing']);
  });

  test('has both entries of an app client under the two names of its user pool', () => {
    const both = [entry('missing', 'link'), entry('missing', 'link', `issuer-${PROVIDER}`)];
    const found = lookAt(1, { counts: { ...counts, missing: 2 }, entries: both });
    const linked = shown([found], [write('missing', 'add', 2)]);
    assert.deepEqual(linked.states, ['missing']);
    const deleted = shown([found], [write('missing', 'gone', 2)]);
    assert.deepEqual([deleted.states, deleted.counts.missing], [[], 0]);
  });

  test('says how many entries were linked and unlinked since the report', () => {
    const pool = shown(
      [lookAt(2)],
      [
        write('missing', 'add', 1),
        write('orphaned', 'remove', 3),
        write('removed', 'add', 4),
        write('new', 'add', 5),
        { ...write('other', 'add', 6), identityPoolId: 'another' },
      ],
    );
    assert.deepEqual(pool.since, { linked: 2, unlinked: 1 });
    assert.deepEqual(pool.states, ['missing']);
    assert.deepEqual(pool.counts, { ...counts, linked: 3, orphaned: 0, removed: 0 });
  });

  test('does not count again what was written while the pool was read, and says so', () => {
    const during = { ...write('new', 'add', 2), from: 119 * SECOND };
    const pool = shown([lookAt(2)], [during]);
    assert.deepEqual([pool.counts.linked, pool.isAbout], [1, true]);
    // A listed entry shows that the look came first.
    const listed = shown([lookAt(2)], [{ ...during, clientId: 'missing' }]);
    assert.deepEqual([listed.counts.linked, listed.isAbout], [2, undefined]);
  });

  test('does not count again what the reconcile itself has repaired', () => {
    const repaired = lookAt(2, { repaired: { linked: 1, unlinked: 1 } });
    const own = { ...write('new', 'add', 2), execution: 'reconcile 2', isLast: true as const };
    const pool = shown([repaired], [own]);
    assert.deepEqual([pool.counts.linked, pool.isAbout], [2, undefined]);
  });

  test('says what a request has unlinked, or keeps away once others had removed it', () => {
    const of = (writes: EntryWrite[]) =>
      shown([lookAt(1)], writes).entries.map(({ state, unlinked }) => [state, unlinked]);
    const others = [
      ['orphaned', undefined],
      ['missing', undefined],
    ];
    assert.deepEqual(of([]), [['removed', undefined], ...others]);
    for (const clientId of ['removed', '*']) {
      assert.deepEqual(of([write(clientId, 'settle', 2)]), [['removed', true], ...others]);
    }
    // The ledger has it as a removal.
    const kept = { ...write('removed', 'remove', 2), isWanted: true };
    assert.deepEqual(of([kept]), [['removed', true], ...others]);
    const unlinked = { ...write('new', 'remove', 2), isWanted: true };
    assert.deepEqual(of([unlinked]).at(-1), ['removed', true]);
    const again = [write('removed', 'settle', 2), write('removed', 'add', 3)];
    assert.deepEqual(of(again), others);
  });

  test('no longer says who removed what a request keeps away, nor that it would be repaired', () => {
    const removedBy = { principalArn: 'arn:aws:iam::2:user/eve', time: '', eventId: 'e' };
    const removed = { ...entry('removed', 'link'), removedBy };
    const { entries: now } = shown(
      [lookAt(1, { entries: [removed] })],
      [write('removed', 'settle', 2)],
    );
    assert.deepEqual(now, [{ ...entry('removed'), unlinked: true }]);
  });

  test('of a user pool that was deleted has nothing missing', () => {
    const pool = shown([lookAt(1)], [write('*', 'gone', 2)]);
    assert.deepEqual(pool.states, ['orphaned']);
  });

  test('that could not be read has its failure alone', () => {
    const failure = { error: 'TargetAccessDeniedError', message: 'Deploy the template.' };
    const failed = { ...lookAt(2), found: { identityPoolId: POOL, links: ['mobile'], failure } };
    const [pool] = poolsNow([lookAt(1), failed], [write('missing', 'add', 3)]);
    assert.ok(pool && !('counts' in pool));
    assert.deepEqual(pool.failure, failure);
  });
});
