import {
  auditRecords,
  type DescribedExecution,
  isDryRun,
  type StateData,
} from '../../core/audit/audit.ts';
import { isNamedPool } from '../../core/failure.ts';
import { isObject, parsedJson } from '../../core/shape.ts';

/** How a request ended in one identity pool. */
export interface RequestEnd {
  /** ARN of its execution. */
  execution: string;
  identityPoolId: string;
  userPoolId: string;
  /** Empty if it was about the whole user pool. */
  clientId: string;
  /** ISO 8601. */
  stopped: string;
  hasFailed: boolean;
}

/** The identity pools that a request was for, as far as its states or its input say so. */
function askedIn(input: string, handed: StateData[]): string[] {
  for (const { data } of handed) {
    const targets = isObject(data) ? data['targets'] : undefined;
    if (!Array.isArray(targets)) continue;
    return targets.filter(isNamedPool).map(({ identityPoolId }) => identityPoolId);
  }
  const request = parsedJson(input);
  const id = isObject(request) ? request['identityPoolId'] : undefined;
  return typeof id === 'string' ? [id] : [];
}

/**
 * How a request about an app client or a user pool has ended in its identity pools: it failed where it was aborted or
 * timed out before its result. A dry run asked for nothing.
 *
 * @param handed the data of its states, if its end lacks the results.
 */
export function requestEnds(described: DescribedExecution, handed: StateData[] = []): RequestEnd[] {
  const { execution, machine, stopped, input, status } = described;
  if (machine !== 'link' || stopped === undefined || isDryRun(input)) return [];
  const records = auditRecords(described, handed);
  const [{ userPoolId, clientId = '' } = {}] = records;
  if (userPoolId === undefined) return [];
  const about = { execution, userPoolId, clientId, stopped };
  const ends = records.flatMap(({ identityPoolId, outcome }): RequestEnd[] =>
    identityPoolId === undefined
      ? []
      : [{ ...about, identityPoolId, hasFailed: outcome === 'FAILED' }],
  );
  const known = new Set(ends.map(({ identityPoolId }) => identityPoolId));
  const unknown = status === 'SUCCEEDED' ? [] : askedIn(input, handed);
  return [
    ...ends,
    ...unknown
      .filter((id) => !known.has(id))
      .map((identityPoolId) => ({ ...about, identityPoolId, hasFailed: true })),
  ];
}

/** Whether something else was written about the app client of a request since its end. */
export type IsOvertaken = (end: RequestEnd) => boolean;

/**
 * The requests in an identity pool that have failed since a time, the newest first: of each app client, or whole user
 * pool, the last one.
 *
 * @param isOvertaken for requests of which later ones may not be known.
 */
export function failedSince(
  ends: RequestEnd[],
  identityPoolId: string,
  since: string,
  isOvertaken: IsOvertaken = () => false,
): RequestEnd[] {
  const last = new Map<string, RequestEnd>();
  for (const end of ends.toSorted((a, b) => a.stopped.localeCompare(b.stopped))) {
    if (end.identityPoolId === identityPoolId) last.set(`${end.userPoolId} ${end.clientId}`, end);
  }
  return [...last.values()]
    .filter((end) => end.hasFailed && end.stopped > since && !isOvertaken(end))
    .sort((a, b) => b.stopped.localeCompare(a.stopped));
}
