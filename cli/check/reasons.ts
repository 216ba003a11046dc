import { executionOf } from '../../core/execution.ts';
import { expanded } from '../../core/identity-pool/changes.ts';
import { coverageOf, needsClientName, userPoolIn } from '../../core/links/coverage.ts';
import { globMatches, globsInclude, isExclusion } from '../../core/links/glob.ts';
import type { Links } from '../../core/links/links.ts';
import { moment } from '../../core/moment.ts';
import {
  type FaultyReport,
  faultIn,
  isFaulty,
  type TargetReport,
} from '../../core/request/outcome.ts';
import { issuerIn } from '../../core/user-pool.ts';
import { type Pause, pausedText } from '../../core/write/pause.ts';
import type { LastWrite } from '../executions/entries.ts';
import type { WaitingRequest } from '../executions/waiting.ts';
import type { CommandLine } from '../output/command-line.ts';

/** One identity pool of a request that did not fail there. */
type Succeeded = Exclude<TargetReport, FaultyReport>;

/** Why the users of an app client get no credentials, or may not. */
export const REASONS = [
  'no such app client',
  'not covered',
  'not deployed',
  'excluded',
  'waits for approval',
  'entry missing',
  'entry of another',
  'quota',
  'role mapping',
  'role refused',
  'identity pool missing',
  'paused',
  'failed',
  'not visible',
] as const;

/** One reason, what was found, and the next step. */
export interface Reason {
  reason: (typeof REASONS)[number];
  /** Whether it alone keeps users from getting credentials. */
  blocks: boolean;
  /** Whether it hides if the entry is there, so that users may get credentials all the same. */
  isUnseen?: true;
  found: string;
  /** What shows more, before anything is done. */
  look?: string;
  todo: string;
}

/** What is known of an app client and one of its identity pools. */
export interface Known {
  /** Makes the commands that a reason names. */
  commandLine: CommandLine;
  userPoolId: string;
  clientId: string;
  waiting: WaitingRequest[];
  pause: { pause: Pause | undefined } | undefined;
  /** What the ledger has of the entry, or of the one that is missing; undefined if the ledger could not be read. */
  entry: LastWrite | undefined;
}

const byError: Record<string, Reason['reason']> = {
  UserPoolClientNotFoundError: 'no such app client',
  NotCoveredError: 'not covered',
  ProviderQuotaError: 'quota',
  RoleMappingError: 'role mapping',
  TargetAccessDeniedError: 'role refused',
  UserPoolAccessDeniedError: 'role refused',
  IdentityPoolNotFoundError: 'identity pool missing',
};

const todos: Partial<Record<Reason['reason'], string>> = {
  'not covered':
    'If it should be linked, name the user pool in userPools of a link, and the app client in its clients, in links.yml. Then deploy.',
  quota:
    'Unlink app clients that no longer exist, or raise the quota L-14403AD5, set providerQuota and deploy.',
  'role mapping': 'Correct roleMapping in links.yml, or remove the mapping that is left behind.',
  'role refused': 'Deploy the template that the message names, in the account that it names.',
  'identity pool missing': 'Correct identityPool in links.yml, or create the identity pool.',
};

// An error of any other kind says that there is no entry.
const UNSEEN: Reason['reason'][] = ['role mapping', 'role refused', 'failed'];

/** The reason that an error stands for. */
export function reasonOfError(
  { error, message }: { error: string; message: string },
  commandLine: CommandLine,
): Reason {
  const reason = byError[error] ?? 'failed';
  return {
    reason,
    blocks: true,
    ...(UNSEEN.includes(reason) && { isUnseen: true }),
    found: message,
    todo:
      reason === 'no such app client'
        ? `Check both ids. To see those that have entries: ${commandLine('entries')}`
        : (todos[reason] ?? `Look up ${error} in docs/runbook.md.`),
  };
}

/** What the links of the working copy are asked about. */
interface Asked {
  userPoolId: string;
  /** Absent if the app client was not found. */
  clientName: string | undefined;
  /** The links.yml, as it is shown. */
  file: string;
  /** The command that deploys it. */
  deploy: string;
}

/**
 * That the links of the working copy cover an app client, which those of the deployment do not.
 *
 * @returns undefined if they do not cover it either, or only the tags of the user pool can tell.
 */
export function undeployedIn(
  links: Links,
  { userPoolId, clientName, file, deploy }: Asked,
): Reason | undefined {
  const pool = userPoolIn(links, userPoolId);
  if (clientName === undefined && needsClientName(links, pool)) return undefined;
  const subject = { ...pool, ...(clientName !== undefined && { clientName }) };
  const names = coverageOf(links, subject).flatMap((each) => each.links);
  if (names.length === 0) return undefined;
  return {
    reason: 'not deployed',
    blocks: true,
    found: `By ${file}, it is covered (${names.join(', ')}), but that is not deployed.`,
    todo: `Deploy it: ${deploy}`,
  };
}

/**
 * Why no link covers an app client, by the name of the client and the links.yml of the working copy. That of the
 * deployment may differ.
 *
 * @returns undefined if links.yml does not explain it.
 */
export function exclusionOf(
  links: Links,
  { userPoolId, clientName, file }: Pick<Asked, 'userPoolId' | 'file'> & { clientName: string },
): Reason | undefined {
  const naming = Object.entries(links).filter(([, { userPools }]) =>
    userPools?.includes(userPoolId),
  );
  const excluding = naming.filter(([, { clients }]) => !globsInclude(clients, clientName));
  if (naming.length === 0 || excluding.length < naming.length) return undefined;
  const found = excluding.map(([name, { clients }]) => {
    const glob = clients.findLast(
      (each) => isExclusion(each) && globMatches(each.slice(1), clientName),
    );
    return glob === undefined
      ? `${name} names the user pool, but not the app client ${clientName} (clients: ${clients.join(', ')})`
      : `${name} excludes the app client ${clientName} by ${glob}`;
  });
  return {
    reason: 'excluded',
    blocks: true,
    found: `By ${file}, ${found.join('; ')}.`,
    todo: 'If it should be linked, change clients of the link in links.yml, and deploy.',
  };
}

