import { stripVTControlCharacters } from 'node:util';
import type { Fault } from '../../core/failure.ts';
import { expanded, isEntryChange } from '../../core/identity-pool/changes.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import { faultIn, isFaulty, type TargetReport } from '../../core/request/outcome.ts';
import { counted } from '../../core/sentence.ts';
import { providerLabel } from '../../core/user-pool.ts';
import { type Amount, amountSentence, changesAnything } from './amount.ts';
import { linesOfChanges, type Names } from './changes.ts';
import { notesOf, whyLinked } from './entry-notes.ts';
import { failedPools } from './failed-pools.ts';
import { issuerSentence } from './issuers.ts';
import type { Stepping } from './next-steps.ts';
import { type Paused, pauseLines } from './pause-lines.ts';
import { earlyText, type ReconcileReport } from './reconcile-table.ts';

/** What a plan is about, beside its report. */
interface About {
  stage: string;
  amount: Amount;
  /** Why it failed, if it did. */
  failure?: Fault | undefined;
  /** The command that applies it. */
  apply: string;
  /** The command that resumes writes, if they are paused. */
  resume: string;
  /** The names of app clients by their ids. */
  names: Names;
}

/** One identity pool: a headline that is always shown, and what is shown if there is room. */
interface Part {
  headline: string;
  body: string[];
}

// GitHub's comments and pull requests have at most 65,536 characters.
const ROOM = 60_000;
// Longer tables are folded.
const MOST_OPEN = 20;

/**
 * A text of others as code, in which Markdown, HTML, mentions and references mean nothing.
 *
 * @see https://spec.commonmark.org/0.31.2/#code-spans
 */
function code(text: string): string {
  if (text === '') return '';
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^[`\s]|[`\s]$/.test(text) ? ' ' : '';
  // A pipe ends a cell of a table, even in code.
  return `${fence}${pad}${text.replaceAll('|', '\\|')}${pad}${fence}`;
}

const row = (cells: string[]): string => `| ${cells.join(' | ')} |`;

/** A table, folded if it is long. */
function tableOf(head: string[], rows: string[][], summary: string): string[] {
  const lines = [row(head), row(head.map(() => '---')), ...rows.map(row)];
  if (rows.length <= MOST_OPEN) return [...lines, ''];
  return [`<details><summary>${summary}</summary>`, '', ...lines, '', '</details>', ''];
}

const headlineOf = ({ identityPoolId, links }: { identityPoolId: string; links: string[] }) =>
  `### ${code(identityPoolId)} (${links.map(code).join(', ')})`;

const faultLines = (fault: Fault | undefined): string[] =>
  fault ? [`> **${code(fault.error)}**: ${code(fault.message)}`, ''] : [];

const changesHead = ['', 'App client', 'Id', 'User pool', ''];
const signs = { link: '➕', unlink: '➖', add: '➕', remove: '➖' } as const;

type Entry = PoolReport['entries'][number];

const changeRow = ({ repair = 'link', refused, clientName = '', ...entry }: Entry): string[] => [
  refused === undefined ? signs[repair] : '⚠️',
  code(clientName),
  code(entry.clientId),
  code(providerLabel(entry.providerName)),
  refused === undefined ? whyLinked(entry) : `refused: ${code(refused)}`,
];

// It is read later.
const RECENT = 'in the minute before this plan';

const leftRow = (entry: Entry): string[] => [
  [entry.state, ...notesOf(entry, RECENT)].join(', '),
  code(entry.clientName ?? ''),
  code(entry.clientId),
  code(providerLabel(entry.providerName)),
];

/** What is left to a person: folded, since the plan does not change it. */
function leftLines(left: Entry[]): string[] {
  if (left.length === 0) return [];
  const head = ['State', 'App client', 'Id', 'User pool'];
  const lines = [row(head), row(head.map(() => '---')), ...left.map(leftRow).map(row)];
  const summary = `For a person to decide: ${left.length}`;
  return [`<details><summary>${summary}</summary>`, '', ...lines, '', '</details>', ''];
}

