import { NotCoveredError } from '../errors.ts';
import type { Intent } from '../identity-pool/merge.ts';
import { namesFor } from '../issuer.ts';
import { accessTo, choiceFor, coverageOf, type Subject, stillAllowing } from '../links/coverage.ts';
import { type Links, linksTo } from '../links/links.ts';
import { providerNameOf } from '../user-pool.ts';
import { approvalTime } from './approval-time.ts';
import { deletedBefore, keptByLinks, notCoveredBy } from './not-covered.ts';
import type { LinkRequest, RequestedBy } from './request.ts';
import { roomFor, type Target } from './target.ts';

/** The request and its targets: the answer of ResolveTargets. */
export interface Resolved {
  operation: 'link' | 'unlink' | 'undo';
  /** ARN of the execution that is undone. */
  executionArn?: string;
  userPoolId: string;
  clientId?: string;
  requestedBy: RequestedBy;
  /** Whether nothing is to be written. */
  dryRun?: true;
  targets: Target[];
  /** Why there are no targets, if an event is about a client that no link covers. */
  notCovered?: string;
}

/**
 * The target of a request to remove role mappings that entries left behind. It needs no link that covers the app
 * client, only one that leads to the identity pool.
 *
 * @throws NotCoveredError
 */
export function resolveLeftBehind(
  links: Links,
  { userPoolId, clientId = '', identityPoolId = '', dryRun, requestedBy }: LinkRequest,
  partition: string,
): Resolved {
  const names = Object.keys(linksTo(links, identityPoolId));
  accessTo(links, identityPoolId);
  const waits = approvalTime(links, names);
  const intent: Intent = {
    operation: 'unlink',
    providerName: providerNameOf(userPoolId, partition),
    clientId,
    serverSideTokenCheck: false,
    leftBehind: true,
  };
  const target: Target = {
    identityPoolId,
    links: names,
    userPoolId,
    intent,
    deleted: false,
    dryRun,
    ...(waits && { approvalTime: waits }),
    room: roomFor(1),
  };
  return { operation: 'unlink', userPoolId, clientId, requestedBy, targets: [target] };
}

/**
 * The links that still allow a target.
 *
 * @param subject as it is now, with its tags.
 * @throws NotCoveredError if none does.
 */
export function allowing(links: Links, target: Target, subject: Subject): string[] {
  const { identityPoolId, intent } = target;
  if (!intent.leftBehind) return stillAllowing(links, target, subject);
  accessTo(links, identityPoolId);
  return Object.keys(linksTo(links, identityPoolId));
}

/**
 * The targets of a request: one for each identity pool that its app client may reach.
 *
 * @param partition of the deployment, which decides the domain of user pools.
 * @throws NotCoveredError if a person asks for what no link covers. An event has no targets then.
 */
export function resolve(
  links: Links,
  request: LinkRequest,
  subject: Subject,
  partition: string,
): Resolved {
  const { operation, userPoolId, identityPoolId, dryRun, requestedBy } = request;
  const deleted = isDeletion(request);
  const covering = coverageOf(links, subject).filter(
    (each) => identityPoolId === undefined || each.identityPoolId === identityPoolId,
  );
  const coverage = deleted ? covering.filter(({ onDelete }) => onDelete === 'unlink') : covering;
  const clientId = subject.clientId === undefined ? {} : { clientId: subject.clientId };
  const room = roomFor(coverage.length);
  const client = subject.clientName === undefined ? {} : { clientName: subject.clientName };
  const listing = subject.listing === undefined ? {} : { listing: subject.listing };
  const isUpdated = operation === 'link' && subject.issuer === 'updated';
  const all = coverage.map((each): Target => {
    const { serverSideTokenCheck } = each.entry;
    const waits = approvalTime(links, each.links);
    const names = namesFor(operation, userPoolId, partition, choiceFor(each, subject));
    return {
      identityPoolId: each.identityPoolId,
      links: each.links,
      userPoolId,
      ...client,
      ...listing,
      intent: { operation, ...names, ...clientId, serverSideTokenCheck },
      ...(isUpdated && { issuer: 'updated' }),
      deleted,
      dryRun,
      ...(waits && { approvalTime: waits }),
      room,
    };
  });
  // Targets without approval go first, since only some targets are worked on at a time.
  const targets = [
    ...all.filter((target) => !target.approvalTime),
    ...all.filter((target) => target.approvalTime),
  ];
  const resolved = { operation, userPoolId, ...clientId, requestedBy, targets };
  if (subject.gone)
    return { ...resolved, targets: [], notCovered: deletedBefore(request, subject) };
  if (targets.length > 0) return resolved;
  if (covering.length > 0) return { ...resolved, notCovered: keptByLinks(request, subject) };
  const notCovered = notCoveredBy(request, subject);
  if (requestedBy.via === 'person') throw new NotCoveredError(notCovered);
  return { ...resolved, notCovered };
}

/** Whether a request unlinks because of a deletion. Only a request from CloudTrail does. */
export const isDeletion = ({ operation, requestedBy }: LinkRequest): boolean =>
  operation === 'unlink' && requestedBy.via === 'cloudtrail';
