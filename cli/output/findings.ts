import { styleText } from 'node:util';
import type { PoolReport, ReconcileOutput } from '../../core/reconcile/report.ts';
import { providerLabel } from '../../core/user-pool.ts';
import { issuerSentence } from './issuers.ts';
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

const headOf = ({ identityPoolId, links }: Pool): string =>
  `${styleText('bold', identityPoolId)} (${links.join(', ')})`;

const failureLines = ({ failure }: Pool): string[] =>
  failure ? [`  ${styleText('red', failure.error)}: ${failure.message}`] : [];

const omittedLines = ({ omitted = 0 }: PoolReport): string[] =>
  omitted > 0 ? [`  and ${omitted} more; the log of ReconcileIdentityPool lists them`] : [];

const entryRows = (entries: Entry[]): string[] =>
  table(
    entries.map((entry) => [
      `  ${styleText(colours[entry.state] ?? 'reset', entry.state)}`,
      providerLabel(entry.providerName),
      entry.clientId,
      entry.clientName ?? '',
      entry.needsApproval ? 'needs approval' : '',
    ]),
  );

function issuerLines({ issuers = [], omittedIssuers = 0 }: PoolReport): string[] {
  const lines = issuers.map((issuer) => `  ${issuerSentence(issuer)}`);
  return omittedIssuers > 0
    ? [...lines, `  and ${omittedIssuers} more user pools whose issuer is not the original one`]
    : lines;
}

const countsLine = (counts: PoolReport['counts']): string =>
  Object.entries(counts)
    .filter(([state, count]) => count > 0 || state === 'linked')
    .map(([state, count]) => `${state} ${count}`)
    .join(', ');

function repairedLine({ repaired }: PoolReport): string[] {
  if (!repaired) return [];
  return [`  repaired: ${repaired.linked} linked, ${repaired.unlinked} unlinked`];
}

/** The report of an execution of `reconcile`; empty if it failed early. */
export type ReconcileReport = Partial<ReconcileOutput>;

/** The entries of every identity pool that are not as they should be, and what was repaired. */
export const statusLines = ({ identityPools = [] }: ReconcileReport): string[] =>
  identityPools.flatMap((pool) => {
    if (!('counts' in pool)) return [headOf(pool), ...failureLines(pool)];
    return [
      `${headOf(pool)}: ${countsLine(pool.counts)}`,
      ...entryRows(pool.entries),
      ...omittedLines(pool),
      ...issuerLines(pool),
      ...repairedLine(pool),
      ...failureLines(pool),
    ];
  });

function planLine(entry: Entry): string {
  const { repair, providerName, clientId, clientName } = entry;
  const what = `CognitoIdentityProviders ${JSON.stringify({ ProviderName: providerName, ClientId: clientId }).replaceAll('","', '", "')}`;
  const name = clientName === undefined ? '' : ` ${clientName}`;
  if (entry.refused !== undefined) {
    return styleText('yellow', `  ! ${what}${name}: ${entry.refused}`);
  }
  return repair === 'link'
    ? styleText('green', `  + ${what}${name}`)
    : styleText('red', `  - ${what}${name}`);
}

/** What a repair would change in every identity pool, and what it would leave for a person to decide. */
export const planLines = ({ identityPools = [] }: ReconcileReport): string[] =>
  identityPools.flatMap((pool) => {
    if (!('counts' in pool)) return [headOf(pool), ...failureLines(pool)];
    const changes = pool.entries.filter(({ repair }) => repair !== undefined);
    const left = pool.entries.filter(({ repair }) => repair === undefined);
    return [
      headOf(pool),
      ...(changes.length > 0 ? changes.map(planLine) : ['  nothing would change']),
      ...(left.length > 0 ? ['  for a person to decide:', ...entryRows(left)] : []),
      ...omittedLines(pool),
      ...issuerLines(pool),
      ...failureLines(pool),
    ];
  });
