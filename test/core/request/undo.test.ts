import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  InvalidRequestError,
  NotCoveredError,
  UndoConflictError,
  UserPoolClientNotFoundError,
} from '../../../core/errors.ts';
import { apply, shownChanges } from '../../../core/identity-pool/changes.ts';
import {
  entriesOf,
  entryKey,
  type IdentityPool,
} from '../../../core/identity-pool/identity-pool.ts';
import { type Intent, merge } from '../../../core/identity-pool/merge.ts';
import { sameSettings } from '../../../core/identity-pool/same-settings.ts';
import type { Links } from '../../../core/links/links.ts';
import type { UndoRequest } from '../../../core/request/request.ts';
import { planOf } from '../../../core/request/target.ts';
import {
  checkLedger,
  clientsToLink,
  doneBy,
  resolveUndo,
  userPoolOf,
} from '../../../core/request/undo.ts';
import { batch } from '../../../core/write/batch.ts';
import type { LedgerEntry } from '../../../core/write/records.ts';
import { clientIds, identityPools, providerNames } from '../arbitraries.ts';
import { isMet } from '../identity-pool/is-met.ts';
import { linkOf } from '../link-of.ts';

const MACHINE = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link';
const UNDONE = `${MACHINE}:first`;
const POOL = 'ap-south-1:1';
const provider = {
  ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_A',
  ClientId: 'client',
  ServerSideTokenCheck: true,
};
const added = { op: 'add' as const, provider };
const removed = { op: 'remove' as const, provider };
const link = linkOf({ clients: ['web-*'], identityPool: POOL });
const links: Links = { a: link };
const request: UndoRequest = {
  operation: 'undo',
  executionArn: UNDONE,
  dryRun: false,
  requestedBy: { via: 'person' },
};
const pool = { userPoolId: 'us-east-1_A', tags: {} };
const about = (change: typeof added | typeof removed, names: [string, string][] = []) => ({
  done: [{ identityPoolId: POOL, changes: [change] }],
  pool,
  names: new Map(names),
});

/** A pool and requests, many of them about its entries. */
const poolAndIntents = identityPools.chain((before) => {
  const entries = before.CognitoIdentityProviders ?? [];
  const known = <K extends 'ProviderName' | 'ClientId'>(key: K, other: fc.Arbitrary<string>) =>
    fc.oneof(other, fc.constantFrom(...entries.map((each) => each[key] ?? ''), 'again'));
  const intent: fc.Arbitrary<Intent> = fc.record(
    {
      operation: fc.constantFrom('link', 'unlink'),
      providerName: known('ProviderName', providerNames),
      clientId: known('ClientId', clientIds),
      serverSideTokenCheck: fc.boolean(),
    },
    { requiredKeys: ['operation', 'providerName', 'serverSideTokenCheck'] },
  );
  return fc.tuple(fc.constant(before), intent, intent);
});

