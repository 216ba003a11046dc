import { styleText } from 'node:util';
import { shellWord } from '../../core/command-line.ts';
import { executionOf } from '../../core/execution.ts';
import { grouped } from '../../core/grouped.ts';
import type { EntryState } from '../../core/reconcile/classify.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import { issuerIn, providerIn, userPoolIdOf } from '../../core/user-pool.ts';
import type { CommandLine } from './command-line.ts';
import type { ReconcileReport } from './reconcile-table.ts';

/** What a person can do about the entries in one state. */
export interface NextStep {
  state: EntryState;
  /** How many entries it is about. */
  entries: number;
  /** Each way, with its command: about all of them where it repairs, and about the first where a person decides. */
  ways: { what: string; command: string }[];
}

type Way = NextStep['ways'][number];

/** An answer that may have next steps. */
export interface Stepping {
  nextSteps?: NextStep[];
}

// What needs a person comes first.
const order: EntryState[] = ['removed', 'uncovered', 'changed', 'orphaned', 'missing'];

/** What the commands are made from. */
interface About {
  /** ARN of the reconcile that found the entries. */
  execution: string;
  /** Of a reconcile in parts: the execution that compared each identity pool. */
  lookedBy?: ReadonlyMap<string, string>;
  /** The link that it was limited to. */
  link: string | undefined;
  commandLine: CommandLine;
  /** Whether something else names the command that repairs. */
  isPlan?: boolean;
}

/** An entry, and its identity pool. */
type Found = PoolReport['entries'][number] & { pool: PoolReport };

const limited = (words: string, { link }: About): string =>
  link === undefined ? words : `${words} --link ${shellWord(link)}`;

const repairs: Partial<Record<EntryState, string>> = {
  missing: 'To link what is missing',
  orphaned: 'To unlink what has no app client any more',
  changed: 'To finish a write that was cut off',
  removed: 'To link again what others removed, as onRemoved: restore says',
};

/** The command that repairs all entries of a state. */
function repairing({ state }: Found, about: About): Way[] {
  const what = repairs[state];
  if (about.isPlan || what === undefined) return [];
  return [{ what, command: about.commandLine(limited('reconcile --repair', about)) }];
}

/** Whether an entry may be there under the other name of its user pool too. An unlink takes both. */
const mayHaveTwin = ({ providerName, pool }: Found): boolean =>
  issuerIn(providerName) === 'updated' ||
  (pool.issuers ?? []).some(({ userPoolId }) => userPoolId === providerIn(providerName));

/** The ways for an entry that no link asks for under its name. */
const uncovered = (
  found: Found,
  { link, unlink, entries }: { link: string; unlink: string; entries: string },
): Way[] =>
  mayHaveTwin(found)
    ? [
        {
          what: 'Add its app client to a link of links.yml, or set issuer: both there, and deploy; or, while a link covers its user pool, unlink it, under both names of its user pool',
          command: unlink,
        },
        { what: 'and link it again if a link covers its app client', command: link },
      ]
    : [
        // No link covers its app client, so an unlink is refused, and an undo is not.
        {
          what: 'Add its app client to a link of links.yml and deploy; or, while a link covers its user pool, undo the execution that wrote it. To see which',
          command: entries,
        },
      ];

