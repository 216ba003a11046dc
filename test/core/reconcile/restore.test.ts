import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Link } from '../../../core/links/links.ts';
import { classify, type Evidence, type Finding } from '../../../core/reconcile/classify.ts';
import { poolReport } from '../../../core/reconcile/pool-report.ts';
import { entryRemoved, removedEntries, withRestored } from '../../../core/reconcile/removed.ts';
import { isBraked, isMade, type Restore, restoreOf } from '../../../core/reconcile/restore.ts';
import type { LedgerEntry } from '../../../core/write/records.ts';

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const ROLE = 'arn:aws:iam::222222222222:role/poolbridge-link';
const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-prod-reconcile:x';
const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const provider = {
  ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A',
  ClientId: 'ours',
};

const linked: LedgerEntry = {
  state: 'linked',
  providerName: provider.ProviderName,
  clientId: 'ours',
  links: ['one'],
  execution: 'person-0',
  sequence: 1,
  time: NOW,
};

/** One entry between others who remove it, reconciles that restore it, and persons. */
class Entry {
  now = NOW;
  ledger = linked;
  isThere = true;
  note: Restore | undefined;
  /** When restores were made, and when they were noted and not withdrawn, since a person linked it last. */
  made: number[] = [];
  counted: number[] = [];
  #writes = 1;
  #executions = 0;

  #write(execution: string): void {
    const sequence = ++this.#writes;
    this.ledger = { ...this.ledger, state: 'linked', execution, sequence, time: this.now };
    this.isThere = true;
  }

  link(): void {
    if (this.isThere) return;
    this.#write(`person-${++this.#executions}`);
    this.made = [];
    this.counted = [];
  }

  /** Others remove it. */
  remove(): void {
    this.isThere = false;
  }

  unlink(): void {
    this.isThere = false;
    this.ledger = { ...this.ledger, state: 'unlinked', execution: 'person', time: this.now };
  }

  get isBraked(): boolean {
    return isBraked(this.note, this.ledger);
  }

  /** @param ends how each attempt of the execution ends, until one is not cut off. */
  reconcile(ends: readonly ('made' | 'refused' | 'cut off' | 'made, then cut off')[]): void {
    const execution = `reconcile-${++this.#executions}`;
    for (const [attempt, end] of ends.entries()) {
      if (this.isThere || this.ledger.state === 'unlinked' || this.isBraked) return;
      const last = this.note;
      this.note = restoreOf(last, this.ledger, { execution, now: this.now });
      if (attempt === 0) this.counted.push(this.now);
      if (end.startsWith('made')) {
        this.#write(execution);
        this.made.push(this.now);
        assert.ok(isMade(this.note, this.ledger));
      } else {
        assert.ok(!isMade(this.note, this.ledger));
      }
      if (end === 'refused') {
        this.note = last;
        if (attempt === 0) this.counted.pop();
      }
      if (!end.endsWith('cut off')) return;
    }
  }
}

const attempt = fc.constantFrom(...(['made', 'refused', 'cut off', 'made, then cut off'] as const));

/** What happens between two reconciles, and how the second one ends. */
const rounds = fc.array(
  fc.record({
    minutes: fc.constantFrom(1, 10, 20, 29, 31, 45),
    isRemoved: fc.constantFrom(true, true, true, false),
    person: fc.option(fc.constantFrom('link' as const, 'unlink' as const), {
      freq: 5,
      nil: undefined,
    }),
    ends: fc.oneof(
      { weight: 4, arbitrary: fc.constant(['made' as const]) },
      { weight: 1, arbitrary: fc.array(attempt, { minLength: 1, maxLength: 3 }) },
    ),
  }),
  { maxLength: 20 },
);

