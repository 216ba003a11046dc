import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import { executionOf } from '../../core/execution.ts';
import { STATES } from '../../core/reconcile/classify.ts';
import { counted } from '../../core/sentence.ts';
import { issuerIn, providerLabel } from '../../core/user-pool.ts';
import { isDenied } from '../denied.ts';
import {
  type EntryFilter,
  entriesIn,
  type FoundEntry,
  type FoundPool,
} from '../executions/entries.ts';
import { Machines } from '../executions/machines.ts';
import { reconcileRequest, withLinksOption } from '../executions/run.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { Failure, UsageError } from '../output/exit.ts';
import { failedPools } from '../output/failed-pools.ts';
import { heading } from '../output/heading.ts';
import { NO_LINKS, type ReconcileReport } from '../output/reconcile-table.ts';
import type { Sheet } from '../output/sheet.ts';
import { type Shorten, shortener, whole } from '../output/short-ids.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../output/terminal.ts';
import { age } from '../output/times.ts';
import type { Session } from '../session.ts';
import { Ledgers } from '../settings/ledgers.ts';

type Options = EntryFilter & { link?: string };

const nameOf = (execution: string | undefined): string =>
  execution === undefined ? '' : executionOf(execution).name;

interface Shown {
  client: Shorten;
  execution: Shorten;
}

const head = ['state', 'app client', 'id', 'user pool', 'written', 'by', 'link'];
const LINK = head.indexOf('link');
const cut = [LINK, head.indexOf('user pool'), head.indexOf('app client')];

/** Whether it is not there because Poolbridge unlinked it. */
const isUnlinked = ({ state, unlinked }: FoundEntry): boolean =>
  state === 'removed' && unlinked !== undefined;

const rowOf = (entry: FoundEntry, short: Shown): string[] => [
  entry.state,
  entry.clientName ?? '',
  short.client(entry.clientId),
  issuerIn(entry.providerName) === 'updated' ? providerLabel(entry.providerName) : entry.userPoolId,
  ...(isUnlinked(entry)
    ? [`unlinked ${age(entry.unlinked)}`, short.execution(nameOf(entry.unlinkedBy))]
    : [age(entry.since), short.execution(nameOf(entry.by))]),
  entry.links.join(', '),
];

/** The rows of an identity pool. If one link alone leads to it, the heading names the link. */
function rowsOf({ links, entries }: FoundPool, short: Shown): string[][] {
  if (entries.length === 0) return [];
  const rows = [head, ...entries.map((entry) => rowOf(entry, short))];
  return links.length > 1 ? rows : rows.map((row) => row.slice(0, LINK));
}

function countText({ entries, total, failure }: FoundPool): string {
  if (failure && entries.length === 0) return '';
  const count = entries.filter(({ state }) => state !== 'missing' && state !== 'removed').length;
  // Filters leave some out, and so does a report without room. Below "0 of", rows of what is not there would surprise.
  const isWhole = total === undefined || total === count || (count === 0 && entries.length > 0);
  const shown = isWhole ? '' : `${count} of `;
  const all = total ?? count;
  return `: ${shown}${counted(all, 'entry', 'entries')}`;
}

function linesOf(pools: FoundPool[], terminal: Terminal): string[] {
  if (pools.length === 0) return [NO_LINKS];
  const entries = pools.flatMap((pool) => pool.entries);
  const short: Shown = terminal.isWide
    ? { client: whole, execution: whole }
    : {
        client: shortener(entries.map(({ clientId }) => clientId)),
        execution: shortener(entries.map(({ by, unlinkedBy }) => nameOf(by ?? unlinkedBy))),
      };
  return pools.flatMap((pool) => {
    const { omitted = 0, failure } = pool;
    return [
      heading(pool, countText(pool), terminal.width),
      ...table(rowsOf(pool, short), { width: terminal.width, cut }),
      ...(omitted > 0
        ? [`  and ${omitted} more; --link narrows the list to one identity pool`]
        : []),
      ...(failure ? [`  ${styleText('red', failure.error)}: ${failure.message}`] : []),
    ];
  });
}