/** The ways for an entry that a repair leaves to a person. */
function deciding(found: Found, about: About): Way[] {
  const { state, providerName, clientId, needsApproval, pool } = found;
  const { execution, lookedBy, commandLine } = about;
  const { partition, name } = executionOf(lookedBy?.get(pool.identityPoolId) ?? execution);
  const userPool = userPoolIdOf(providerName, partition) ?? providerName;
  const entry = `--user-pool ${shellWord(userPool)} --client ${shellWord(clientId)} --identity-pool ${pool.identityPoolId}`;
  const link = commandLine(`link ${entry}`);
  const unlink = commandLine(`unlink ${entry}`);
  if (needsApproval) {
    return [
      { what: 'To see whether it waits for approval already', command: commandLine('approvals') },
      { what: 'If not, ask for approval', command: state === 'orphaned' ? unlink : link },
    ];
  }
  const isAgreed = found.unlinked === true || pool.removedByOthers === undefined;
  const ways: Partial<Record<EntryState, Way[]>> = {
    removed: [
      ...(isAgreed
        ? []
        : [{ what: 'To see who removed it', command: commandLine(`show ${shellWord(name)}`) }]),
      {
        what: found.braked
          ? 'Once no tool removes it any more, link it again; then it is restored again too'
          : found.unlinked
            ? 'It was unlinked by request. If it should be there, link it again'
            : 'To link it again',
        command: link,
      },
      ...(isAgreed || found.staysOpen
        ? []
        : [{ what: 'To agree that it stays away', command: unlink }]),
    ],
    orphaned: [
      { what: 'Its links say onDelete: keep. To unlink it all the same', command: unlink },
    ],
    uncovered: uncovered(found, {
      link,
      unlink,
      entries: commandLine(`entries --state uncovered --identity-pool ${pool.identityPoolId}`),
    }),
    changed: [
      { what: 'Change its link in links.yml and deploy; or unlink it', command: unlink },
      { what: 'and link it again', command: link },
    ],
  };
  return ways[state] ?? [];
}

const isLeft = ({ repair }: Found): boolean => repair === undefined;

function waysFor(found: Found, about: About): Way[] {
  if (isLeft(found)) return deciding(found, about);
  if (found.refused === undefined) return repairing(found, about);
  // The plan fails with the reason.
  const command = about.commandLine(limited('plan', about));
  return about.isPlan
    ? []
    : [{ what: `A repair would be refused (${found.refused}). To see why`, command }];
}

/** A plan says nothing about foreign entries. */
function foreignStep(pools: PoolReport[], about: About): NextStep[] {
  if (about.isPlan) return [];
  const entries = pools.reduce((sum, { counts }) => sum + counts.foreign, 0);
  const command = about.commandLine(limited('entries --state foreign', about));
  const what = 'Left alone: no link covers it, and Poolbridge did not write it. To see it';
  return entries > 0 ? [{ state: 'foreign', entries, ways: [{ what, command }] }] : [];
}

/**
 * The next steps for everything that a reconcile has found and not repaired: once for each state. What was written
 * just now is left out, since its state may still turn out to be another, and so is what was restored.
 */
export function nextStepsOf({ identityPools = [] }: ReconcileReport, about: About): NextStep[] {
  const pools = identityPools.flatMap((pool) => ('counts' in pool ? [pool] : []));
  const all = pools.flatMap((pool) =>
    pool.entries
      .map((entry): Found => ({ ...entry, pool }))
      .filter(({ recent, restored }) => !(recent || restored)),
  );
  // What was repaired, or why not, is in the report of the repair.
  const open = all.filter((found) => found.pool.repaired === undefined || isLeft(found));
  const groups = grouped(open, (found) =>
    [
      found.state,
      found.repair,
      found.refused,
      found.needsApproval,
      found.braked,
      found.unlinked,
      found.staysOpen,
      found.state === 'uncovered' && mayHaveTwin(found),
    ].join(' '),
  );
  const steps = [...groups.values()].flatMap((group): NextStep[] => {
    const [first] = group;
    if (!first) return [];
    const [way, ...more] = waysFor(first, about);
    if (!way) return [];
    const { length } = group;
    // These commands are about one entry.
    const what = isLeft(first) && length > 1 ? `The first of ${length}. ${way.what}` : way.what;
    return [{ state: first.state, entries: length, ways: [{ ...way, what }, ...more] }];
  });
  const inOrder = order.flatMap((state) => steps.filter((step) => step.state === state));
  return [...inOrder, ...foreignStep(pools, about)];
}

/** The next steps as lines: each command at the end of its own. */
export function nextStepLines({ nextSteps = [] }: Stepping): string[] {
  if (nextSteps.length === 0) return [];
  const width = Math.max(...nextSteps.map(({ state }) => state.length));
  const lines = nextSteps.flatMap(({ state, ways }) =>
    ways.map(
      ({ what, command }, i) => `  ${(i === 0 ? state : '').padEnd(width)}  ${what}: ${command}`,
    ),
  );
  return [styleText('bold', 'Next steps:'), ...lines];
}
