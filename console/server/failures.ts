import { auditRecords, type DescribedExecution, isDryRun } from '../../core/audit/audit.ts';

/** How a request ended in one identity pool. */
export interface RequestEnd {
  identityPoolId: string;
  /** What it was about: an app client, or a whole user pool. */
  subject: string;
  /** ISO 8601. */
  stopped: string;
  hasFailed: boolean;
}

/** How a request about an app client or a user pool has ended in its identity pools. A dry run asked for nothing. */
export function requestEnds(described: DescribedExecution): RequestEnd[] {
  const { machine, stopped, input } = described;
  if (machine !== 'link' || stopped === undefined || isDryRun(input)) return [];
  return auditRecords(described).flatMap((record) => {
    const { identityPoolId, userPoolId, clientId = '', outcome } = record;
    if (identityPoolId === undefined || userPoolId === undefined) return [];
    const subject = `${userPoolId} ${clientId}`;
    return [{ identityPoolId, subject, stopped, hasFailed: outcome === 'FAILED' }];
  });
}

/** Of how many app clients, or whole user pools, the last request in an identity pool has failed since a time. */
export function failedSince(ends: RequestEnd[], identityPoolId: string, since: string): number {
  const last = new Map<string, RequestEnd>();
  for (const end of ends.toSorted((a, b) => a.stopped.localeCompare(b.stopped))) {
    if (end.identityPoolId === identityPoolId) last.set(end.subject, end);
  }
  return [...last.values()].filter(({ hasFailed, stopped }) => hasFailed && stopped > since).length;
}