const sheetOf = (pools: FoundPool[]): Sheet => ({
  head: [
    'identityPoolId',
    'state',
    'clientName',
    'clientId',
    'userPoolId',
    'providerName',
    'links',
    'since',
    'execution',
    'unlinked',
    'unlinkedBy',
  ],
  rows: pools.flatMap(({ identityPoolId, entries }) =>
    entries.map((each) => [
      identityPoolId,
      each.state,
      each.clientName,
      each.clientId,
      each.userPoolId,
      each.providerName,
      each.links.join(' '),
      each.since,
      each.by,
      each.unlinked,
      each.unlinkedBy,
    ]),
  ),
});

/** What the ledger knows as well, if the caller may read it. */
async function withLedger(
  terminal: Terminal,
  { session, stage }: { session: Session; stage: string },
  find: (ledgers: Ledgers | undefined) => Promise<FoundPool[]>,
): Promise<FoundPool[]> {
  try {
    return await find(new Ledgers(session, stage));
  } catch (error) {
    if (!isDenied(error)) throw error;
    terminal.note(
      'When and by which execution each entry was written is not shown: you may not read the table (dynamodb:Query).',
    );
    return find(undefined);
  }
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, link, ...filter } = optionsOf<Options>(command);
  const session = sessionOf(command);
  const machines = new Machines(session, stage);
  const request = await reconcileRequest({ terminal, command }, { link, repair: false });
  const execution = await machines.start('reconcile', { ...request, allEntries: true });
  terminal.note(execution);
  const ending = await machines.follow(execution, terminal);
  const { identityPools = [] }: ReconcileReport =
    'output' in ending ? ending.output : ending.report;
  const pools = await withLedger(terminal, { session, stage }, (ledgers) =>
    entriesIn(execution, identityPools, filter, ledgers),
  );
  if (filter.identityPool !== undefined && pools.length === 0 && identityPools.length > 0) {
    throw new UsageError(
      `No link leads to the identity pool ${filter.identityPool}. There are: ${identityPools.map(({ identityPoolId }) => identityPoolId).join(', ')}`,
    );
  }
  const document = { execution, identityPools: pools };
  const lines = (shown: typeof document) => linesOf(shown.identityPools, terminal);
  // Whether others could be looked at does not matter to those that were asked for.
  const areFine = pools.length > 0 && pools.every(({ failure }) => failure === undefined);
  if ('error' in ending && !areFine) {
    const summary = failedPools(document);
    const answer = { document, linesOf: lines, ...(summary && { summary }) };
    throw new Failure(ending.error, ending.message, answer);
  }
  terminal.answer(document, lines, (shown) => sheetOf(shown.identityPools));
  // Who asks for one state has seen what to do about it.
  const listed = filter.state === undefined ? pools.flatMap((pool) => pool.entries) : [];
  if (listed.some(({ state }) => state !== 'linked' && state !== 'foreign')) {
    const only = link === undefined ? '' : ` --link ${link}`;
    terminal.note(
      `What to do about entries that are neither linked nor foreign: ${terminal.commandLine(`status${only}`)}`,
    );
  }
}

/** Lists every entry of every identity pool in links.yml, and those that are missing there. */
export function entries(program: Command, terminal: Terminal): void {
  const command = program
    .command('entries')
    .description('list the entries of the identity pools: app client, user pool, link, state')
    .option('--link <name>', 'only the identity pool of this link')
    .option('--identity-pool <id>', 'only this identity pool')
    .option('--user-pool <id>', 'only entries of this user pool')
    .addOption(new Option('--state <state>', 'only entries in this state').choices(STATES));
  withLinksOption(command).action(() => run(terminal, command));
}
