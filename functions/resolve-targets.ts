import links from '#links';
import { logger } from '../aws/logger.ts';
import { step } from '../aws/step.ts';
import { findAppClient, tagsOf } from '../aws/user-pools.ts';
import { UserPoolClientNotFoundError } from '../core/errors.ts';
import { type Execution, executionOf } from '../core/execution.ts';
import { coverageOf, needsClientName, needsTags, type Subject } from '../core/links.ts';
import { type LinkRequest, parseRequest } from '../core/request.ts';
import { type Resolved, resolve } from '../core/target.ts';

/** The app client, looked up where the request alone can't be believed or does not say enough. */
async function appClientOf(request: LinkRequest, subject: Subject): Promise<Subject> {
  const { userPoolId, clientId, clientName, requestedBy, operation } = request;
  const everyClient = clientId === undefined && clientName === undefined;
  // Where a name decides, the client's own counts, and not what the request says it is.
  const enough =
    requestedBy.via === 'cloudtrail' && clientId !== undefined && !needsClientName(links, subject);
  if (everyClient || enough) return { ...subject, ...request };
  const found = await findAppClient(userPoolId, request);
  if (found) return { ...subject, ...found };
  // An entry outlives its client, so unlinking must not ask for the client to be there.
  if (operation === 'unlink' && clientId !== undefined) return { ...subject, clientId };
  throw new UserPoolClientNotFoundError(
    `The user pool ${userPoolId} has no app client ${clientId ?? clientName}. Check the id; a client that was deleted can only be unlinked.`,
  );
}

/** The user pool and the app client as the links judge them; no call for a pool none covers. */
async function subjectOf(request: LinkRequest, where: Execution): Promise<Subject> {
  const { userPoolId } = request;
  const tags = needsTags(links) ? await tagsOf(userPoolId, where) : {};
  const pool = { userPoolId, tags };
  return coverageOf(links, pool).length > 0 ? appClientOf(request, pool) : { ...pool, ...request };
}

/** Which identity pools may this client reach? */
export const handler = step(
  async ({ execution, input }: { execution: string; input: unknown }): Promise<Resolved> => {
    const request = parseRequest(input);
    const where = executionOf(execution);
    const resolved = resolve(links, request, await subjectOf(request, where), where.partition);
    const { userPoolId, clientId, targets } = resolved;
    logger.info('targets resolved', { userPoolId, clientId, targets: targets.length });
    return resolved;
  },
);
