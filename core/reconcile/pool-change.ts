import { parseArn } from '../arn.ts';
import { identityPoolRegion } from '../identity-pool/identity-pool.ts';
import { accessTo } from '../links/coverage.ts';
import { type Links, linksTo } from '../links/links.ts';
import { isObject, isText } from '../shape.ts';
import { member } from '../trail-record.ts';
import { type RecordedUpdate, updateIn } from './pool-update.ts';

/** A change of an identity pool that someone else made. */
export interface PoolChange {
  identityPoolId: string;
  /** The update, if it was one. Only an update can remove entries. */
  update?: RecordedUpdate;
}

/** Why an event about an identity pool calls for nothing. */
export interface Ignored {
  ignored: string;
}

/** The calls after which an identity pool is compared with links.yml. The rules in events/ name the same ones. */
const POOL_CALLS: readonly string[] = [
  'UpdateIdentityPool',
  'SetIdentityPoolRoles',
  'SetPrincipalTagAttributeMap',
  'DeleteIdentityPool',
];

/**
 * Whether a session of Poolbridge made the call. Its role is assumed only by the functions of Poolbridge, which
 * always set a source identity.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
function isOwn(record: object, roleArn: string): boolean {
  const session = member(member(record, 'userIdentity'), 'sessionContext');
  const role = member(member(session, 'sessionIssuer'), 'arn');
  return role === roleArn && isText(member(session, 'sourceIdentity'));
}

/**
 * Reads an event of EventBridge about a call of CloudTrail's. Only AWS can publish it, and its account and Region are
 * those in which the call was made. So an account can report changes of its own identity pools only.
 *
 * @param event as the rule passes it on.
 * @returns the change, or why nothing needs to be done.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
 */
export function poolChangeIn(event: unknown, links: Links): PoolChange | Ignored {
  if (!isObject(event) || !isObject(event['detail'])) return { ignored: 'It is no event.' };
  const { account, region, detail } = event;
  const { eventName, errorCode } = detail;
  if (!isText(eventName) || !POOL_CALLS.includes(eventName)) {
    return { ignored: 'It is not about a change of an identity pool.' };
  }
  if (errorCode !== undefined) return { ignored: 'The call failed.' };
  const identityPoolId = member(detail['requestParameters'], 'identityPoolId');
  if (!isText(identityPoolId) || Object.keys(linksTo(links, identityPoolId)).length === 0) {
    return { ignored: 'No link names the identity pool.' };
  }
  const { roleArn } = accessTo(links, identityPoolId);
  if (account !== parseArn(roleArn).account || region !== identityPoolRegion(identityPoolId)) {
    return { ignored: 'It does not come from the account and the Region of the identity pool.' };
  }
  if (isOwn(detail, roleArn)) return { ignored: 'Poolbridge made the call.' };
  if (eventName !== 'UpdateIdentityPool') return { identityPoolId };
  const update = updateIn(detail, identityPoolId);
  return { identityPoolId, ...(Number.isFinite(update.time) && { update }) };
}