const always = (holds: (entry: Entry) => void) =>
  fc.assert(
    fc.property(rounds, (story) => {
      const entry = new Entry();
      for (const { minutes, isRemoved, person, ends } of story) {
        entry.now += minutes * MINUTE;
        if (isRemoved) entry.remove();
        if (person) entry[person]();
        if (person === 'link') entry.remove();
        entry.reconcile(ends);
        holds(entry);
      }
    }),
    { numRuns: 1000 },
  );

describe('an entry that others remove again and again', () => {
  test('is never restored more than three times within an hour without a person', () => {
    always(({ made }) => {
      const [first = 0, , , fourth] = made.slice(-4);
      assert.ok(fourth === undefined || fourth - first > HOUR);
    });
  });

  test('is left to a person only after three restores within an hour that were begun', () => {
    always((entry) => {
      if (!entry.isBraked) return;
      const [first = 0, , third] = entry.counted.slice(-3);
      assert.ok(third !== undefined && third - first <= HOUR);
    });
  });

  test('is left to a person for as long as none has linked it', () => {
    const entry = new Entry();
    const war = () => {
      for (let i = 0; i < 6; i++) {
        entry.now += MINUTE;
        entry.remove();
        entry.reconcile(['made']);
      }
    };
    war();
    assert.deepEqual([entry.made.length, entry.isThere, entry.isBraked], [3, false, true]);
    entry.now += 1000 * HOUR;
    entry.reconcile(['made']);
    assert.ok(!entry.isThere);
    entry.link();
    assert.ok(!entry.isBraked);
    war();
    assert.deepEqual([entry.made.length, entry.isThere, entry.isBraked], [3, false, true]);
  });

  test('counts as restored if the write was cut off, and once for all attempts of an execution', () => {
    const entry = new Entry();
    entry.remove();
    entry.reconcile(['cut off', 'cut off', 'cut off']);
    assert.equal(entry.note!.times.length, 1);
    entry.reconcile(['refused']);
    assert.equal(entry.note!.times.length, 1);
    entry.reconcile(['cut off']);
    assert.ok(!entry.isBraked);
    entry.reconcile(['cut off']);
    assert.ok(entry.isBraked);
  });
});

