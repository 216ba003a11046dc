import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { shown } from '../../../core/identity-pool/shown-pool.ts';
import {
  EVERY_CLIENT,
  isAnswer,
  isLedgerEntry,
  isPending,
  isWriteRecord,
  isWrittenShares,
  type LedgerEntry,
  ledgerEntriesOf,
  mayBeSettled,
  type Pending,
  settledBy,
  type WriteRecord,
  type WrittenShare,
} from '../../../core/write/records.ts';
import { identityPools, providers } from '../arbitraries.ts';

const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:x';

const pending: Pending = {
  key: 'k-1',
  execution: EXECUTION,
  operation: 'link',
  userPoolId: 'us-east-1_Mobile001',
  clientId: 'a',
};

const share: WrittenShare = {
  key: 'k-1',
  execution: EXECUTION,
  links: ['mobile'],
  clientName: 'web',
  intent: {
    operation: 'link',
    providerName: 'idp/pool',
    clientId: 'a',
    serverSideTokenCheck: false,
  },
  changes: [
    {
      op: 'add',
      provider: { ProviderName: 'idp/pool', ClientId: 'a', ServerSideTokenCheck: true },
    },
  ],
};

const record: WriteRecord = {
  execution: EXECUTION,
  assumedRoleArn: 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/x',
  sequence: 3,
  before: { IdentityPoolId: 'p', IdentityPoolName: 'n', AllowUnauthenticatedIdentities: false },
  after: {
    IdentityPoolId: 'p',
    CognitoIdentityProviders: { count: 200, sha256: 'd' },
    sha256: 'e',
  },
};

const entry = {
  state: 'linked',
  providerName: 'idp/pool',
  clientId: 'a',
  clientName: 'web',
  links: ['mobile'],
  execution: EXECUTION,
  sequence: 3,
  time: 9,
} as const;

type Guard = (value: unknown) => boolean;
const strange = [null, 7, '', true, [], {}, Number.NaN, ['x', 7]];

/** Only the named members may be missing, and none may be of another type. */
function needs(guard: Guard, good: object, optional: string[] = []): void {
  assert.ok(guard(good));
  assert.ok(!guard({ ...good, more: 'x' }), 'more');
  for (const [name, value] of Object.entries(good)) {
    const { [name as keyof typeof good]: _, ...without } = good;
    assert.equal(guard(without), optional.includes(name), `without ${name}`);
    for (const other of strange) {
      const alike = typeof other === typeof value && Array.isArray(other) === Array.isArray(value);
      if (alike && !Number.isNaN(other) && !Array.isArray(other)) continue;
      if (Array.isArray(other) && other.length === 0) continue;
      assert.ok(!guard({ ...good, [name]: other }), `${name}: ${JSON.stringify(other)}`);
    }
  }
  for (const other of [...strange, undefined, [good], JSON.stringify(good)]) {
    assert.ok(!guard(other), JSON.stringify(other));
  }
}

