import { styleText } from 'node:util';
import type { Difference } from '../core/diff.ts';
import { expanded, type ShownChange } from '../core/merge.ts';
import type { Output, TargetReport } from '../core/outcome.ts';

const members = {
  add: '+ CognitoIdentityProviders',
  remove: '- CognitoIdentityProviders',
  map: '+ RoleMappings',
  unmap: '- RoleMappings',
  tag: '+ PrincipalTags',
  untag: '- PrincipalTags',
} as const;

/** Changes as people read differences, one line for each entry, role mapping and tag map. */
export function changeLines(changes: ShownChange[]): string[] {
  return changes.flatMap(expanded).map(({ op, provider, ...beside }) => {
    const what = JSON.stringify({ ...provider, ...beside }).replaceAll('","', '", "');
    const member = members[op];
    return styleText(member.startsWith('+') ? 'green' : 'red', `${member} ${what}`);
  });
}

const signs = { add: '+', remove: '-', change: '~' } as const;
const colours = { add: 'green', remove: 'red', change: 'yellow' } as const;

/** Differences between two descriptions of an identity pool, as people read them. */
export const differenceLines = (differences: Difference[]): string[] =>
  differences.map(({ op, member, before, after }) => {
    const values = [before, after].filter((value) => value !== undefined);
    const what = values.map((value) => JSON.stringify(value)).join(' → ');
    return styleText(colours[op], `${signs[op]} ${member} ${what}`);
  });

function resultLines(result: TargetReport): string[] {
  const { identityPoolId, links, outcome } = result;
  const head = `${styleText('bold', outcome)} ${identityPoolId} (${links.join(', ')})`;
  if (result.outcome === 'FAILED') return [head, `  ${result.error}: ${result.message}`];
  // Not before against after: those are of the whole write, which other requests may share.
  return [
    head,
    ...changeLines(result.changes).map((line) => `  ${line}`),
    `  as ${result.assumedRoleArn}`,
    ...(result.approval
      ? [`  approved by ${result.approval.approvedBy} (${result.approval.reason})`]
      : []),
    ...(result.writtenBy === undefined ? [] : [`  written by ${result.writtenBy}`]),
  ];
}

/** What an execution came to: outcome and changes for each identity pool. */
export function outputLines({ results, notCovered }: Output): string[] {
  return notCovered === undefined ? results.flatMap(resultLines) : [notCovered];
}