describe('what is found about an entry that others removed', () => {
  const link = (onRemoved?: Link['onRemoved']): Link => ({
    userPools: ['us-east-1_A'],
    clients: ['*'],
    identityPool: POOL,
    roleArn: ROLE,
    serverSideTokenCheck: true,
    providerQuota: 50,
    onDelete: 'keep',
    roleMapping: 'token',
    principalTags: 'default',
    ...(onRemoved && { onRemoved }),
  });

  const evidence = (more: Partial<Evidence> = {}): Evidence => ({
    partition: 'aws',
    since: NOW + HOUR,
    regions: [],
    existing: new Set(['us-east-1_A']),
    unlisted: new Set(),
    links: { one: link('restore') },
    listed: new Map([['us-east-1_A', { tags: {}, clients: new Map([['ours', 'app']]) }]]),
    pool: { IdentityPoolId: POOL, IdentityPoolName: 'p', AllowUnauthenticatedIdentities: false },
    ledger: [linked],
    ...more,
  });

  const found = (more?: Partial<Evidence>): Finding => {
    const [finding, ...others] = classify(evidence(more));
    assert.deepEqual(others, []);
    return finding!;
  };

  const note: Restore = {
    providerName: linked.providerName,
    clientId: 'ours',
    times: [NOW, NOW + 1, NOW + 2],
    execution: linked.execution,
    replaces: { execution: 'earlier', sequence: 0, time: NOW - 1 },
  };
  const key = `${provider.ProviderName} ours`;
  const restores = new Map([[key, note]]);

  test('is a repair with all that its link asks for, if the link says restore', () => {
    const { state, repair, lost, braked } = found();
    assert.deepEqual([state, lost, braked], ['removed', linked, undefined]);
    assert.deepEqual(repair, {
      operation: 'link',
      providerName: provider.ProviderName,
      clientId: 'ours',
      serverSideTokenCheck: true,
      roleMapping: { Type: 'Token', AmbiguousRoleResolution: 'Deny' },
      principalTags: { UseDefaults: true, PrincipalTags: {} },
    });
    for (const onRemoved of [undefined, 'tell' as const]) {
      const told = found({ links: { one: link(onRemoved) }, restores });
      assert.deepEqual([told.lost, told.repair, told.braked], [linked, undefined, undefined]);
    }
  });

  test('is no repair if a person unlinked it, if its link requires approval, or after three restores', () => {
    assert.equal(found({ ledger: [{ ...linked, state: 'unlinked' }] }).repair, undefined);
    const approving = found({ links: { one: { ...link('restore'), approval: 'required' } } });
    assert.deepEqual([approving.repair, approving.needsApproval], [undefined, true]);
    // An unlink without a change asks no one to approve it, so it agrees to nothing.
    assert.deepEqual([approving.staysOpen, found({}).staysOpen], [true, undefined]);
    const braked = found({ restores });
    assert.deepEqual([braked.repair, braked.braked], [undefined, true]);
    const byPerson = { ...linked, execution: 'person' };
    assert.ok(found({ restores, ledger: [byPerson] }).repair);
  });

  const planned = { identityPoolId: POOL, links: ['one'], room: 10_000 };
  const told = (finding: Finding, refused?: Parameters<typeof removedEntries>[1]) => {
    const [entry, ...others] = removedEntries([finding], refused);
    assert.deepEqual(others, []);
    const looked = { updates: [], hindered: 'it is not allowed' };
    const at = { executionArn: EXECUTION, identityPoolId: POOL };
    return entryRemoved(entry!, at, { roleArn: ROLE, looked });
  };

  test('is reported and told as restored, also if an earlier attempt has restored it', () => {
    const restored = { ...note, execution: EXECUTION, replaces: linked };
    const again = { ...linked, execution: EXECUTION, sequence: 2 };
    const pool = { ...evidence().pool, CognitoIdentityProviders: [provider] };
    for (const finding of [found(), found({ pool, ledger: [again] })]) {
      const [ended] = withRestored([finding], [restored]);
      const report = poolReport(planned, [ended!]);
      assert.deepEqual([report.removedByOthers, report.restored, report.braked], [1, 1, undefined]);
      const { message, linkedBy, ...event } = told(ended!);
      assert.deepEqual([event.restored, event.repair], [true, undefined]);
      assert.equal(linkedBy.executionArn, linked.execution);
      assert.match(message, /Poolbridge has linked it again\. If a tool owns that pool, make it/);
      assert.ok(!message.includes('npx poolbridge link'));
    }
    const [entry] = poolReport(planned, withRestored([found()], [restored])).entries;
    assert.deepEqual([entry?.state, entry?.repair, entry?.restored], ['removed', 'link', true]);
  });

  test('is reported and told as left to a person once it was restored too often', () => {
    const report = poolReport(planned, [found({ restores })]);
    assert.deepEqual([report.removedByOthers, report.restored, report.braked], [1, undefined, 1]);
    assert.deepEqual([report.entries[0]?.braked, report.entries[0]?.repair], [true, undefined]);
    const { braked, message } = told(found({ restores }));
    assert.equal(braked, true);
    assert.match(
      message,
      /three times within an hour, and has stopped.*Then link it again: npx poolbridge link --user-pool us-east-1_A --client ours --stage prod --region us-east-1$/,
    );
  });

  test('is told as due for the next repair, or as refused', () => {
    const { repair, message } = told(found());
    assert.equal(repair, 'link');
    assert.match(message, /The next reconcile with repair links it again\./);
    const refused = told(found(), new Map([[key, { refused: 'The identity pool is full.' }]]));
    assert.equal(refused.refused, 'ProviderQuotaError');
    assert.match(refused.message, /Poolbridge can't link it again \(ProviderQuotaError\)/);
  });
});