describe('what is read from the table is accepted as', () => {
  test('a waiting request only as this service leaves one', () => {
    needs(isPending, pending, ['clientId']);
    assert.ok(!isPending({ ...pending, operation: 'replace' }));
    assert.ok(!isPending({ ...pending, userPoolId: 'evil.example/_x' }));
    assert.ok(!isPending({ ...pending, clientId: 'x'.repeat(129) }));
    assert.ok(isPending({ ...pending, operation: 'unlink' }));
  });

  test('a waiting request only by its own members', () => {
    assert.ok(!isPending(Object.create(pending)));
    assert.ok(!isPending(JSON.parse(`{"__proto__":${JSON.stringify(pending)}}`)));
  });

  test('the record of a write only as this service keeps one', () => {
    needs(isWriteRecord, record);
  });

  test('the shares of a write only as this service keeps them', () => {
    needs((value) => isWrittenShares([share, value]), share, ['clientName']);
    needs((intent) => isWrittenShares([{ ...share, intent }]), share.intent, ['clientId']);
    const withChange = (change: unknown) => isWrittenShares([{ ...share, changes: [change] }]);
    needs(withChange, share.changes[0]!);
    assert.ok(withChange({ op: 'add', provider: {}, clientIds: ['a'] }));
    needs(withChange, { op: 'remove', provider: {}, clientIds: ['a', 'b'] }, ['clientIds']);
    needs(
      (provider) =>
        withChange({ op: 'add', provider }) && Object.keys(provider as object).length > 0,
      share.changes[0]!.provider,
      ['ProviderName', 'ClientId', 'ServerSideTokenCheck'],
    );
    assert.ok(!withChange({ op: 'replace', provider: {} }));
    assert.ok(!withChange({ op: 'replace', provider: {}, clientIds: [] }));
  });

  test('the pool in such a record only in the form in which pools are shown', () => {
    fc.assert(
      fc.property(identityPools, fc.constantFrom(0, 700, 100_000), (pool, room) => {
        assert.ok(
          isWriteRecord({ ...record, before: JSON.parse(JSON.stringify(shown(pool, room))) }),
        );
      }),
    );
    for (const before of [
      { ...record.before, NewSetting: 1 },
      { ...record.before, IdentityPoolName: [[]] },
      { CognitoIdentityProviders: { count: 'x', sha256: 'd' } },
      { CognitoIdentityProviders: { count: 1 } },
      { sha256: 7 },
    ]) {
      assert.ok(!isWriteRecord({ ...record, before }), JSON.stringify(before));
    }
    assert.ok(isWriteRecord({ ...record, before: {} }));
  });

  test('an answer only if it names a write, or has a sentence that refuses', () => {
    needs(isAnswer, { write: '7-nonce', changes: share.changes });
    assert.ok(isAnswer({ refused: 'The identity pool is full.' }));
    assert.ok(isAnswer({ refused: `The ${'x'.repeat(999)}.` }));
    for (const refused of [
      ...[7, '', 'x', 'the identity pool is full.', 'The identity pool. Is full', 'Is 234567890'],
      `The ${'x'.repeat(1001)}.`,
      '\nThe identity pool is full.',
    ]) {
      assert.ok(!isAnswer({ refused }), String(refused));
    }
    assert.ok(!isAnswer({ write: '7', refused: 'The identity pool is full.' }));
  });

  test('an entry of the ledger only as this service writes one', () => {
    needs(isLedgerEntry, entry, ['clientName']);
    assert.ok(isLedgerEntry({ ...entry, deleted: true }));
    assert.ok(!isLedgerEntry({ ...entry, deleted: 'yes' }));
    assert.ok(isLedgerEntry({ ...entry, state: 'unlinked' }));
    assert.ok(!isLedgerEntry({ ...entry, state: 'lost' }));
  });
});

