import type { AuditRecord } from '../../core/audit/audit.ts';
import { expanded, type ShownChange } from '../../core/identity-pool/changes.ts';
import type { Sheet } from './sheet.ts';

/** Changes as text. */
const changesText = (changes: ShownChange[]): string =>
  changes
    .flatMap(expanded)
    .map(({ op, provider: { ProviderName = '', ...more }, ...beside }) => {
      const details = Object.values({ ...more, ...beside }).map((value) =>
        typeof value === 'string' ? value : JSON.stringify(value),
      );
      return [op, ProviderName, ...details].join(' ');
    })
    .join('; ');

const by = (record: AuditRecord) => ({ ...record.requestedBy }) as Record<string, string>;

/** The columns of the audit, by name. */
const columns: Record<string, (record: AuditRecord) => string | number | undefined> = {
  started: ({ started }) => started,
  seconds: ({ seconds }) => seconds,
  operation: ({ operation }) => operation,
  userPoolId: ({ userPoolId }) => userPoolId,
  clientId: ({ clientId }) => clientId,
  requestedVia: (record) => by(record)['via'],
  principalArn: (record) => by(record)['principalArn'],
  eventId: (record) => by(record)['eventId'],
  claimedArn: (record) => by(record)['claimedArn'],
  startedBy: ({ startedBy }) => startedBy?.principalArn,
  startEventId: ({ startedBy }) => startedBy?.eventId,
  reason: (record) => by(record)['reason'],
  links: ({ links }) => links.join(' '),
  identityPoolId: ({ identityPoolId }) => identityPoolId,
  status: ({ status }) => status,
  outcome: ({ outcome }) => outcome,
  changes: ({ changes }) => changesText(changes),
  approvedBy: ({ approval }) => approval?.approvedBy,
  approvalReason: ({ approval }) => approval?.reason,
  assumedRoleArn: ({ assumedRoleArn }) => assumedRoleArn,
  sessionName: ({ sessionName }) => sessionName,
  writtenBy: ({ writtenBy }) => writtenBy,
  written: ({ written }) => written?.time,
  verified: ({ verified }) => verified,
  attempts: ({ attempts }) => attempts,
  error: ({ error }) => error,
  message: ({ message }) => message,
  wouldFail: ({ wouldFail }) => wouldFail && `${wouldFail.error}: ${wouldFail.message}`,
  undoes: ({ undoes }) => undoes,
  execution: ({ execution }) => execution,
  source: ({ source }) => source,
  cancelled: ({ cancelled }) => cancelled && changesText(cancelled),
  uncovered: ({ uncovered }) => uncovered?.join(' '),
  linkedSince: ({ linkedSince }) => linkedSince?.join(' '),
};

/** The audit as rows. */
export const auditSheet = (records: AuditRecord[]): Sheet => ({
  head: Object.keys(columns),
  rows: records.map((record) => Object.values(columns).map((column) => column(record))),
});
