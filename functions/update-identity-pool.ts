import { createHash } from 'node:crypto';
import links from '#links';
import { allowedByLinks } from '../aws/allowed.ts';
import { openIdentityPool } from '../aws/identity-pool.ts';
import { PoolTable } from '../aws/pool-table.ts';
import { step } from '../aws/step.ts';
import { subjectNow } from '../aws/target-now.ts';
import type { WriteTools } from '../aws/write-request.ts';
import { writeUnlessDeleted } from '../aws/wrong-marks.ts';
import { checkApproval } from '../core/approval.ts';
import { executionOf } from '../core/execution.ts';
import { accessTo } from '../core/links.ts';
import { type Intent, shownChanges } from '../core/merge.ts';
import { changesBy } from '../core/records.ts';
import {
  allowing,
  outcomeOf,
  type Plan,
  type Result,
  roomOf,
  type TargetEvent,
  withBeside,
} from '../core/target.ts';
import { asApproved, isOnlyNoted } from '../core/target-now.ts';
import { checkLedger } from '../core/undo.ts';

/** The same for every attempt of this step in this round, and for no other request. */
const keyOf = ({ execution, attempt }: TargetEvent): string =>
  `${createHash('sha256').update(execution).digest('hex').slice(0, 32)}-${attempt}`;

// In milliseconds, kept for the write after the look-ups.
const WRITING = 12_000;

/** What the write is to make of a target, by the links that allow it now. */
function intentOf({ target, shown }: TargetEvent, names: string[]): Intent {
  const { intent } = withBeside(links, asApproved(target, shown), names);
  // Without approval, that it was deleted is entered into the ledger, and the identity pool stays as it is.
  if (isOnlyNoted(links, names, target)) return { ...intent, takeBack: [] };
  checkApproval(links, names, target);
  return intent;
}

/**
 * Writes onto what is there now, not onto the snapshot, and reads back what was written.
 * UpdateIdentityPool replaces the whole pool and knows no version.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html
 */
export const handler = step(
  async (event: TargetEvent & { result: Plan }, context): Promise<Result> => {
    const { execution, target, attempt, result } = event;
    const { identityPoolId, userPoolId, intent: resolved } = target;
    const where = executionOf(execution);
    const until = Date.now() + context.getRemainingTimeInMillis() - WRITING;
    const access = accessTo(links, identityPoolId);
    const subject = await subjectNow(links, target, { where, until });
    const name = subject.clientName === undefined ? {} : { clientName: subject.clientName };
    const client = resolved.clientId === undefined ? {} : { clientId: resolved.clientId };
    const names = allowing(links, target, subject);
    const intent = intentOf(event, names);
    const key = keyOf(event);
    const pool = await openIdentityPool(where, identityPoolId, access, 'write');
    const deleted = target.deleted ? { deleted: true } : {};
    const { operation } = intent;
    const listing = target.listing === undefined ? {} : { listing: target.listing };
    const pending = { key, execution, operation, userPoolId, ...client, ...deleted, ...listing };
    const table = new PoolTable(identityPoolId);
    const request = {
      execution,
      own: [{ key, intent, execution, links: names, ...name, ...deleted }],
      ...(target.undoes === undefined && !intent.leftBehind && { pending }),
      ...(subject.gone && { gone: true }),
      quota: access.providerQuota,
      room: roomOf(target),
    };
    const tools: WriteTools = {
      pool,
      table,
      allow: (waiting, by) => allowedByLinks(links, waiting, { identityPoolId, where, until: by }),
      async confirm(own) {
        if (target.undoes === undefined) return own;
        checkLedger(await table.ledgerOf(intent.providerName), target, execution);
        return own;
      },
      left: () => context.getRemainingTimeInMillis(),
    };
    const lookUp = { links, target, where, until };
    const written = await writeUnlessDeleted(request, tools, lookUp);
    const { changes, before, after, base, gone, ...writer } = written;
    // An undo does not wait for others to answer it: an earlier attempt may have written and not told.
    const isRetold = target.undoes !== undefined && changes.length === 0;
    const told = isRetold
      ? shownChanges(changesBy(execution, await table.ledgerOf(intent.providerName)))
      : changes;
    const rebased = base === undefined || base === result.snapshot ? undefined : base;
    return {
      outcome: gone ? 'NOT_LINKED' : outcomeOf(target, told.length),
      ...{ changes: told, before, after, attempts: attempt },
      ...(rebased !== undefined && { rebased: { snapshot: result.snapshot, base: rebased } }),
      ...writer,
    };
  },
);
