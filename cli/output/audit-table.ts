import { styleText } from 'node:util';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { moment } from '../../core/moment.ts';
import { openLines } from './left-open.ts';
import { outcomeText } from './outcome-text.ts';
import { askedByName, askedByText } from './requested-by.ts';
import { type Shorten, shortener } from './short-ids.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { age, duration } from './times.ts';

const heads = [
  'started',
  'outcome',
  'identity pool',
  'request',
  'changes',
  'duration',
  'requested by',
  'execution',
];

/** The outcome, with the status of the execution if it was stopped. */
function endText(record: AuditRecord): string {
  const { outcome, status, error } = record;
  const isStopped = !['SUCCEEDED', 'FAILED', outcome].includes(status);
  return `${error ?? outcomeText(record)}${isStopped ? `, ${status}` : ''}`;
}

const colourOf = ({ error, wouldFail }: AuditRecord) =>
  wouldFail ? 'yellow' : error === undefined ? 'green' : 'red';

/** What the request is about. */
function requestText(
  { operation = '', userPoolId = '', clientId = '', undoes }: AuditRecord,
  about: { isWide: true } | { isWide: false; client: Shorten; execution: Shorten },
): string {
  const undone = undoes === undefined ? '' : executionOf(undoes).name;
  const words = about.isWide
    ? [undone, userPoolId, clientId]
    : [about.execution(undone) || about.client(clientId) || userPoolId];
  return [operation, ...words].filter((word) => word !== '').join(' ');
}

const wideRow = (record: AuditRecord): string[] => [
  moment(record.started),
  styleText(colourOf(record), endText(record)),
  record.identityPoolId ?? '',
  requestText(record, { isWide: true }),
  `${record.changes.length}`,
  duration(record.seconds),
  askedByText(record),
  executionOf(record.execution).name,
];

const shortHeads = [
  'started',
  'outcome',
  'identity pool',
  'request',
  '±',
  'requested by',
  'execution',
];
const shortCut = ['requested by', 'identity pool', 'outcome', 'request'].map((head) =>
  shortHeads.indexOf(head),
);

/** What some of the records leave to a person, after the execution and the identity pool. */
const openOf = (records: AuditRecord[]): string[] =>
  records.flatMap((record) => {
    const lines = openLines(record);
    if (lines.length === 0) return [];
    const { execution, identityPoolId = '' } = record;
    return [`${executionOf(execution).name}, ${identityPoolId}:`, ...lines];
  });

/** The records as a table, and what they leave to a person. In a terminal, ids are short and times are ages. */
export function auditTable(
  records: AuditRecord[],
  { width, isWide }: Pick<Terminal, 'width' | 'isWide'>,
): string[] {
  if (isWide) return [...table([heads, ...records.map(wideRow)]), ...openOf(records)];
  const pool = shortener(records.map(({ identityPoolId = '' }) => identityPoolId));
  const client = shortener(records.map(({ clientId = '' }) => clientId));
  const execution = shortener(
    records
      .flatMap(({ execution: own, undoes = own }) => [own, undoes])
      .map((each) => executionOf(each).name),
  );
  const rows = records.map((record) => [
    age(record.started),
    endText(record),
    // Most identity pools of a deployment have one Region, and little else fits into the column.
    pool(record.identityPoolId ?? '').replace(/^[^:]*:/, ''),
    requestText(record, { isWide: false, client, execution }),
    `${record.changes.length}`,
    askedByName(record),
    execution(executionOf(record.execution).name),
  ]);
  return [...table([shortHeads, ...rows], { width, cut: shortCut }), ...openOf(records)];
}
