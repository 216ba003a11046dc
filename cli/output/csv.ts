import type { AuditRecord } from '../../core/audit/audit.ts';
import { expanded } from '../../core/identity-pool/changes.ts';
import { visibleText } from '../../core/visible.ts';

/** The changes as text. */
const changesText = ({ changes }: AuditRecord): string =>
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
  changes: changesText,
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
};

// A spreadsheet evaluates a cell that looks like a formula, also after blanks, in full-width characters, and after
// the semicolon that separates cells in many countries. A reason is untrusted text.
// https://owasp.org/www-community/attacks/CSV_Injection
const FORMULA = /(^|;)([\s"']*)(?=[=+\-@＝＋－＠])/g;

const cell = (value: string | number | undefined = ''): string => {
  const text =
    typeof value === 'string' ? visibleText(value).replace(FORMULA, "$1'$2") : `${value}`;
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/**
 * Rows as CSV.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export const csvText = (rows: (string | number | undefined)[][]): string =>
  rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');

/** The audit as CSV. */
export const csv = (records: AuditRecord[]): string =>
  csvText([
    Object.keys(columns),
    ...records.map((record) => Object.values(columns).map((column) => column(record))),
  ]);
