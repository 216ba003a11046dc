import { type Command, Option } from 'commander';
import { AuditReader, type Filter, filtered } from '../executions/audit-reader.ts';
import { type PeriodOptions, periodOf } from '../executions/period.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { auditPage } from '../output/audit-page.ts';
import { auditSheet } from '../output/audit-sheet.ts';
import { auditTable } from '../output/audit-table.ts';
import { UsageError } from '../output/exit.ts';
import { sheetAsCsv } from '../output/sheet.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options extends Filter, PeriodOptions {
  format: 'table' | 'json' | 'csv' | 'html';
  query?: string;
}

const omittedLines = ({ omitted }: { omitted: number }): string[] =>
  omitted > 0 ? [`${omitted} more that wrote nothing: add --all.`] : [];

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, ...options } = optionsOf<Options>(command);
  const { format, identityPool, userPool } = options;
  if (format !== 'table' && terminal.format !== 'table' && format !== terminal.format) {
    throw new UsageError(
      `--format ${format} does not go with --output ${terminal.format}${options.query === undefined ? '' : ', which --query stands for'}. Leave one of them out.`,
    );
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
        ...(shown.records.length > 0 ? auditTable(shown.records, terminal) : ['No writes.']),
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
