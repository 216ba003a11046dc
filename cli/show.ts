import { styleText } from 'node:util';
import { expanded, type ShownChange } from '../core/merge.ts';
import type { Output, TargetReport } from '../core/outcome.ts';

const marks = { add: '+', remove: '-' } as const;
const colours = { add: 'green', remove: 'red' } as const;

/** Changes as people read differences, one line for each entry. */
export function changeLines(changes: ShownChange[]): string[] {
  return changes.flatMap(expanded).map(({ op, provider }) => {
    const entry = JSON.stringify(provider).replaceAll('","', '", "');
    return styleText(colours[op], `${marks[op]} CognitoIdentityProviders ${entry}`);
  });
}

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
