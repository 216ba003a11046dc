import { styleText } from 'node:util';
import { expanded, isEntryChange, type ShownChange } from '../../core/identity-pool/changes.ts';
import type { Difference } from '../../core/identity-pool/difference.ts';
import type { Provider } from '../../core/identity-pool/identity-pool.ts';
import { faultIn, isFaulty, type Output, type TargetReport } from '../../core/request/outcome.ts';
import { providerLabel } from '../../core/user-pool.ts';
import { type Faulty, remedyLines, WOULD_FAIL } from './remedies.ts';

const members = {
  add: ['+', 'CognitoIdentityProviders'],
  remove: ['-', 'CognitoIdentityProviders'],
  map: ['+', 'RoleMappings'],
  unmap: ['-', 'RoleMappings'],
  tag: ['+', 'PrincipalTags'],
  untag: ['-', 'PrincipalTags'],
} as const;

/** One line of a difference. */
export interface DifferenceLine {
  sign: '+' | '-' | '~';
  /** The member of the identity pool. */
  member: string;
  /** JSON. */
  what: string;
}

/** Changes as lines of a difference, one for each entry, role mapping and tag map. */
export const linesOfChanges = (changes: ShownChange[]): DifferenceLine[] =>
  changes.flatMap(expanded).map(({ op, provider, ...beside }) => {
    const [sign, member] = members[op];
    const what = JSON.stringify({ ...provider, ...beside }).replaceAll('","', '", "');
    return { sign, member, what };
  });

const signs = { add: '+', remove: '-', change: '~' } as const;
const colours = { '+': 'green', '-': 'red', '~': 'yellow' } as const;

/** Differences between two snapshots of an identity pool, as lines. */
export const linesOfDifferences = (differences: Difference[]): DifferenceLine[] =>
  differences.map(({ op, member, before, after }) => {
    const values = [before, after].filter((value) => value !== undefined);
    const what = values.map((value) => JSON.stringify(value)).join(' → ');
    return { sign: signs[op], member, what };
  });

const coloured = ({ sign, member, what }: DifferenceLine): string =>
  styleText(colours[sign], `${sign} ${member} ${what}`);

/** The names of app clients by their ids. */
export type Names = ReadonlyMap<string, string>;

const noNames: Names = new Map();

/** An entry as people name it: the app client, its user pool, and what is not the default. */
function entryWords({ ProviderName = '', ClientId = '', ...more }: Provider, names: Names): string {
  const name = names.get(ClientId);
  return [
    ...(name === undefined ? [] : [name]),
    ClientId,
    providerLabel(ProviderName),
    ...(more.ServerSideTokenCheck ? ['with a server-side token check'] : []),
  ].join('  ');
}

/** Changes as coloured lines for people: entries in words, and what is beside them as JSON. */
export const changeLines = (changes: ShownChange[], names = noNames): string[] =>
  changes.flatMap(expanded).flatMap((change) => {
    if (!isEntryChange(change)) return linesOfChanges([change]).map(coloured);
    const sign = change.op === 'add' ? '+' : '-';
    return styleText(colours[sign], `${sign} ${entryWords(change.provider, names)}`);
  });

/** The difference of one entry between two snapshots. */
function entryDifference({ op, before, after }: Difference, names: Names): string {
  const sign = signs[op];
  const entry = (after ?? before) as Provider;
  const check = (value: unknown): boolean => (value as Provider).ServerSideTokenCheck === true;
  const words =
    op === 'change'
      ? `${entryWords({ ...entry, ServerSideTokenCheck: false }, names)}  server-side token check ${check(before)} → ${check(after)}`
      : entryWords(entry, names);
  return styleText(colours[sign], `${sign} ${words}`);
}

/** Differences between two snapshots as coloured lines for people. */
export const differenceLines = (differences: Difference[], names = noNames): string[] =>
  differences.flatMap((difference) =>
    difference.member === 'CognitoIdentityProviders'
      ? entryDifference(difference, names)
      : linesOfDifferences([difference]).map(coloured),
  );

/** The changes that another request of the same write cancelled. */
export const cancelledLines = (cancelled: ShownChange[] = []): string[] =>
  cancelled.length === 0
    ? []
    : [
        '  cancelled by another request in the same write, so the identity pool never had:',
        ...changeLines(cancelled).map((line) => `    ${line}`),
      ];

const headOf =
  (outcome: string) =>
  ({ identityPoolId, links }: Pick<TargetReport, 'identityPoolId' | 'links'>): string =>
    `${styleText('bold', outcome)} ${identityPoolId} (${links.join(', ')})`;

function resultLines(result: TargetReport, names?: Names): string[] {
  if (isFaulty(result)) return [];
  // Not the difference between before and after: the write may also hold the changes of other requests.
  return [
    headOf(result.outcome)(result),
    ...changeLines(result.changes, names).map((line) => `  ${line}`),
    ...cancelledLines(result.cancelled),
    ...(result.issuer === undefined ? [] : [`  the user pool has the ${result.issuer} issuer`]),
    `  as ${result.assumedRoleArn}`,
    ...(result.needsApproval ? ['  needs approval: a person must agree before it is written'] : []),
    ...(result.approval
      ? [`  approved by ${result.approval.approvedBy} (${result.approval.reason})`]
      : []),
    ...(result.writtenBy === undefined ? [] : [`  written by ${result.writtenBy}`]),
  ];
}

/** The output of an execution: outcome and changes for each identity pool. */
export function outputLines({ results, notCovered }: Output, names?: Names): string[] {
  if (notCovered !== undefined) return [notCovered];
  const faultyOf = (outcome: TargetReport['outcome']): Faulty[] =>
    results
      .filter(isFaulty)
      .filter((result) => result.outcome === outcome)
      .map((result) => ({ ...result, fault: faultIn(result) }));
  return [
    ...results.flatMap((result) => resultLines(result, names)),
    ...remedyLines(faultyOf('PLANNED'), headOf('PLANNED'), WOULD_FAIL),
    ...remedyLines(faultyOf('FAILED'), headOf('FAILED')),
  ];
}
