import type { AuditRecord } from '../../core/audit/audit.ts';

/** Who requested an execution, as far as it knows, as short text. */
export function requestedByText(by: AuditRecord['requestedBy']): string {
  const { via } = by;
  if (via === 'cloudtrail') return by.principalArn ?? 'CloudTrail';
  const source = via === 'event' ? `event ${by.eventId ?? ''}`.trim() : via;
  const who = source === 'person' ? 'a person' : source;
  return by.reason === undefined ? who : `${who} (${by.reason})`;
}
