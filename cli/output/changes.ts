import { styleText } from 'node:util';
import { type Change, expanded, type ShownChange } from '../../core/identity-pool/changes.ts';
import type { Difference } from '../../core/identity-pool/difference.ts';
import type { Provider } from '../../core/identity-pool/identity-pool.ts';
import { isShort } from '../../core/identity-pool/roles.ts';
import { faultIn, isFaulty, type Output, type TargetReport } from '../../core/request/outcome.ts';
import { providerLabel } from '../../core/user-pool.ts';
import { openLines } from './left-open.ts';
import { outcomeNote } from './outcome-note.ts';
import { type Faulty, remedyLines, WOULD_FAIL } from './remedies.ts';

/** One line of a difference. */
export interface DifferenceLine {
  sign: '+' | '-' | '~';
  /** What is added, removed or changed, in words. */
  what: string;
}

/** The names of app clients by their ids. */
export type Names = ReadonlyMap<string, string>;

const noNames: Names = new Map();

const signs = { add: '+', remove: '-', change: '~' } as const;
const colours = { '+': 'green', '-': 'red', '~': 'yellow' } as const;

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

function lineOfChange(change: Change, names: Names): DifferenceLine {
  switch (change.op) {
    case 'add':
    case 'remove':
      return { sign: signs[change.op], what: entryWords(change.provider, names) };
    case 'map':
    case 'unmap': {
      // The digest of one that is too long to show says nothing to people.
      const mapping = isShort(change.roleMapping) ? '' : `  ${JSON.stringify(change.roleMapping)}`;
      const what = `role mapping of  ${entryWords(change.provider, names)}${mapping}`;
      return { sign: change.op === 'map' ? '+' : '-', what };
    }
    case 'tag':
    case 'untag': {
      const { ProviderName = '' } = change.provider;
      const what = `principal tags of  ${providerLabel(ProviderName)}  ${JSON.stringify(change.principalTags)}`;
      return { sign: change.op === 'tag' ? '+' : '-', what };
    }
  }
}

/** Changes as lines of a difference, one for each entry, role mapping and tag map. */
export const linesOfChanges = (changes: ShownChange[], names = noNames): DifferenceLine[] =>
  changes.flatMap(expanded).map((change) => lineOfChange(change, names));

/** The difference of one entry between two snapshots, in words. */
function entryDifference({ op, before, after }: Difference, names: Names): string {
  const entry = (after ?? before) as Provider;
  if (op !== 'change') return entryWords(entry, names);
  const check = (value: unknown): boolean => (value as Provider).ServerSideTokenCheck === true;
  const words = entryWords({ ...entry, ServerSideTokenCheck: false }, names);
  return `${words}  server-side token check ${check(before)} → ${check(after)}`;
}

/** The difference of a setting, under the name that AWS has for it. */
const settingDifference = ({ member, before, after }: Difference): string => {
  const values = [before, after].filter((value) => value !== undefined);
  return `${member} ${values.map((value) => JSON.stringify(value)).join(' → ')}`;
};

/** Differences between two snapshots of an identity pool, as lines. */
export const linesOfDifferences = (differences: Difference[], names = noNames): DifferenceLine[] =>
  differences.map((difference) => ({
    sign: signs[difference.op],
    what:
      difference.member === 'CognitoIdentityProviders'
        ? entryDifference(difference, names)
        : settingDifference(difference),
  }));

const coloured = ({ sign, what }: DifferenceLine): string =>
  styleText(colours[sign], `${sign} ${what}`);

/** Changes as coloured lines. */
export const changeLines = (changes: ShownChange[], names?: Names): string[] =>
  linesOfChanges(changes, names).map(coloured);

/** Differences between two snapshots as coloured lines. */
export const differenceLines = (differences: Difference[], names?: Names): string[] =>
  linesOfDifferences(differences, names).map(coloured);

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
    ...openLines(result),
    `  as ${result.assumedRoleArn}`,
    ...(result.needsApproval ? ['  needs approval: a person must agree before it is written'] : []),
    ...(result.approval
      ? [`  approved by ${result.approval.approvedBy} (${result.approval.reason})`]
      : []),
    ...(result.writtenBy === undefined ? [] : [`  written by ${result.writtenBy}`]),
  ];
}

/** What the outcome does not say. */
function noteLines(result: TargetReport, input: string): string[] {
  if (isFaulty(result)) return [];
  const note = outcomeNote({ ...result, machine: 'link', status: 'SUCCEEDED' }, input);
  return note === undefined ? [] : [`  ${note}`];
}

/**
 * The output of an execution: outcome and changes for each identity pool.
 *
 * @param input of the execution, as JSON.
 */
export function outputLines(
  { results, notCovered }: Output,
  { names, input = '' }: { names?: Names | undefined; input?: string | undefined } = {},
): string[] {
  if (notCovered !== undefined) return [notCovered];
  const faultyOf = (outcome: TargetReport['outcome']): Faulty[] =>
    results
      .filter(isFaulty)
      .filter((result) => result.outcome === outcome)
      .map((result) => ({ ...result, fault: faultIn(result) }));
  return [
    ...results.flatMap((result) => [...resultLines(result, names), ...noteLines(result, input)]),
    ...remedyLines(faultyOf('PLANNED'), headOf('PLANNED'), WOULD_FAIL),
    ...remedyLines(faultyOf('FAILED'), headOf('FAILED')),
  ];
}