describe('the ledger', () => {
  test('records every change of a write, for every request', () => {
    fc.assert(
      fc.property(fc.array(providers), fc.nat(), (all, sequence) => {
        const changes = all.map((provider, i) => ({
          op: i % 2 === 0 ? ('add' as const) : ('remove' as const),
          provider,
        }));
        assert.deepEqual(
          ledgerEntriesOf({ ...share, changes }, sequence, 9),
          all.map(({ ProviderName, ClientId }, i) => ({
            state: i % 2 === 0 ? 'linked' : 'unlinked',
            providerName: ProviderName,
            clientId: ClientId,
            clientName: 'web',
            links: ['mobile'],
            execution: EXECUTION,
            sequence,
            time: 9,
          })),
        );
      }),
    );
  });

  test('records every client if changes are shown by user pool', () => {
    const { clientName: _, ...nameless } = share;
    const provider = { ProviderName: 'idp/pool' };
    const changes = [{ op: 'remove' as const, provider, clientIds: ['a', 'b'] }];
    const entries = ledgerEntriesOf({ ...nameless, changes }, 3, 9);
    assert.deepEqual(
      entries.map(({ clientId, state }) => [clientId, state]),
      [
        ['a', 'unlinked'],
        ['b', 'unlinked'],
      ],
    );
    assert.ok(entries.every((each) => !('clientName' in each)));
  });

  test('records deletions, even if there was nothing to unlink', () => {
    const intent = { operation: 'unlink', providerName: 'idp/pool', serverSideTokenCheck: false };
    const told = (clientId: string | undefined, changes: typeof share.changes) =>
      ledgerEntriesOf(
        {
          ...share,
          deleted: true,
          changes,
          intent: { ...intent, ...(clientId && { clientId }) } as typeof share.intent,
        },
        3,
        9,
      ).map((each) => [each.clientId, each.state, each.deleted]);
    const removal = {
      op: 'remove' as const,
      provider: { ProviderName: 'idp/pool', ClientId: 'a' },
    };
    assert.deepEqual(told('a', []), [['a', 'unlinked', true]]);
    assert.deepEqual(told('a', [removal]), [['a', 'unlinked', true]]);
    assert.deepEqual(told(undefined, [removal]), [
      ['a', 'unlinked', true],
      [EVERY_CLIENT, 'unlinked', true],
    ]);
  });

  test('has blanks for an entry without a provider’s name or a client', () => {
    const [entry] = ledgerEntriesOf({ ...share, changes: [{ op: 'add', provider: {} }] }, 3, 9);
    assert.equal(entry?.providerName, '');
    assert.equal(entry?.clientId, '');
  });

  test('settles our entries that others removed when they are unlinked', () => {
    const { clientId: _, ...all } = { ...share.intent, operation: 'unlink' as const };
    const unlink: WrittenShare = { ...share, intent: all, changes: [] };
    const known: LedgerEntry = { ...entry, state: 'linked', links: [...entry.links] };
    const linked = (clientId: string, more: Partial<LedgerEntry> = {}) => ({
      ...known,
      clientId,
      ...more,
    });
    const ledger = [
      ...[linked('gone', { clientName: 'ios' }), linked('there'), linked('else')],
      linked('unlinked', { state: 'unlinked' }),
      linked('gone', { providerName: 'idp/other' }),
    ];
    const after = {
      IdentityPoolId: 'p',
      IdentityPoolName: 'n',
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: [{ ProviderName: 'idp/pool', ClientId: 'there' }],
    };
    const at = { sequence: 9, time: 5 };
    const settled = (by: WrittenShare) =>
      settledBy(by, after, ledger, at).map(({ clientId }) => clientId);
    assert.deepEqual(settled(unlink), ['gone', 'else']);
    const one = { ...unlink, intent: { ...all, clientId: 'gone' } };
    assert.deepEqual(settledBy(one, after, ledger, at), [
      {
        ...linked('gone', { clientName: 'ios', state: 'unlinked', ...at }),
        links: share.links,
        execution: EXECUTION,
      },
    ]);
    const provider = { ProviderName: 'idp/pool', ClientId: 'gone' };
    // Others left its role mapping behind, or removed it under one of the two names of its user pool.
    const mapped: WrittenShare = {
      ...one,
      changes: [{ op: 'unmap', provider, roleMapping: { Type: 'Token' } }],
    };
    const removing: WrittenShare = { ...one, changes: [{ op: 'remove', provider }] };
    const twice = { ...removing, intent: { ...one.intent, otherName: 'idp/other' } };
    assert.deepEqual([unlink, one, mapped, twice].map(mayBeSettled), [true, true, true, true]);
    assert.deepEqual(settled(mapped), ['gone']);
    const others: WrittenShare[] = [
      ...[share, { ...unlink, deleted: true }, removing],
      { ...unlink, intent: { ...all, takeBack: [] } },
      { ...mapped, intent: { ...mapped.intent, leftBehind: true } },
    ];
    assert.deepEqual(others.map(mayBeSettled), [false, false, false, false, false]);
  });
});
