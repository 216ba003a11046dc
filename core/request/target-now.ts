import { expanded, isEntryChange, type ShownChange } from '../identity-pool/changes.ts';
import { entriesOf, type IdentityPool } from '../identity-pool/identity-pool.ts';
import { namesIn } from '../issuer.ts';
import type { Links } from '../links/links.ts';
import { isListOf } from '../shape.ts';
import { isShownChange } from '../write/records.ts';
import { approvalTime } from './approval-time.ts';
import type { Target } from './target.ts';

const areChanges = isListOf(isShownChange);

/**
 * How long what was looked up for a target is relied on, in milliseconds: longer than a request waits for its
 * write, which UpdateIdentityPool's Retry bounds.
 */
export const OUTDATED_MS = 15 * 60_000;

/**
 * Whether what was looked up for a target may have changed since: a person took time to approve it, or it was
 * resolved long ago, as before a redrive.
 */
export const mayBeOutdated = ({ approval, resolvedAt = 0 }: Target, now: number): boolean =>
  approval !== undefined || now - resolvedAt > OUTDATED_MS;

/** The app clients that changes unlinked. An undo links them again. */
export const clientsUnlinked = (changes: ShownChange[]): string[] =>
  changes
    .flatMap(expanded)
    .filter(isEntryChange)
    .flatMap(({ op, provider }) => (op === 'remove' ? (provider.ClientId ?? []) : []));

/** The app clients that a target links. */
export function clientsLinked({ intent: { operation, clientId, takeBack } }: Target): string[] {
  if (takeBack) return clientsUnlinked(takeBack);
  return operation === 'link' && clientId !== undefined ? [clientId] : [];
}

/** The app clients in changes. */
const clientsIn = (changes: ShownChange[]): string[] => [
  ...new Set(
    changes
      .flatMap(expanded)
      .flatMap(({ provider }) => ('ClientId' in provider ? (provider.ClientId ?? []) : [])),
  ),
];

/**
 * The target as it was approved: an approved unlink of a whole user pool removes only the app clients that the
 * approver was shown, and not those that were linked since.
 *
 * @param changes that the approver was shown. Anything else approves nothing.
 */
export function asApproved(target: Target, changes: unknown): Target {
  const { intent, approval } = target;
  const isWhole =
    intent.operation === 'unlink' && intent.clientId === undefined && !intent.takeBack;
  if (!approval || !isWhole) return target;
  const clientIds = clientsIn(areChanges(changes) ? changes : []);
  return { ...target, intent: { ...intent, clientIds } };
}

/** The app clients that were linked after the unlink of their user pool was approved, and stay. */
export function linkedSince(pool: IdentityPool, { intent }: Target): string[] {
  const { clientIds } = intent;
  if (!clientIds) return [];
  const names = namesIn(intent);
  return entriesOf(pool).flatMap(({ ProviderName = '', ClientId = '' }) =>
    names.includes(ProviderName) && !clientIds.includes(ClientId) ? [ClientId] : [],
  );
}

/**
 * Whether the write may only record a deletion, without changing anything: the links require approval for each
 * change, and no one was asked, since there was nothing to change.
 *
 * @param names of the links that allow it now.
 */
export const isOnlyNoted = (
  links: Links,
  names: string[],
  { deleted, approval, approvalTime: waits }: Target,
): boolean =>
  deleted &&
  waits !== undefined &&
  approval === undefined &&
  approvalTime(links, names) !== undefined;
