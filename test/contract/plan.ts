import type { Kind } from './manifest.ts';
import type { Place } from './place.ts';

interface Making {
  kind: Kind;
  where: 'a' | 'b';
  /** How many the whole suite makes; with `--only`, fewer. */
  count: number;
}

/** Everything that the suite makes. A test compares it with the manifest of a run. */
export const makings: Making[] = [
  { kind: 'user pool', where: 'a', count: 4 },
  { kind: 'queue', where: 'a', count: 2 },
  { kind: 'rule', where: 'a', count: 2 },
  { kind: 'role', where: 'a', count: 1 },
  { kind: 'identity pool', where: 'b', count: 21 },
  { kind: 'role', where: 'b', count: 6 },
  { kind: 'event bus', where: 'b', count: 1 },
  { kind: 'queue', where: 'b', count: 1 },
  { kind: 'stack', where: 'b', count: 2 },
];

const listOf = (where: Making['where']): string =>
  makings
    .filter((each) => each.where === where)
    .map(({ kind, count }) => `${count} ${kind}${count === 1 ? '' : 's'}`)
    .join(', ');

const named = ({ account, region, profile }: Place): string =>
  `${account} in ${region}${profile === undefined ? '' : ` (profile ${profile})`}`;

/** What a run makes and where, what it costs and how long it takes. It is shown before the start. */
export function planOf(a: Place, b: Place, { records }: { records: boolean }): string {
  return [
    'This run makes, and removes at its end:',
    `  Account-A ${named(a)}: at most ${listOf('a')}`,
    `  Account-B ${named(b)}: at most ${listOf('b')}`,
    'The names of all of them begin with poolbridge-contract-. Nothing else is changed.',
    // https://aws.amazon.com/cognito/pricing/
    'It costs nothing, or a few cents where the free tier of Amazon Cognito is used up: three users',
    'sign in, and each counts as a monthly active user.',
    records
      ? 'It takes about 5 minutes, and up to 15 more for the event history of CloudTrail.'
      : 'It takes about 5 minutes.',
    'Ctrl-C stops it and removes what it has made. If it is killed, the next run or --clean does.',
  ].join('\n');
}
