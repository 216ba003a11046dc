import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { apply } from '../../../core/identity-pool/changes.ts';
import {
  entriesOf,
  entryKey,
  type IdentityPool,
  type Provider,
} from '../../../core/identity-pool/identity-pool.ts';
import { coverageOf } from '../../../core/links/coverage.ts';
import type { Link, Links } from '../../../core/links/links.ts';
import {
  classify,
  type Evidence,
  repairsOf,
  stillHolds,
} from '../../../core/reconcile/classify.ts';
import { poolReport } from '../../../core/reconcile/pool-report.ts';
import { recheckedIn } from '../../../core/reconcile/report.ts';
import { issuerIn, originalName } from '../../../core/user-pool.ts';
import { batch } from '../../../core/write/batch.ts';
import { EVERY_CLIENT, type LedgerEntry } from '../../../core/write/records.ts';
import { linkOf, POOL } from '../link-of.ts';

const NOW = 1_800_000_000_000;

const { userPools: _, ...anyLink } = linkOf();
const link = (more: Partial<Link> = {}): Link => ({ ...anyLink, ...more });

const providerName = (userPoolId: string, isUpdated = false) =>
  `${isUpdated ? 'issuer-' : ''}cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;

// Few of everything, so that they overlap. `us-east-1_D` is in no list and in no link.
const userPoolIds = ['us-east-1_A', 'us-east-1_B', 'us-east-1_C', 'us-east-1_D'];
const clientIds = ['a', 'b', 'c'];

const links: fc.Arbitrary<Links> = fc.dictionary(
  fc.constantFrom('one', 'two', 'three'),
  fc
    .record({
      userPools: fc.subarray(userPoolIds.slice(0, 3)),
      clients: fc.subarray(['a*', '*'], { minLength: 1 }),
      byTags: fc.boolean(),
      serverSideTokenCheck: fc.boolean(),
      onDelete: fc.constantFrom('unlink' as const, 'keep' as const),
      onRemoved: fc.constantFrom('tell' as const, 'restore' as const),
      issuer: fc.constantFrom(undefined, 'original' as const, 'updated' as const, 'both' as const),
    })
    .map(({ byTags, issuer, ...rest }) => {
      const choice = issuer ? { issuer } : {};
      return link({ ...rest, ...choice, ...(byTags && { userPoolTags: { team: 'x' } }) });
    }),
  { noNullPrototype: true },
);

const listed = fc
  .dictionary(
    fc.constantFrom(...userPoolIds.slice(0, 3)),
    fc
      .record({
        tags: fc.constantFrom<Record<string, string>>({}, { team: 'x' }),
        issuer: fc.constantFrom(undefined, 'original' as const, 'updated' as const),
        clients: fc
          .subarray(clientIds)
          .map((ids) => new Map(ids.map((id) => [id, `${id}-name`] as const))),
      })
      .map(({ issuer, ...rest }) => ({ ...rest, ...(issuer && { issuer }) })),
    { noNullPrototype: true },
  )
  .map((all) => new Map(Object.entries(all)));

const someEntry = fc.record({
  userPoolId: fc.constantFrom(...userPoolIds),
  clientId: fc.constantFrom(...clientIds),
  isUpdated: fc.boolean(),
});

const evidences: fc.Arbitrary<Evidence> = fc
  .record({
    links,
    listed,
    entries: fc.uniqueArray(fc.tuple(someEntry, fc.constantFrom(true, false, undefined)), {
      selector: ([{ userPoolId, clientId, isUpdated }]) => `${userPoolId} ${clientId} ${isUpdated}`,
    }),
    ledger: fc.uniqueArray(
      fc.record({
        entry: someEntry,
        state: fc.constantFrom('linked' as const, 'unlinked' as const),
        links: fc.subarray(['one', 'two', 'bygone']),
        age: fc.constantFrom(0, 3_600_000),
      }),
      { selector: ({ entry }) => `${entry.userPoolId} ${entry.clientId} ${entry.isUpdated}` },
    ),
    regions: fc.subarray(['us-east-1']),
    others: fc.subarray(userPoolIds),
    unlisted: fc.subarray(userPoolIds),
  })
  .map(({ entries, ledger, listed: lists, others, unlisted, ...rest }) => ({
    ...rest,
    listed: lists,
    partition: 'aws',
    since: NOW,
    existing: new Set([...lists.keys(), ...others]),
    unlisted: new Set(unlisted.filter((id) => !lists.has(id))),
    pool: {
      IdentityPoolId: POOL,
      IdentityPoolName: 'p',
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: entries.map(
        ([{ userPoolId, clientId, isUpdated }, flag]): Provider => ({
          ProviderName: providerName(userPoolId, isUpdated),
          ClientId: clientId,
          ...(flag !== undefined && { ServerSideTokenCheck: flag }),
        }),
      ),
    },
    ledger: ledger.map(
      ({ entry, state, links: names, age }): LedgerEntry => ({
        state,
        providerName: providerName(entry.userPoolId, entry.isUpdated),
        clientId: entry.clientId,
        links: names,
        execution: 'e',
        sequence: 1,
        time: NOW - age,
      }),
    ),
  }));

const ledgerOf = ({ ledger }: Evidence, { ProviderName, ClientId }: Provider) =>
  ledger.find((each) => each.providerName === ProviderName && each.clientId === ClientId);

const poolIdOf = ({ ProviderName }: Provider) => ProviderName!.split('/')[1]!;

/** The client of an entry as the links cover it; nothing if they do not, or if it is deleted. */
const coverageIn = ({ links: all, listed: lists }: Evidence, entry: Provider) => {
  const userPoolId = poolIdOf(entry);
  const list = lists.get(userPoolId);
  const clientName = list?.clients.get(entry.ClientId!);
  if (!list || clientName === undefined) return undefined;
  return coverageOf(all, { userPoolId, tags: list.tags, clientName })[0];
};

/** Whether the links require an entry under this name of its user pool. */
const isAskedFor = (evidence: Evidence, entry: Provider): boolean => {
  const coverage = coverageIn(evidence, entry);
  if (!coverage) return false;
  const { issuer } = evidence.listed.get(poolIdOf(entry))!;
  const choice = coverage.issuer ?? (issuer === 'updated' ? 'both' : 'original');
  return choice === 'both' || choice === issuerIn(entry.ProviderName!);
};

const repaired = (evidence: Evidence, quota = 1000): IdentityPool => {
  const asked = repairsOf(classify(evidence)).map(({ intent }, i) => ({
    key: `${i}`,
    intent,
    execution: '',
  }));
  return batch(evidence.pool, asked, quota).wanted;
};

const always = (property: (evidence: Evidence) => void) =>
  fc.assert(fc.property(evidences, property), { numRuns: 1000 });

describe('what is found in an identity pool', () => {
  test('is every existing and every missing entry, once', () => {
    always((evidence) => {
      const found = classify(evidence).map(({ provider }) => entryKey(provider));
      assert.equal(new Set(found).size, found.length);
      for (const entry of entriesOf(evidence.pool)) assert.ok(found.includes(entryKey(entry)));
    });
  });

  /** The expected state of an entry. */
  const possible = (evidence: Evidence, provider: Provider): string[] => {
    const there = entriesOf(evidence.pool).find((each) => entryKey(each) === entryKey(provider));
    const coverage = coverageIn(evidence, provider);
    if (!there) return [ledgerOf(evidence, provider) ? 'removed' : 'missing'];
    if (!coverage) return ['foreign', 'orphaned', 'uncovered', 'linked'];
    if (!isAskedFor(evidence, provider)) return ['uncovered', 'linked'];
    const same = (there.ServerSideTokenCheck ?? false) === coverage.entry.serverSideTokenCheck;
    return [same ? 'linked' : 'changed'];
  };

  test('is linked or changed if a link covers it and it exists, and missing or removed if it does not', () => {
    always((evidence) => {
      for (const { state, provider, lost, recent } of classify(evidence)) {
        assert.ok(possible(evidence, provider).includes(state), state);
        // Removed by others, without a request.
        const ours = ledgerOf(evidence, provider)?.state === 'linked';
        assert.equal(lost !== undefined, state === 'removed' && ours && !recent);
        const wanted = state === 'missing' || state === 'removed';
        assert.ok(!wanted || isAskedFor(evidence, provider));
      }
    });
  });

  test('is uncovered under a name that its links do not require, if it is ours and older than the lists', () => {
    always((evidence) => {
      for (const { state, provider } of classify(evidence)) {
        const coverage = coverageIn(evidence, provider);
        if (!coverage || isAskedFor(evidence, provider)) continue;
        const ours = ledgerOf(evidence, provider);
        const isSure =
          (coverage.issuer ?? evidence.listed.get(poolIdOf(provider))!.issuer) !== undefined;
        const isLeft = isSure && ours?.state === 'linked' && ours.time < NOW;
        assert.equal(state, isLeft ? 'uncovered' : 'linked');
      }
    });
  });

  test('is foreign only if the ledger does not have it as linked, and ours only if it does', () => {
    always((evidence) => {
      for (const { state, provider } of classify(evidence)) {
        const ours = ledgerOf(evidence, provider)?.state === 'linked';
        if (state === 'foreign') assert.ok(!ours);
        if (state === 'orphaned' || state === 'uncovered') assert.ok(ours);
      }
    });
  });

  test('is linked or foreign if the user pool could not be listed', () => {
    always((evidence) => {
      for (const { state, provider } of classify(evidence)) {
        if (!evidence.unlisted.has(poolIdOf(provider))) continue;
        const ours = ledgerOf(evidence, provider)?.state === 'linked';
        assert.equal(state, ours ? 'linked' : 'foreign');
      }
    });
  });

  test('is orphaned only if the client is in no list, and every list is newer than the entry', () => {
    always((evidence) => {
      for (const { state, provider } of classify(evidence)) {
        if (state !== 'orphaned') continue;
        const userPoolId = poolIdOf(provider);
        const list = evidence.listed.get(userPoolId);
        assert.ok(
          list ? !list.clients.has(provider.ClientId!) : !evidence.existing.has(userPoolId),
        );
        assert.ok(ledgerOf(evidence, provider)!.time < NOW);
      }
    });
  });
});

describe('a repair', () => {
  test('adds what links cover, removes our entries of deleted clients, and changes nothing else', () => {
    always((evidence) => {
      const keyed = (pool: IdentityPool) => new Map(entriesOf(pool).map((e) => [entryKey(e), e]));
      const [was, is] = [keyed(evidence.pool), keyed(repaired(evidence))];
      for (const [key, entry] of was) {
        if (is.has(key)) assert.deepEqual(is.get(key), entry);
        else assert.equal(ledgerOf(evidence, entry)?.state, 'linked');
        assert.ok(is.has(key) || !coverageIn(evidence, entry));
      }
      for (const entry of [...is].flatMap(([key, each]) => (was.has(key) ? [] : each))) {
        const { serverSideTokenCheck } = coverageIn(evidence, entry)!.entry;
        assert.equal(entry.ServerSideTokenCheck, serverSideTokenCheck);
        assert.ok(isAskedFor(evidence, entry));
        // What others removed is added only if all links say so, and what a person unlinked is not.
        const before = ledgerOf(evidence, entry);
        if (!before) continue;
        assert.equal(before.state, 'linked');
        const { links: names } = coverageIn(evidence, entry)!;
        assert.ok(names.every((name) => evidence.links[name]!.onRemoved === 'restore'));
      }
    });
  });

  test('leaves nothing missing, and nothing to repair', () => {
    always((evidence) => {
      const again = { ...evidence, pool: repaired(evidence) };
      assert.deepEqual(repairsOf(classify(again)), []);
      assert.ok(classify(again).every(({ state }) => state !== 'missing'));
    });
  });

  test('keeps orphaned entries if any link that covers their user pool says keep', () => {
    always((evidence) => {
      for (const { provider, intent, links: names } of repairsOf(classify(evidence))) {
        if (intent.operation === 'link') continue;
        const userPoolId = poolIdOf(provider);
        const { tags = {} } = evidence.listed.get(userPoolId) ?? {};
        const covering = coverageOf(evidence.links, { userPoolId, tags });
        const all = [...names, ...covering.flatMap((coverage) => coverage.links)];
        assert.ok(names.length > 0);
        assert.ok(all.every((name) => evidence.links[name]!.onDelete === 'unlink'));
      }
    });
  });

  test('is dropped once the ledger has an earlier write by another execution', () => {
    always((evidence) => {
      for (const { intent, provider, lost } of repairsOf(classify(evidence))) {
        assert.ok(stillHolds(intent, evidence.ledger, lost));
        const state = intent.operation === 'link' ? 'linked' : 'unlinked';
        const entry = { ...ledgerOf(evidence, provider), state, execution: 'f' } as LedgerEntry;
        const now = { ...entry, providerName: intent.providerName, clientId: intent.clientId! };
        assert.ok(!stillHolds(intent, [now], lost));
        if (!lost) continue;
        assert.ok(!stillHolds(intent, [{ ...lost, state: 'unlinked' }], lost));
        assert.ok(!stillHolds(intent, [{ ...lost, sequence: lost.sequence + 1 }], lost));
        assert.ok(!stillHolds(intent, [], lost));
      }
    });
  });

  test('links nothing of a user pool that is marked as deleted, though it is still in a list', () => {
    always((evidence) => {
      for (const { intent, provider, lost } of repairsOf(classify(evidence))) {
        if (intent.operation === 'unlink') continue;
        const tombstone: LedgerEntry = {
          state: 'unlinked',
          providerName: originalName(intent.providerName),
          clientId: EVERY_CLIENT,
          deleted: true,
          links: [],
          execution: 'e',
          sequence: 2,
          time: NOW,
        };
        const ledger = [...evidence.ledger, tombstone];
        assert.ok(!stillHolds(intent, ledger, lost));
        const found = classify({ ...evidence, ledger });
        assert.ok(found.every((each) => entryKey(each.provider) !== entryKey(provider)));
      }
    });
  });

  test('leaves links that require approval to a person', () => {
    always((evidence) => {
      const links = Object.fromEntries(
        Object.entries(evidence.links).map(([name, each]) => [
          name,
          name === 'one' ? { ...each, approval: 'required' as const } : each,
        ]),
      );
      const findings = classify({ ...evidence, links });
      const asked = findings.filter((each) => each.links.includes('one'));
      assert.ok(asked.every(({ repair }) => repair === undefined));
      const others = repairsOf(classify(evidence)).filter((each) => !each.links.includes('one'));
      assert.equal(repairsOf(findings).length, others.length);
      const left = repairsOf(classify(evidence)).length - others.length;
      assert.equal(findings.filter(({ needsApproval }) => needsApproval).length, left);
    });
  });

  test('shows what was unlinked or linked within the last minute as recent, and does not repair it', () => {
    const found = (state: 'linked' | 'unlinked', time: number, isThere: boolean) => {
      const provider = { ProviderName: providerName('us-east-1_A'), ClientId: 'a' };
      const entry = { clientId: 'a', links: ['one'], execution: 'e', sequence: 1 };
      const CognitoIdentityProviders = isThere ? [provider] : [];
      const evidence: Evidence = {
        partition: 'aws',
        since: NOW,
        regions: [],
        existing: new Set(['us-east-1_A']),
        unlisted: new Set(),
        links: { one: link({ userPools: ['us-east-1_A'] }) },
        listed: new Map([['us-east-1_A', { tags: {}, clients: new Map([['a', 'app']]) }]]),
        pool: {
          IdentityPoolId: POOL,
          IdentityPoolName: 'p',
          AllowUnauthenticatedIdentities: false,
          CognitoIdentityProviders,
        },
        ledger: [{ ...entry, state, time, providerName: provider.ProviderName }],
      };
      const findings = classify(evidence);
      const planned = { identityPoolId: POOL, links: ['one'], room: 1000 };
      const report = poolReport(planned, findings);
      const { entries, omitted } = report;
      assert.equal(omitted, undefined);
      // What was unlinked by request is not repaired later either.
      const isEarly = state === 'linked' && time === NOW && !isThere;
      assert.equal(report.early, isEarly ? 1 : undefined);
      // Only a recheck looks again: others may have removed what was linked within the last minute.
      const isDoubtful = state === 'linked' && time === NOW && !isThere;
      const ended = { identityPools: [report] };
      assert.equal(recheckedIn(ended), undefined);
      assert.deepEqual(recheckedIn({ ...ended, recheck: POOL }), {
        identityPoolId: POOL,
        looksAgain: isDoubtful,
      });
      return findings.map(({ state: is, recent = false, lost, repair }) => {
        assert.equal(entries.length, is === 'linked' ? 0 : 1);
        const isUnlinked = entries[0]?.unlinked === true;
        assert.equal(
          isUnlinked,
          is === 'removed' && state === 'unlinked',
          'says that it was asked for',
        );
        return [is, recent, lost !== undefined, repair !== undefined];
      });
    };
    const before = NOW - 120_000;
    assert.deepEqual(found('unlinked', NOW, false), [['removed', true, false, false]]);
    assert.deepEqual(found('unlinked', before, false), [['removed', false, false, false]]);
    assert.deepEqual(found('linked', NOW, true), [['linked', true, false, false]]);
    assert.deepEqual(found('linked', before, true), [['linked', false, false, false]]);
    assert.deepEqual(found('linked', NOW, false), [['removed', true, false, false]]);
    assert.deepEqual(found('linked', before, false), [['removed', false, true, false]]);
  });

  test('looks again at an entry linked within the last minute whose app client has a name that no link covers', () => {
    const provider = { ProviderName: providerName('us-east-1_A'), ClientId: 'a' };
    const findingOf = (time: number, clients: Map<string, string>) => {
      const [finding] = classify({
        partition: 'aws',
        since: NOW,
        regions: [],
        existing: new Set(['us-east-1_A']),
        unlisted: new Set(),
        links: { one: link({ userPools: ['us-east-1_A'], clients: ['web-*'] }) },
        listed: new Map([['us-east-1_A', { tags: {}, clients }]]),
        pool: {
          IdentityPoolId: POOL,
          IdentityPoolName: 'p',
          AllowUnauthenticatedIdentities: false,
          CognitoIdentityProviders: [provider],
        },
        ledger: [
          {
            state: 'linked',
            providerName: provider.ProviderName,
            clientId: 'a',
            clientName: 'web-1',
            time,
            links: ['one'],
            execution: 'e',
            sequence: 1,
          },
        ],
      });
      return finding;
    };
    const found = (time: number, clients: Map<string, string>) => {
      const finding = findingOf(time, clients);
      return [finding?.state, finding?.unclear === true, finding?.early === true];
    };
    const renamed = new Map([['a', 'batch-1']]);
    assert.deepEqual(found(NOW, renamed), ['linked', true, true]);
    assert.deepEqual(found(NOW - 120_000, renamed), ['uncovered', false, false]);
    // The list is older than the app client.
    assert.deepEqual(found(NOW, new Map()), ['linked', false, true]);
    // By the name that it has now, and only without one by that of the ledger.
    assert.equal(findingOf(NOW - 120_000, renamed)?.clientName, 'batch-1');
    assert.equal(findingOf(NOW, new Map())?.clientName, 'web-1');
  });

  test('removes entries before it adds others', () => {
    const gone = { ProviderName: providerName('us-east-1_A'), ClientId: 'gone' };
    const evidence: Evidence = {
      partition: 'aws',
      since: NOW,
      regions: [],
      existing: new Set(['us-east-1_A']),
      unlisted: new Set(),
      links: { one: link({ userPools: ['us-east-1_A'], onDelete: 'unlink' }) },
      listed: new Map([['us-east-1_A', { tags: {}, clients: new Map([['new', 'new']]) }]]),
      pool: apply(
        { IdentityPoolId: POOL, IdentityPoolName: 'p', AllowUnauthenticatedIdentities: false },
        [{ op: 'add', provider: gone }],
      ),
      ledger: [
        {
          state: 'linked',
          providerName: gone.ProviderName,
          clientId: 'gone',
          time: 1,
          links: ['one'],
          execution: 'e',
          sequence: 1,
        },
      ],
    };
    assert.deepEqual(
      entriesOf(repaired(evidence, 1)).map(({ ClientId }) => ClientId),
      ['new'],
    );
  });
});