function poolPart(pool: NonNullable<ReconcileReport['identityPools']>[number]): Part {
  const headline = headlineOf(pool);
  if (!('counts' in pool)) return { headline, body: faultLines(pool.failure) };
  const { entries, issuers = [], omitted = 0, failure, wouldFail } = pool;
  const changes = entries.filter(({ repair }) => repair !== undefined);
  const left = entries.filter(({ repair }) => repair === undefined);
  return {
    headline,
    body: [
      ...(changes.length > 0
        ? tableOf(changesHead, changes.map(changeRow), counted(changes.length, 'change'))
        : ['Nothing would change.', '']),
      ...leftLines(left),
      ...(omitted > 0
        ? [
            `There ${omitted === 1 ? 'is' : 'are'} ${omitted} more, for which the report has no room.`,
            '',
          ]
        : []),
      ...issuers.flatMap((issuer) => [`> ${issuerSentence(issuer)}`, '']),
      ...earlyText(pool).flatMap((text) => [`> ${text}`, '']),
      ...faultLines(failure),
      ...faultLines(wouldFail),
    ],
  };
}

function targetPart(result: TargetReport, names: Names): Part {
  const headline = headlineOf(result);
  if (isFaulty(result)) return { headline, body: faultLines(faultIn(result)) };
  const changes = result.changes.flatMap(expanded);
  const rows = changes.map((change) => {
    if (isEntryChange(change)) {
      const { ProviderName = '', ClientId = '', ServerSideTokenCheck } = change.provider;
      const name = names.get(ClientId) ?? '';
      const check = ServerSideTokenCheck ? 'with a server-side token check' : '';
      return [
        signs[change.op],
        code(name),
        code(ClientId),
        code(providerLabel(ProviderName)),
        check,
      ];
    }
    const [{ sign, what } = { sign: '~', what: '' }] = linesOfChanges([change], names);
    return [sign === '+' ? signs.add : signs.remove, '', '', '', code(what)];
  });
  return {
    headline,
    body: [
      ...(rows.length > 0
        ? tableOf(changesHead, rows, counted(rows.length, 'change'))
        : [`Nothing would change: ${code(result.outcome)}.`, '']),
      ...(result.needsApproval ? ['A person must approve it before it is written.', ''] : []),
    ],
  };
}

/** The next steps, as a list. */
function stepLines({ nextSteps = [] }: Stepping): string[] {
  const all = nextSteps.flatMap(({ state, ways }) =>
    ways.map(({ what, command }) => `- ${code(state)} ${what}: ${code(command)}`),
  );
  return all.length > 0 ? ['Next steps:', '', ...all, ''] : [];
}

/** The parts, of which those that do not fit have only their headline. */
function fitted(parts: Part[], room: number): string[] {
  let left = room - parts.reduce((sum, { headline }) => sum + headline.length + 60, 0);
  return parts.flatMap(({ headline, body }) => {
    left -= body.join('\n').length;
    const isShown = left >= 0;
    return [
      headline,
      '',
      ...(isShown ? body : ['Left out, since a comment has no room for it.', '']),
    ];
  });
}

/** How much would change, as far as that is known, and that the rest is not. */
function headline(report: Parameters<typeof failedPools>[0], { amount, failure }: About): string {
  if (!failure) return amountSentence(amount);
  const isKnown = changesAnything(amount) || amount.needApproval > 0;
  const failed = failedPools(report) ?? 'The plan failed.';
  return isKnown ? `${amountSentence(amount)} ${failed}` : failed;
}

/**
 * A plan as Markdown for a pull request: a table for each identity pool, with long ones folded. It fits one comment.
 *
 * @param shown the report of an execution of `reconcile` or of a dry run of `link`, with every character visible.
 */
export function planMarkdown(
  shown: ReconcileReport & Paused & Stepping & { results?: unknown },
  about: About,
): string[] {
  const { stage, amount, apply, names, resume, failure } = about;
  const { identityPools = [], results } = shown;
  const targets = Array.isArray(results) ? (results as TargetReport[]) : [];
  const parts = [
    ...identityPools.map(poolPart),
    ...targets.map((target) => targetPart(target, names)),
  ];
  return [
    `## Poolbridge plan, stage ${code(stage)}`,
    '',
    ...pauseLines(shown, resume).flatMap((line) => [
      `> ${code(stripVTControlCharacters(line))}`,
      '',
    ]),
    `**${headline(shown, about)}**`,
    '',
    // The identity pools say why they failed.
    ...(parts.length > 0 ? fitted(parts, ROOM) : faultLines(failure)),
    ...stepLines(shown),
    ...(changesAnything(amount) ? ['To apply:', '', '```sh', apply, '```'] : []),
  ];
}
