import type { Subject } from '../links/coverage.ts';
import type { LinkRequest } from './request.ts';

/** What a request is about, as its sentence names it. */
function about({ userPoolId }: LinkRequest, { clientName, clientId }: Subject): string {
  const name = clientName ?? clientId;
  // Names in Cognito have at most 128 characters. A longer claim is cut off.
  const what = name === undefined ? 'the app clients' : `the app client ${name.slice(0, 128)}`;
  return `${what} of the user pool ${userPoolId}`;
}

/** Why a request has no targets: the event of the creation arrived after the deletion. */
export const deletedBefore = (request: LinkRequest, subject: Subject): string =>
  `There is nothing to link: ${about(request, subject)} was deleted before the event of its creation arrived.`;

/** Why a deletion has no targets: all links that cover the app client keep its entries. */
export const keptByLinks = (request: LinkRequest, subject: Subject): string =>
  `The links that cover ${about(request, subject)} say onDelete: keep, so nothing is unlinked.`;

/** Why a request has no targets: no link covers it. A person gets it as NotCoveredError. */
export function notCoveredBy(request: LinkRequest, subject: Subject): string {
  const { identityPoolId } = request;
  const where = identityPoolId === undefined ? '' : ` with the identity pool ${identityPoolId}`;
  const whose = subject.account === undefined ? '' : ` of account ${subject.account}`;
  return `No link in links.yml covers ${about(request, subject)}${whose}${where}. If it should be linked, add it to a link and deploy.`;
}
