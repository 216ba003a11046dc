import links from '#links';
import { openIdentityPool } from '../aws/clients/identity-pool.ts';
import { step } from '../aws/lambda/step.ts';
import { PoolTable } from '../aws/table/pool-table.ts';
import { allowedByLinks } from '../aws/write/allowed.ts';
import { subjectNow } from '../aws/write/target-now.ts';
import type { WriteTools } from '../aws/write/write-request.ts';
import { writeUnlessDeleted } from '../aws/write/wrong-marks.ts';
import { executionOf } from '../core/execution.ts';
import type { Intent } from '../core/identity-pool/merge.ts';
import { accessTo } from '../core/links/coverage.ts';
import { checkApproval } from '../core/request/approval.ts';
import { allowing } from '../core/request/resolve.ts';
import {
  outcomeOf,
  type Plan,
  type Result,
  roomOf,
  type TargetEvent,
  withBeside,
} from '../core/request/target.ts';
import { asApproved, isOnlyNoted } from '../core/request/target-now.ts';
import { checkLedger } from '../core/request/undo.ts';
import { sha256 } from '../core/sha256.ts';

/**
 * The key of a request: the same for every attempt of this step in this round, and different for every other
 * request.
 */
const keyOf = ({ execution, attempt }: TargetEvent): string =>
  `${sha256(execution).slice(0, 32)}-${attempt}`;

// In milliseconds: the write after the look-ups may need this long.
const WRITING = 12_000;

/** The intent of a target, by the links that allow it now. */
function intentOf({ target, shown }: TargetEvent, names: string[]): Intent {
  const { intent } = withBeside(links, asApproved(target, shown), names);
  // Without approval, only the ledger records the deletion. The identity pool stays as it is.
  if (isOnlyNoted(links, names, target)) return { ...intent, takeBack: [] };
  checkApproval(links, names, target);
  return intent;
}

/**
 * Writes onto the current identity pool, not onto the snapshot, and reads the result back. UpdateIdentityPool
 * replaces the whole pool and has no version.
 *
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html
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
      answerKey: key,
      // An undo does not wait for others to write it, since they could not judge it.
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
        checkLedger(await table.ledger.ofUserPool(intent.providerName), target, execution);
        return own;
      },
      left: () => context.getRemainingTimeInMillis(),
    };
    const lookUp = { links, target, where, until };
    const written = await writeUnlessDeleted(request, tools, lookUp);
    const { changes, before, after, base, gone, ...writer } = written;
    const rebased = base === undefined || base === result.snapshot ? undefined : base;
    return {
      outcome: gone ? 'NOT_LINKED' : outcomeOf(target, changes.length),
      changes,
      before,
      after,
      attempts: attempt,
      ...(rebased !== undefined && { rebased: { snapshot: result.snapshot, base: rebased } }),
      ...writer,
    };
  },
);
