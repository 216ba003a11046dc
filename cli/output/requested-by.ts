import { parseArn } from '../../core/arn.ts';
import type { AuditRecord } from '../../core/audit/audit.ts';

type RequestedBy = AuditRecord['requestedBy'];

const withReason = (who: string, { reason }: RequestedBy): string =>
  reason === undefined ? who : `${who} (${reason})`;

/** What an execution knows about its request without the caller's word, for a narrow column. */
function sourceName(by: RequestedBy): string {
  if (by.via === 'event') return `event ${by.eventId ?? ''}`.trim();
  return by.via === 'person' ? 'a person' : by.via;
}

/** The same, with the reconcile that a part continues. */
function sourceText(by: RequestedBy): string {
  if ('continues' in by && by.continues !== undefined)
    return `reconcile, as ${by.continues} goes on`;
  return sourceName(by);
}

/** Who requested an execution, as far as it knows, as short text. What people say about themselves is marked. */
export function requestedByText(by: RequestedBy): string {
  if (by.via === 'cloudtrail') return by.principalArn ?? 'CloudTrail';
  const source = sourceText(by);
  const who = by.claimedArn === undefined ? source : `${source}, claimed: ${by.claimedArn}`;
  return withReason(who, by);
}

/** The name in the ARN of a principal: `ops/alice` of a session, `alice` of a user. */
function nameOf(arn: string): string {
  const { resource } = parseArn(arn);
  return resource.slice(resource.indexOf('/') + 1);
}

/** The same for a narrow column of a table. */
export function requestedByName(by: RequestedBy): string {
  if (by.via === 'cloudtrail') return by.principalArn ? nameOf(by.principalArn) : 'CloudTrail';
  return withReason(
    by.claimedArn === undefined ? sourceName(by) : `claimed: ${nameOf(by.claimedArn)}`,
    by,
  );
}

/** What an audit knows about who made a request. */
type Asked = Pick<AuditRecord, 'requestedBy' | 'startedBy'>;

/** Who made a request by CloudTrail, and their claim only if it is another. */
function proven({ requestedBy, startedBy }: Asked, shown: (arn: string) => string) {
  if (!startedBy) return undefined;
  const { claimedArn = startedBy.principalArn } = requestedBy as { claimedArn?: string };
  const claim = claimedArn === startedBy.principalArn ? '' : `, claimed: ${shown(claimedArn)}`;
  return withReason(`${shown(startedBy.principalArn)}${claim}`, requestedBy);
}

/** Who made a request, with CloudTrail's proof where there is one. */
export const askedByText = (record: Asked): string =>
  proven(record, (arn) => arn) ?? requestedByText(record.requestedBy);

/** The same for a narrow column of a table. */
export const askedByName = (record: Asked): string =>
  proven(record, nameOf) ?? requestedByName(record.requestedBy);
