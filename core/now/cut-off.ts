import type { StateData } from '../audit/audit.ts';
import { commandFor } from '../command-line.ts';
import { isNamedPool, type NamedPool, UNNAMED } from '../failure.ts';
import { isObject, parsedJson } from '../shape.ts';
import { LEASE_MS } from '../write/lease.ts';
import { changesBy, type LedgerEntry, PENDING_MS } from '../write/records.ts';
import type { StateVisit } from './traces.ts';

/** A write that an execution began, and whose end it does not show, since the execution was ended. */
export interface CutOff {
  target: NamedPool;
  /** What the state was entered with. */
  input: Record<string, unknown>;
  /** Whether only the log group has the execution, and so no data of its states. The write may have ended. */
  isForgotten?: true;
}

const STATE = 'UpdateIdentityPool';

/**
 * The writes during which an execution was ended, one for each identity pool. If it is forgotten, all its writes, since
 * only the ledger may still have them.
 */
export function cutOffIn(visits: StateVisit[]): CutOff[] {
  const last = new Map<string, CutOff | undefined>();
  for (const { state, input: json, output, target: known = UNNAMED } of visits) {
    if (state !== STATE) continue;
    if (json === undefined) {
      const input = { target: known };
      last.set(known.identityPoolId, { target: known, input, isForgotten: true });
      continue;
    }
    const input = parsedJson(json);
    if (!isObject(input) || !isNamedPool(input['target'])) continue;
    const { target } = input;
    last.set(target.identityPoolId, output === undefined ? { target, input } : undefined);
  }
  return [...last.values()].flatMap((each) => each ?? []);
}

/**
 * For how long a write that was cut off may still be made, in milliseconds. The next holder of the lease may take the
 * request from the table until the last moment, and then writes until its lease ends. The rest is for a function that
 * had only begun.
 */
export const OPEN_MS = PENDING_MS + LEASE_MS + 5000;

/** Whether a write that was cut off may still be made, since it goes on without its execution. */
export const mayStillWrite = (stopped: string, now: number): boolean =>
  now - Date.parse(stopped) < OPEN_MS;

interface Ended {
  execution: string;
  status: string;
  /** ISO 8601. */
  stopped: string;
}

/** Says what is known of a write that the ledger does not have. */
function doubtOf(
  { target: { identityPoolId }, isForgotten }: CutOff,
  { execution, status, stopped }: Ended,
  now: number,
) {
  const how = status === 'ABORTED' ? 'was aborted' : 'ended';
  if (isForgotten) {
    const isNamed = identityPoolId !== UNNAMED.identityPoolId;
    const pool = isNamed ? ['--identity-pool', identityPoolId] : [];
    return `The execution ${how} after it began a write to this identity pool. Step Functions has forgotten what it wrote, and the ledger does not show it. Every write is in the audit: ${commandFor(execution, 'audit', ...pool)}`;
  }
  const begun = `The execution ${how} while it wrote to this identity pool`;
  if (mayStillWrite(stopped, now)) {
    return `${begun}. The write goes on without it, for ${OPEN_MS / 1000} seconds at most. Look again then.`;
  }
  const audit = commandFor(execution, 'audit', '--identity-pool', identityPoolId);
  return `${begun}, and the ledger does not show that it wrote. It wrote nothing, or a later request has written the same entry. Every write is in the audit: ${audit}`;
}

/**
 * What a write that was cut off has done, as the state would have told it: the ledger has each write that was read
 * back.
 *
 * @param ledger of the identity pool; absent if the caller may not read it.
 */
export function cutOffData(
  cutOff: CutOff,
  ended: Ended,
  ledger: Iterable<LedgerEntry> | undefined,
  now: number,
): StateData {
  const { target, input } = cutOff;
  const changes = changesBy(ended.execution, [...(ledger ?? [])]);
  const [first] = changes;
  if (first) {
    const outcome = first.op === 'add' ? 'LINKED' : 'UNLINKED';
    return { state: STATE, data: { ...input, result: { outcome, changes } } };
  }
  const failure = { Error: ended.status, Cause: doubtOf(cutOff, ended, now) };
  return { state: 'TargetFailed', data: { target, failure } };
}
