import { styleText } from 'node:util';
import type { PoolNow } from '../../core/now/pool-now.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { counted } from '../../core/sentence.ts';
import { providerLabel } from '../../core/user-pool.ts';
import { notesOf, whyLinked } from './entry-notes.ts';
import { heading } from './heading.ts';
import { issuerSentence } from './issuers.ts';
import { faultLine, remedyLines, WOULD_FAIL } from './remedies.ts';
import { type Shorten, shortener, whole } from './short-ids.ts';
import { table } from './table.ts';

type Pool = ReconcileOutput['identityPools'][number];
type Entry = PoolReport['entries'][number];

const colours: Record<string, Parameters<typeof styleText>[0]> = {
  missing: 'yellow',
  orphaned: 'yellow',
  removed: 'red',
  uncovered: 'red',
  changed: 'red',
};

/** What a deployment without links has to show. */
export const NO_LINKS =
  'The links.yml that is deployed has no links, so there is nothing to compare. Add a link and deploy (docs/links.md).';

const failureLines = ({ failure }: Pool): string[] => (failure ? [faultLine(failure)] : []);

/** Identity pools that could not be looked at. */
function failedLines(failed: Pool[], width: number): string[] {
  const faulty = failed.flatMap(({ identityPoolId, links, failure }) =>
    failure ? [{ identityPoolId, links, fault: failure }] : [],
  );
  return remedyLines(faulty, (pool) => heading(pool, '', width));
}

/** The lines of identity pools that were looked at, then of those that were not. */
function allLines(
  { identityPools: pools }: ReconcileReport,
  width: number,
  linesOf: (pool: PoolReport) => string[],
): string[] {
  if (!pools) return [];
  if (pools.length === 0) return [NO_LINKS];
  const looked = pools.flatMap((pool) => ('counts' in pool ? [pool] : []));
  const failed = pools.filter((pool) => !('counts' in pool));
  return [...looked.flatMap(linesOf), ...failedLines(failed, width)];
}

const refusedLines = ({ wouldFail }: PoolReport): string[] =>
  wouldFail ? [faultLine(wouldFail, WOULD_FAIL)] : [];

const omittedLines = ({ omitted = 0 }: PoolReport): string[] =>
  omitted > 0 ? [`  and ${omitted} more; the log of ReconcileIdentityPool lists them`] : [];

/** Makes ids short, unless lines may have any length. */
const shortIn = (entries: Entry[], width: number): Shorten =>
  width === Number.POSITIVE_INFINITY ? whole : shortener(entries.map(({ clientId }) => clientId));

const refusedNote = ({ refused }: Entry): string[] =>
  refused === undefined ? [] : [`refused: ${refused}`];

function entryRows(entries: Entry[], width: number): string[] {
  const short = shortIn(entries, width);
  return table(
    entries.map((entry) => [
      `  ${styleText(colours[entry.state] ?? 'reset', entry.state)}`,
      entry.clientName ?? '',
      short(entry.clientId),
      providerLabel(entry.providerName),
      [...notesOf(entry), ...refusedNote(entry)].join(', '),
    ]),
    { width, cut: [1, 3] },
  );
}

function issuerLines({ issuers = [], omittedIssuers = 0 }: PoolReport): string[] {
  const lines = issuers.map((issuer) => `  ${issuerSentence(issuer)}`);
  return omittedIssuers > 0
    ? [
        ...lines,
        `  and ${counted(omittedIssuers, 'more user pool', 'more user pools')} whose issuer is not the original one`,
      ]
    : lines;
}

const countsLine = ({ counts, isAbout }: PoolReport & Pick<PoolNow, 'isAbout'>): string =>
  (isAbout ? 'about ' : '') +
  Object.entries(counts)
    .filter(([state, count]) => count > 0 || state === 'linked')
    .map(([state, count]) => `${state} ${count}`)
    .join(', ');

/** What was left because it is too early to judge it. Without this line, it would look as if all was well. */
export const earlyText = ({ early = 0, repaired }: PoolReport): string[] =>
  early > 0
    ? [
        `too early to judge ${counted(early, 'entry', 'entries')} written within the last minute: ${repaired ? 'repair' : 'look'} again in a minute`,
      ]
    : [];

const earlyLine = (pool: PoolReport): string[] => earlyText(pool).map((text) => `  ${text}`);

/** Whether there was anything to repair, or is in a minute. Most of many identity pools have nothing. */
const hadDrift = ({ repaired, entries, omitted = 0, early = 0 }: PoolReport): boolean =>
  repaired !== undefined &&
  repaired.linked + repaired.unlinked + entries.length + omitted + early > 0;

function repairedLine(pool: PoolReport): string[] {
  const { repaired, restored } = pool;
  if (!repaired || !hadDrift(pool)) return [];
  const again = restored === undefined ? '' : ` (${restored} restored)`;
  return [`  repaired: ${repaired.linked} linked${again}, ${repaired.unlinked} unlinked`];
}

/** The report of an execution of `reconcile`; empty if it failed early. */
export type ReconcileReport = Partial<ReconcileOutput>;

/** The entries of every identity pool that are not as they should be, and what was repaired. */
export const statusLines =
  (width: number) =>
  (report: ReconcileReport): string[] =>
    allLines(report, width, (pool) => [
      heading(pool, `${hadDrift(pool) ? ', before the repair' : ''}: ${countsLine(pool)}`, width),
      ...entryRows(pool.entries, width),
      ...omittedLines(pool),
      ...issuerLines(pool),
      ...repairedLine(pool),
      ...earlyLine(pool),
      ...failureLines(pool),
    ]);

const planSigns = { link: '+', unlink: '-' } as const;
const signColours = { '+': 'green', '-': 'red', '!': 'yellow' } as const;

function planRows(entries: Entry[], width: number): string[] {
  const short = shortIn(entries, width);
  const rows = entries.map(({ repair = 'link', refused, clientName = '', ...entry }) => {
    const sign = refused === undefined ? planSigns[repair] : '!';
    const pool = providerLabel(entry.providerName);
    return [
      `  ${styleText(signColours[sign], sign)}`,
      clientName,
      short(entry.clientId),
      pool,
      refused ?? whyLinked(entry),
    ];
  });
  return table(rows, { width, cut: [1, 3] });
}

/** What a repair would change in every identity pool, and what it would leave for a person to decide. */
export const planLines =
  (width: number) =>
  (report: ReconcileReport): string[] =>
    allLines(report, width, (pool) => {
      const changes = pool.entries.filter(({ repair }) => repair !== undefined);
      const left = pool.entries.filter(({ repair }) => repair === undefined);
      return [
        heading(pool, '', width),
        ...(changes.length > 0 ? planRows(changes, width) : ['  nothing would change']),
        ...(left.length > 0 ? ['  for a person to decide:', ...entryRows(left, width)] : []),
        ...omittedLines(pool),
        ...issuerLines(pool),
        ...earlyLine(pool),
        ...failureLines(pool),
        ...refusedLines(pool),
      ];
    });
