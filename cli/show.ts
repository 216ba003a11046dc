import { styleText } from 'node:util';
import { type Difference, diff } from '../core/diff.ts';
import type { Output, TargetReport } from '../core/outcome.ts';

const marks = { add: '+', remove: '-', change: '~' } as const;
const colours = { add: 'green', remove: 'red', change: 'yellow' } as const;

const text = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)?.replaceAll('","', '", "');

/** A difference as people read differences, one line for each thing. */
export function differenceLines(differences: Difference[]): string[] {
  return differences.map(({ op, member, before, after }) => {
    const what = op === 'change' ? `${text(before)} → ${text(after)}` : text(after ?? before);
    return styleText(colours[op], `${marks[op]} ${member} ${what}`);
  });
}

function resultLines(result: TargetReport): string[] {
  const { identityPoolId, links, outcome } = result;
  const head = `${styleText('bold', outcome)} ${identityPoolId} (${links.join(', ')})`;
  if (result.outcome === 'FAILED') return [head, `  ${result.error}: ${result.message}`];
  const differences = differenceLines(diff(result.before, result.after));
  return [head, ...differences.map((line) => `  ${line}`), `  as ${result.assumedRoleArn}`];
}

/** What an execution came to: outcome and difference for each identity pool. */
export function outputLines({ results, notCovered }: Output): string[] {
  return notCovered === undefined ? results.flatMap(resultLines) : [notCovered];
}
