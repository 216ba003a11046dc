import { UserPoolClientNotFoundError } from '../../core/errors.ts';
import type { Execution } from '../../core/execution.ts';
import { needsTags, type Subject, userPoolIn } from '../../core/links/coverage.ts';
import { type Links, linksNamed, userPoolRoleOf } from '../../core/links/links.ts';
import type { Target } from '../../core/request/target.ts';
import { clientsLinked, mayBeOutdated } from '../../core/request/target-now.ts';
import { namesInCognito, tagsOf } from '../clients/user-pools.ts';
import { logger } from '../lambda/logger.ts';
import { whileThrottled } from '../pace/pace.ts';

/** Where and until when a target is looked at again, in epoch milliseconds. */
interface Looking {
  where: Execution;
  until: number;
}

/**
 * The names of the app clients that a target links, as Cognito has them now.
 *
 * @returns undefined where the user pool has too many to list them in time: then the ledger alone says
 * whether a client was deleted.
 */
async function clientNames(
  links: Links,
  target: Target,
  { where, until }: Looking,
): Promise<Map<string, string> | undefined> {
  const { userPoolId } = target;
  const pool = { userPoolId, where, roleArn: userPoolRoleOf(links, userPoolId) };
  try {
    return await namesInCognito(pool, new Set(clientsLinked(target)), until);
  } catch (error) {
    if (Date.now() < until) throw error;
    logger.warn(`the app clients of ${userPoolId} were not looked up in time`, error as Error);
    return undefined;
  }
}

/**
 * What a target is judged by when it is written: the tags of its user pool as they are now, and for one
 * that waited for approval or is old, the names of its app clients. `gone` says that its app client, or
 * the user pool, no longer exists.
 *
 * @throws UserPoolClientNotFoundError when an undo would link an app client that does not exist.
 * @throws UserPoolAccessDeniedError when the account that owns the user pool refuses.
 */
export async function subjectNow(links: Links, target: Target, looking: Looking): Promise<Subject> {
  const { userPoolId, clientName, intent } = target;
  const { clientId } = intent;
  const pool = userPoolIn(links, userPoolId);
  const known: Subject = {
    ...pool,
    ...(clientId !== undefined && { clientId }),
    ...(clientName !== undefined && { clientName }),
  };
  const tags = needsTags(linksNamed(links, target.links), pool)
    ? await whileThrottled(() => tagsOf(userPoolId, looking.where), looking.until)
    : {};
  // The tags of a user pool that does not exist are gone too: what it had linked may be unlinked.
  if (!tags) return { ...known, linkedBy: target.links, gone: intent.operation === 'link' };
  const subject = { ...known, tags };
  const linked = clientsLinked(target);
  if (linked.length === 0 || !mayBeOutdated(target, Date.now())) return subject;
  const names = await clientNames(links, target, looking);
  if (!names) return subject;
  const [missing] = linked.filter((id) => !names.has(id));
  if (missing !== undefined && target.undoes !== undefined) {
    throw new UserPoolClientNotFoundError(
      `The user pool ${userPoolId} has no app client ${missing} any more, so it is not linked again and nothing was undone. Undo the other identity pools by naming them, or link by hand.`,
    );
  }
  if (missing !== undefined) return { ...subject, gone: true };
  const name = clientId === undefined ? undefined : names.get(clientId);
  return name === undefined ? subject : { ...subject, clientName: name };
}