describe('undoing', () => {
  test('restores every pool to its state before', () => {
    fc.assert(
      fc.property(poolAndIntents, ([before, intent]) => {
        const changes = merge(before, intent);
        const after = apply(before, changes);
        const undo = { ...intent, takeBack: shownChanges(changes) };
        const undone = apply(after, merge(after, undo));
        assert.ok(sameSettings(undone, before));
        assert.deepEqual(merge(undone, undo), []);
      }),
    );
  });

  test('changes no other entry', () => {
    fc.assert(
      fc.property(poolAndIntents, ([before, first, second]) => {
        const changes = merge(before, first);
        const between = apply(before, changes);
        const later = apply(between, merge(between, second));
        const mine = new Set(changes.map((change) => entryKey(change.provider)));
        const others = (pool: IdentityPool) =>
          entriesOf(pool).filter((entry) => !mine.has(entryKey(entry)));
        const undo = { ...first, takeBack: shownChanges(changes) };
        try {
          const undone = apply(later, merge(later, undo));
          assert.deepEqual(others(undone), others(later));
          assert.ok(isMet(undone, undo));
        } catch (error) {
          assert.ok(error instanceof UndoConflictError && !isMet(later, undo), String(error));
        }
      }),
    );
  });

  test('is refused if the flag of an entry has changed, and the error has both values', () => {
    const now = { ...provider, ServerSideTokenCheck: false };
    const there = {
      IdentityPoolId: POOL,
      IdentityPoolName: 'x',
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: [now],
    };
    const intent: Intent = {
      operation: 'unlink',
      providerName: provider.ProviderName,
      serverSideTokenCheck: false,
    };
    for (const change of [added, removed]) {
      assert.throws(
        () => merge(there, { ...intent, takeBack: [change] }),
        (error: Error) =>
          error instanceof UndoConflictError && /it was .*true.* is .*false/.test(error.message),
      );
    }
    assert.deepEqual(
      merge({ ...there, CognitoIdentityProviders: [provider] }, { ...intent, takeBack: [added] }),
      [removed],
    );
  });

  test('a link removes the entry, and undoing an unlink restores it with its flag', () => {
    const [unlinking] = resolveUndo(links, request, about(added)).targets;
    assert.equal(unlinking?.intent.operation, 'unlink');
    assert.equal(unlinking?.undoes, UNDONE);
    assert.deepEqual(unlinking?.links, ['a']);
    const again = about(removed, [['client', 'web-1']]);
    const [linking] = resolveUndo(links, request, again).targets;
    assert.equal(linking?.intent.operation, 'link');
    assert.deepEqual(clientsToLink(again.done), ['client']);
    assert.deepEqual(clientsToLink(about(added).done), []);
  });

  test('links nothing that is deleted, or that links.yml no longer covers', () => {
    const resolving =
      (names: [string, string][], with_ = links) =>
      () =>
        resolveUndo(with_, request, about(removed, names));
    assert.throws(resolving([]), UserPoolClientNotFoundError);
    assert.throws(resolving([['client', 'ios']]), NotCoveredError);
    assert.throws(resolving([['client', 'web-1']], {}), NotCoveredError);
    assert.throws(() => resolveUndo({}, request, about(added)), NotCoveredError);
  });

  test('says what is left to do if an app client no longer exists, and never to link that one', () => {
    const again = { op: 'remove' as const, provider: { ...provider, ClientId: 'kept' } };
    const undoing = (...done: { identityPoolId: string; changes: (typeof removed)[] }[]) => {
      try {
        resolveUndo(links, request, { done, pool, names: new Map([['kept', 'web-1']]) });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const gone =
      "The user pool us-east-1_A has no app client client any more. It can't be linked again, so nothing was undone. ";
    const place = '--stage dev --region us-east-1';
    const here = { identityPoolId: POOL, changes: [removed] };
    assert.equal(undoing(here), `${gone}There is nothing else to undo.`);
    assert.equal(
      undoing({ ...here, changes: [removed, again] }),
      `${gone}Link each of the other app clients by hand, for example: npx poolbridge link --user-pool us-east-1_A --client kept --identity-pool ${POOL} ${place}`,
    );
    assert.equal(
      undoing(here, { identityPoolId: 'eu-west-1:2', changes: [again] }),
      `${gone}To undo the other identity pools, name each, for example: npx poolbridge undo first --identity-pool eu-west-1:2 ${place}`,
    );
  });

  test('waits for approval if a link requires it', () => {
    const asking: Links = { a: { ...link, approval: 'required' } };
    assert.ok(resolveUndo(asking, request, about(added)).targets[0]?.approvalTime);
    assert.ok(!resolveUndo(links, request, about(added)).targets[0]?.approvalTime);
  });

  test('may be limited to one identity pool, if it was changed', () => {
    const one = { ...request, identityPoolId: POOL };
    assert.equal(resolveUndo(links, one, about(added)).targets.length, 1);
    assert.throws(
      () => resolveUndo(links, { ...request, identityPoolId: 'eu-west-1:2' }, about(added)),
      /changed nothing in the identity pool eu-west-1:2/,
    );
  });

  test('reads the changes from the output, or from the cause of a failed execution', () => {
    const results = [
      { identityPoolId: POOL, outcome: 'LINKED', changes: [added] },
      { identityPoolId: 'eu-west-1:2', outcome: 'FAILED', error: 'X', message: 'y' },
      { identityPoolId: 'eu-west-1:3', outcome: 'ALREADY_LINKED', changes: [] },
    ];
    const done = [{ identityPoolId: POOL, changes: [added] }];
    const output = JSON.stringify({ results });
    assert.deepEqual(doneBy(UNDONE, { status: 'SUCCEEDED', output }), done);
    assert.deepEqual(doneBy(UNDONE, { status: 'FAILED', cause: output }), done);
    assert.equal(userPoolOf(done, 'aws'), 'us-east-1_A');
    assert.throws(() => userPoolOf([], 'aws'), InvalidRequestError);
  });

  test('is refused for an execution that changed nothing, only planned, or does not show its changes', () => {
    const planned = [{ identityPoolId: POOL, outcome: 'PLANNED', changes: [added] }];
    for (const end of [
      { status: 'SUCCEEDED', output: JSON.stringify({ results: planned }) },
      { status: 'SUCCEEDED', output: JSON.stringify({ results: [{ identityPoolId: 7 }] }) },
      { status: 'FAILED', cause: '{"results":{"LINKED":200}}' },
      { status: 'ABORTED' },
      { status: 'FAILED', cause: 'no JSON' },
    ]) {
      assert.throws(() => doneBy(UNDONE, end), InvalidRequestError);
    }
  });

  test('is refused if the ledger names a later execution, but not its own earlier attempt', () => {
    const [target] = resolveUndo(links, request, about(added)).targets;
    assert.ok(target);
    const entry: LedgerEntry = {
      state: 'linked',
      providerName: provider.ProviderName,
      clientId: 'client',
      links: ['a'],
      execution: UNDONE,
      sequence: 1,
      time: 1,
    };
    const checking =
      (...ledger: LedgerEntry[]) =>
      () =>
        checkLedger(ledger, target, 'own');
    assert.doesNotThrow(checking(entry));
    assert.doesNotThrow(checking({ ...entry, state: 'unlinked', execution: 'own' }));
    assert.throws(
      checking({ ...entry, execution: 'another' }),
      /What has changed: client of us-east-1_A was linked by another at 1970-01-01 00:00:00Z\.$/,
    );
    assert.throws(checking(), UndoConflictError);
    assert.throws(
      checking(),
      /What has changed: the ledger no longer has client of us-east-1_A\.$/,
    );
    // The identity pool itself may say so before the ledger does.
    const there = {
      IdentityPoolId: 'x',
      IdentityPoolName: 'x',
      AllowUnauthenticatedIdentities: false,
    };
    const other = { ...provider, ServerSideTokenCheck: !provider.ServerSideTokenCheck };
    const event = { execution: UNDONE, target, attempt: 1 };
    const now = { ...there, IdentityPoolId: POOL, CognitoIdentityProviders: [other] };
    const command = new RegExp(
      `For example: npx poolbridge unlink --user-pool us-east-1_A --client client --identity-pool ${POOL} --stage dev --region us-east-1$`,
    );
    assert.throws(() => planOf(event, now, 50), command);
    // So does the write, if the change comes between the plan and the write.
    const asked = { key: 'undo', intent: target.intent, execution: UNDONE };
    assert.throws(() => batch(now, [asked], 50), command);
  });
});
