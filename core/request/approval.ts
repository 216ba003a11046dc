import { commandFor } from '../command-line.ts';
import { NotCoveredError } from '../errors.ts';
import { executionOf } from '../execution.ts';
import { expanded, type ShownChange } from '../identity-pool/changes.ts';
import type { Provider } from '../identity-pool/identity-pool.ts';
import type { Links } from '../links/links.ts';
import { moment } from '../moment.ts';
import { isShape, isText, type Shape } from '../shape.ts';
import { approvalTime } from './approval-time.ts';

/** Who approved a target, when and why, in the words of the approver. CloudTrail has the proof. */
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

/**
 * Checks that the change is approved if links.yml requires that now. It may not have required it when the target
 * was resolved.
 *
 * @param names of the links that allow the target now.
 * @throws NotCoveredError if links.yml requires an approval that was not requested.
 */
export function checkApproval(
  links: Links,
  names: string[],
  { identityPoolId, approval }: { identityPoolId: string; approval?: Approval },
): void {
  if (isApproval(approval) || !approvalTime(links, names)) return;
  throw new NotCoveredError(
    `Changes to the identity pool ${identityPoolId} require approval now, since links.yml has changed. This execution has not requested it, so nothing was written. Ask again.`,
  );
}

/** A request for approval. */
export interface ApprovalAsked {
  /** ARN. */
  execution: string;
  identityPoolId: string;
  links: string[];
  changes: ShownChange[];
  /** ISO 8601. */
  until: string;
}

/** The command that decides, without its reason. */
export const approveCommand = ({ execution, identityPoolId }: ApprovalAsked): string =>
  commandFor(execution, 'approve', executionOf(execution).name, '--identity-pool', identityPoolId);

// A message must be short. The event and the history have all changes.
const MOST_SHOWN = 10;

const clientOf = ({ ClientId }: Provider): string[] => (ClientId === undefined ? [] : [ClientId]);

/** The changes in one line. It has no quotes, since EventBridge puts it between quotes. */
function changesText(changes: ShownChange[]): string {
  const all = changes.flatMap(expanded);
  const shown = all
    .slice(0, MOST_SHOWN)
    .map(({ op, provider }) => [op, provider.ProviderName, ...clientOf(provider)].join(' '));
  const more = all.length > MOST_SHOWN ? [`and ${all.length - MOST_SHOWN} more`] : [];
  return [...shown, ...more].join(', ');
}

/** The message to those who may approve. */
export const approvalMessage = (asked: ApprovalAsked): string =>
  `Poolbridge: ${asked.execution} waits until ${moment(asked.until)} for approval, by links.yml (${asked.links.join(', ')}). In the identity pool ${asked.identityPoolId} it would ${changesText(asked.changes)}. To see it, run ${approveCommand(asked)} --show; to decide, add --reason, and --deny to refuse, in place of --show.`;
