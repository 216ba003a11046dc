import type { AuditRecord } from '../../core/audit/audit.ts';

/** Who asked, as far as an execution knows, in few words. */
export function whoText(by: AuditRecord['requestedBy']): string {
  const { via } = by;
  if (via === 'cloudtrail') return by.principalArn ?? 'CloudTrail';
  const asked = via === 'event' ? `event ${by.eventId ?? ''}`.trim() : via;
  const who = asked === 'person' ? 'a person' : asked;
  return by.reason === undefined ? who : `${who} (${by.reason})`;
}