const linking = ({ commandLine, userPoolId, clientId }: Known, identityPoolId: string): string =>
  commandLine(
    `link --user-pool ${userPoolId} --client ${clientId} --identity-pool ${identityPoolId}`,
  );

function waits(known: Known, identityPoolId: string): Reason[] {
  return known.waiting
    .filter(
      (each) =>
        each.identityPoolId === identityPoolId &&
        each.operation === 'link' &&
        each.clientId === known.clientId,
    )
    .map(({ execution, since }) => ({
      reason: 'waits for approval',
      blocks: true,
      found: `The link has waited for approval since ${moment(since)}.`,
      todo: `Decide: ${known.commandLine(`approve ${executionOf(execution).name} --identity-pool ${identityPoolId} --reason "…"`)}`,
    }));
}

/** What Poolbridge did last to an entry that is not there. */
function lastWriteText({ since, unlinked, unlinkedBy }: LastWrite = {}): string[] {
  if (since !== undefined) {
    return [`Poolbridge wrote it last at ${moment(since)}, and has not unlinked it since.`];
  }
  if (unlinked === undefined) return [];
  const by = unlinkedBy === undefined ? '' : `, by ${executionOf(unlinkedBy).name}`;
  return [`Poolbridge unlinked it at ${moment(unlinked)}${by}.`];
}

/** The names of the user pool under which a result says that the entry is missing. */
export const missingNames = (result: TargetReport): string[] =>
  isFaulty(result)
    ? []
    : result.changes
        .flatMap(expanded)
        .flatMap((change) => (change.op === 'add' ? (change.provider.ProviderName ?? []) : []));

/** That an entry is missing. There may be one under the other name of the user pool. */
function missingText({ issuer }: Pick<Succeeded, 'issuer'>, names: string[]): string {
  const [missed] = names.map(issuerIn);
  if (names.length !== 1 || (missed !== 'updated' && issuer === undefined)) {
    return 'The identity pool has no entry for it.';
  }
  const other = missed === 'updated' ? 'original' : 'updated';
  return `The identity pool has no entry for it under the ${missed} issuer of its user pool. If it has one under the ${other} issuer, AWS does not document whether that is enough.`;
}

/** What keeps a link that is missing from being written. */
function missing(known: Known, result: Succeeded, names: string[]): Reason[] {
  const { identityPoolId } = result;
  const paused: Reason[] = known.pause
    ? [
        {
          reason: 'paused',
          blocks: true,
          found: `All writes have been paused ${pausedText(known.pause.pause)}.`,
          todo: `When the reason is gone: ${known.commandLine('resume')}`,
        },
      ]
    : [];
  const waiting = waits(known, identityPoolId);
  // What the pause would refuse comes after it.
  if (waiting.length > 0) return [...paused, ...waiting];
  const entry: Reason = {
    reason: 'entry missing',
    blocks: true,
    found: [missingText(result, names), ...lastWriteText(known.entry)].join(' '),
    ...(known.entry?.since !== undefined && {
      look: `To see whether others removed it: ${known.commandLine(`status --link ${result.links[0]}`)}`,
    }),
    todo: `Link it: ${linking(known, identityPoolId)}`,
  };
  return [...paused, entry];
}

const CANT_SEE: Reason = {
  reason: 'not visible',
  blocks: false,
  found:
    "The identity pool's authenticated role and its trust policy are in Account-B, and are not read from here.",
  todo: 'If users still get no credentials, see docs/runbook.md: the role must trust cognito-identity.amazonaws.com for this identity pool.',
};

/** Every reason that one identity pool gives, the ones that block first. */
export function reasonsIn(result: TargetReport, known: Known): Reason[] {
  if (isFaulty(result)) {
    const reason = reasonOfError(faultIn(result), known.commandLine);
    const { identityPoolId } = result;
    const entries = known.commandLine(`entries --identity-pool ${identityPoolId}`);
    return [
      {
        ...reason,
        ...(reason.reason === 'quota' && { look: `To see its entries: ${entries}` }),
        todo: `${reason.todo} Then link it: ${linking(known, identityPoolId)}`,
      },
    ];
  }
  const changes = result.changes.flatMap(expanded);
  const names = missingNames(result);
  if (names.length > 0) return missing(known, result, names);
  const beside = changes.map(({ op }) => op);
  const mapping: Reason[] =
    beside.length > 0
      ? [
          {
            reason: 'role mapping',
            blocks: false,
            found: `The entry is there, but not with what links.yml sets beside it (${[...new Set(beside)].join(', ')}), so users may get another role or other session tags.`,
            todo: `Write it: ${linking(known, result.identityPoolId)}`,
          },
        ]
      : [];
  const foreign: Reason[] =
    known.entry && known.entry.since === undefined
      ? [
          {
            reason: 'entry of another',
            blocks: false,
            found:
              known.entry.unlinked === undefined
                ? 'The entry is there, and Poolbridge did not write it: someone else may remove it.'
                : `The entry is there, though Poolbridge unlinked it at ${moment(known.entry.unlinked)}: someone else added it, and may remove it.`,
            todo: 'Look in the CloudTrail of Account-B for UpdateIdentityPool.',
          },
        ]
      : [];
  return [...mapping, ...foreign, CANT_SEE];
}
