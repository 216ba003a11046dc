import { UserPoolClientNotFoundError } from '../../core/errors.ts';
import type { Execution } from '../../core/execution.ts';
import { needsTags, type Subject, userPoolIn } from '../../core/links/coverage.ts';
import { type Links, linksNamed } from '../../core/links/links.ts';
import { goneText, linkOthers } from '../../core/request/by-hand.ts';
import type { Target } from '../../core/request/target.ts';
import { clientsLinked, mayBeOutdated } from '../../core/request/target-now.ts';
import { namesInCognito, tagsOf, userPoolBy } from '../clients/user-pools.ts';
import { logger } from '../lambda/logger.ts';
import { whileThrottled } from '../pace/pace.ts';

/** The execution that looks a target up again, and until when, in epoch milliseconds. */
interface Looking {
  where: Execution;
  until: number;
}

/**
 * The names of the app clients that a target links, as Cognito has them now.
 *
 * @returns undefined if the user pool has too many app clients to list them in time. Then only the ledger says
 * whether a client was deleted.
 */
async function clientNames(
  links: Links,
  target: Target,
  { where, until }: Looking,
): Promise<Map<string, string> | undefined> {
  const { userPoolId } = target;
  const pool = userPoolBy(links, userPoolId, where);
  try {
    return await namesInCognito(pool, new Set(clientsLinked(target)), until);
  } catch (error) {
    if (Date.now() < until) throw error;
    // Stryker disable next-line CallExpression: only the log changes.
    logger.warn(`the app clients of ${userPoolId} were not looked up in time`, error as Error);
    return undefined;
  }
}

/**
 * What a target is compared with when it is written: the current tags of its user pool and, if it waited for
 * approval or is old, the names of its app clients. `gone` says that its app client, or the user pool, no longer
 * exists.
 *
 * @throws UserPoolClientNotFoundError if an undo would link an app client that does not exist.
 * @throws UserPoolAccessDeniedError if the account that owns the user pool refuses.
 */
export async function subjectNow(links: Links, target: Target, looking: Looking): Promise<Subject> {
  const { userPoolId, clientName, intent } = target;
  const pool = userPoolIn(links, userPoolId);
  const known: Subject = clientName === undefined ? pool : { ...pool, clientName };
  const tags = needsTags(linksNamed(links, target.links), pool)
    ? await whileThrottled(() => tagsOf(userPoolId, looking.where), looking.until)
    : {};
  // A user pool that does not exist has no tags any more. What it had linked may be unlinked.
  if (!tags) return { ...known, linkedBy: target.links, gone: intent.operation === 'link' };
  const subject = { ...known, tags };
  const linked = clientsLinked(target);
  if (linked.length === 0 || !mayBeOutdated(target, Date.now())) return subject;
  const names = await clientNames(links, target, looking);
  if (!names) return subject;
  const [missing] = linked.filter((id) => !names.has(id));
  if (missing !== undefined && target.undoes !== undefined) {
    const [other] = linked.filter((id) => names.has(id));
    const here = other === undefined ? undefined : { ...target, clientId: other };
    throw new UserPoolClientNotFoundError(
      goneText(userPoolId, missing, linkOthers(here, userPoolId, target.undoes)),
    );
  }
  if (missing !== undefined) return { ...subject, gone: true };
  const name = names.get(intent.clientId ?? '');
  return name === undefined ? subject : { ...subject, clientName: name };
}
