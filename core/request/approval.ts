import { NotCoveredError } from '../errors.ts';
import type { Provider } from '../identity-pool/identity-pool.ts';
import { expanded, type ShownChange } from '../identity-pool/merge.ts';
import type { Links } from '../links/links.ts';
import { isShape, isText, type Shape } from '../shape.ts';

/** For how long a target waits for approval: in hours for people, in seconds for Step Functions. */
export interface ApprovalTime {
  hours: number;
  seconds: number;
}

/** Who approved a target, and why, as the approver says; CloudTrail has the proof. */
export interface Approval {
  /** ARN. */
  approvedBy: string;
  reason: string;
  /** ISO 8601. */
  time: string;
}

/** In characters: two hundred targets of one execution share the room of its state. */
export const LONGEST_REASON = 200;
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const LONGEST_ARN = 2048;

const isTextUpTo =
  (most: number): Shape<string> =>
  (value): value is string =>
    isText(value) && value.length > 0 && value.length <= most;

const isTime: Shape<string> = (value): value is string =>
  isText(value) && /^\d{4}-\d\d-\d\dT[\d:.]{5,20}(Z|[+-]\d\d:?\d\d)$/.test(value);

/** Whether a value is an approval: who, why and when, and nothing else. */
export const isApproval = isShape<Approval>(
  { approvedBy: isTextUpTo(LONGEST_ARN), reason: isTextUpTo(LONGEST_REASON), time: isTime },
  {},
);

const HOUR_SECONDS = 3600;
/** How long a change waits for approval where its links do not say. */
export const DEFAULT_HOURS = 24;

/**
 * How long a target waits for approval, by the links that allow it together: one that requires it is
 * enough, and the shortest time counts.
 *
 * @returns undefined where none requires it.
 */
export function approvalTime(links: Links, names: string[]): ApprovalTime | undefined {
  const times = names.flatMap((name) => {
    const link = Object.hasOwn(links, name) ? links[name] : undefined;
    return link?.approval === 'required' ? (link.approvalTimeoutHours ?? DEFAULT_HOURS) : [];
  });
  if (times.length === 0) return undefined;
  const hours = Math.min(...times);
  return { hours, seconds: hours * HOUR_SECONDS };
}

/**
 * Makes sure that what is about to be written has been approved: links.yml may have come to require
 * it since the target was resolved.
 *
 * @param names of the links that allow the target now.
 * @throws NotCoveredError when it requires an approval that was not asked for.
 */
export function checkApproval(
  links: Links,
  names: string[],
  { identityPoolId, approval }: { identityPoolId: string; approval?: Approval },
): void {
  if (isApproval(approval) || !approvalTime(links, names)) return;
  throw new NotCoveredError(
    `links.yml has changed: what is written to the identity pool ${identityPoolId} needs approval now, and this execution has not asked for it, so nothing was written. Ask again.`,
  );
}

/**
 * How many identity pools an execution works on at a time. Approval for the others is requested once these are
 * decided.
 */
export const TARGETS_AT_A_TIME = 10;
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const YEAR_SECONDS = 365 * 24 * HOUR_SECONDS;

/**
 * How many seconds an execution may take: an hour, and as long as it may have to wait for approval.
 */
export function executionSeconds(links: Links): number {
  const asking = Object.keys(links).flatMap((name) => {
    const time = approvalTime(links, [name]);
    return time ? [{ ...time, identityPool: links[name]?.identityPool }] : [];
  });
  const longest = Math.max(0, ...asking.map(({ seconds }) => seconds));
  const turns = Math.ceil(
    new Set(asking.map((each) => each.identityPool)).size / TARGETS_AT_A_TIME,
  );
  return Math.min(HOUR_SECONDS + longest * turns, YEAR_SECONDS);
}

/** The question to those who may approve. */
export interface ApprovalAsked {
  /** ARN. */
  execution: string;
  identityPoolId: string;
  links: string[];
  changes: ShownChange[];
  /** ISO 8601. */
  until: string;
}

/** The command that decides, to which a reason is added. */
export const approveCommand = ({ execution, identityPoolId }: ApprovalAsked): string =>
  `poolbridge approve ${execution} --identity-pool ${identityPoolId}`;

// A message is for reading; the event and the history have all of them.
const MOST_SHOWN = 10;

const clientOf = ({ ClientId }: Provider): string[] => (ClientId === undefined ? [] : [ClientId]);

/** Changes in one line, without quotes: EventBridge puts it between some. */
function changesText(changes: ShownChange[]): string {
  const all = changes.flatMap(expanded);
  const shown = all
    .slice(0, MOST_SHOWN)
    .map(({ op, provider }) => [op, provider.ProviderName, ...clientOf(provider)].join(' '));
  const more = all.length > MOST_SHOWN ? [`and ${all.length - MOST_SHOWN} more`] : [];
  return [...shown, ...more].join(', ');
}

/** What a person is told who may approve. */
export const approvalMessage = (asked: ApprovalAsked): string =>
  `Poolbridge: ${asked.execution} waits until ${asked.until} for approval, by links.yml (${asked.links.join(', ')}). In the identity pool ${asked.identityPoolId} it would ${changesText(asked.changes)}. To see it, run ${approveCommand(asked)} --show; to decide, add --reason, and --deny to refuse, in place of --show.`;
