import type { AuditRecord } from '../core/audit.ts';

/** Who asked, as far as an execution knows, in few words. */
export function whoText(by: AuditRecord['requestedBy']): string {
  const { via } = by;
  if (via === 'cloudtrail') return by.principalArn ?? 'CloudTrail';
  if (via === 'reconcile') return 'reconcile';
  if (via === 'unknown') return 'unknown';
  const asked = via === 'event' ? `event ${by.eventId ?? ''}`.trim() : 'a person';
  return !('reason' in by) ? asked : `${asked} (${by.reason})`;
}
