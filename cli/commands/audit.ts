import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { moment } from '../../core/moment.ts';
import { AuditReader, type Filter, filtered } from '../executions/audit-reader.ts';
import { type PeriodOptions, periodOf } from '../executions/period.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { auditPage } from '../output/audit-page.ts';
import { auditSheet } from '../output/audit-sheet.ts';
import { UsageError } from '../output/exit.ts';
import { outcomeText } from '../output/outcome-text.ts';
import { askedByName, askedByText } from '../output/requested-by.ts';
import { sheetAsCsv } from '../output/sheet.ts';
import { type Shorten, shortener } from '../output/short-ids.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { age, duration } from '../output/times.ts';

interface Options extends Filter, PeriodOptions {
  format: 'table' | 'json' | 'csv' | 'html';
}

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

/** The records as a table. In a terminal, ids are short and times are ages. */
function linesOf(records: AuditRecord[], { width, isWide }: Terminal): string[] {
  if (isWide) return table([heads, ...records.map(wideRow)]);
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
  return table([shortHeads, ...rows], { width, cut: shortCut });
}

const omittedLines = ({ omitted }: { omitted: number }): string[] =>
  omitted > 0 ? [`${omitted} more that wrote nothing: add --all.`] : [];

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

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, ...options } = optionsOf<Options>(command);
  const { format, identityPool, userPool } = options;
  if (format !== 'table' && terminal.format !== 'table' && format !== terminal.format) {
    throw new UsageError('--format and --output name different formats. Leave one of them out.');
  }
  const period = periodOf(options, Date.now());
  const session = sessionOf(command);
  const { account, region } = await session.caller();
  const all = await new AuditReader(session, stage, terminal).records(period);
  const { chosen, omitted } = filtered(all, options);
  // It loads the retries of the SDK, which no other command needs at its start.
  const { withStarts } = await import('../executions/starts.ts');
  const records = await withStarts(chosen, session, terminal);
  const scope = {
    stage,
    account,
    region,
    from: new Date(period.from).toISOString(),
    until: new Date(period.until).toISOString(),
    omitted,
    ...(identityPool !== undefined && { identityPool }),
    ...(userPool !== undefined && { userPool }),
  };
  if (format === 'json') return terminal.answerAsJson({ ...scope, records });
  if (format === 'csv' || terminal.format === 'csv') {
    return terminal.write(sheetAsCsv(auditSheet(records)));
  }
  if (terminal.json || format === 'table') {
    return terminal.answer(
      { ...scope, records },
      (shown) => [
        ...(shown.records.length > 0 ? linesOf(shown.records, terminal) : ['No writes.']),
        ...omittedLines(shown),
      ],
      (shown) => auditSheet(shown.records),
    );
  }
  terminal.write(auditPage(scope, records, new Date().toISOString()));
}

/** Lists writes: by whom, allowed by which link, written by which execution, what changed, how it was verified. */
export function audit(program: Command, terminal: Terminal): void {
  const command = program
    .command('audit')
    .description('list all writes of a period, and with --all every request')
    .option('--since <time>', 'the start: a time, or how long ago (90d, 12h)', '30d')
    .option('--until <time>', 'the end; now if absent')
    .option('--identity-pool <id>', 'only changes to this one')
    .option('--user-pool <id>', 'only requests and changes about this one')
    .option('--all', 'also what wrote nothing: dry runs, failures, reports')
    .addOption(
      new Option('--format <format>', 'html is one self-contained file')
        .choices(['table', 'json', 'csv', 'html'])
        .default('table'),
    )
    .action(() => run(terminal, command));
}
