import {
  CognitoIdentityProviderClient,
  ListTagsForResourceCommand,
  paginateListUserPoolClients,
  paginateListUserPools,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  AwsUnavailableError,
  UserPoolAccessDeniedError,
  UserPoolClientNotFoundError,
} from '../core/errors.ts';
import type { Execution } from '../core/execution.ts';
import { isId } from '../core/request.ts';
import { isListOf, isMapOf, isObject, isText } from '../core/shape.ts';
import { userPoolArn, userPoolRegion } from '../core/user-pool.ts';
import { requestHandler } from './request-handler.ts';
import { adviceOnRegion, assume, isDenial } from './role-session.ts';

/** An app client as ListUserPoolClients names it: no call that this service may make tells more. */
export interface AppClient {
  clientId: string;
  clientName: string;
}

/** A user pool, and as whom its app clients are listed: by a role where it is another account's. */
export interface UserPool {
  userPoolId: string;
  where: Execution;
  roleArn: string | undefined;
}

const clients = new Map<string, CognitoIdentityProviderClient>();

function ownClient(region: string): CognitoIdentityProviderClient {
  const client =
    clients.get(region) ?? new CognitoIdentityProviderClient({ region, requestHandler });
  clients.set(region, client);
  return client;
}

/** The user pool is not there, nor any client of it. */
export class UserPoolNotFoundError extends UserPoolClientNotFoundError {}

/** What may be asked about a user pool. */
type Action = 'ListUserPoolClients' | 'DescribeUserPool';

/** The role's permissions, narrowed to one question about one user pool. */
function sessionPolicy(userPoolId: string, roleArn: string, action: Action): string {
  const [, partition = '', , , account = ''] = roleArn.split(':');
  const Resource = userPoolArn(userPoolId, { partition, account });
  const statement = { Effect: 'Allow', Action: `cognito-idp:${action}`, Resource };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

async function clientFor({ userPoolId, where, roleArn }: UserPool, action: Action) {
  const region = userPoolRegion(userPoolId);
  if (roleArn === undefined) return ownClient(region);
  const { credentials } = await assume(
    where,
    { roleArn },
    sessionPolicy(userPoolId, roleArn, action),
  );
  return new CognitoIdentityProviderClient({ region, credentials, requestHandler });
}

/** The error of a call in the account that owns the user pool, as one that says what to do. */
function explain(error: unknown, { userPoolId, roleArn }: UserPool): unknown {
  if (roleArn === undefined || !(error instanceof Error && isText(error.message))) return error;
  const account = roleArn.split(':')[4] ?? '';
  const advice = adviceOnRegion(error, account, userPoolRegion(userPoolId));
  if (advice !== undefined) return new UserPoolAccessDeniedError(advice, { cause: error });
  if (!isDenial(error)) return error;
  return new UserPoolAccessDeniedError(
    `Account ${account} refused the role ${roleArn}: ${error.message} Deploy resources/user-pool-account.yml there with this account as TrustedAccountId, ${userPoolId} among its UserPoolIds, and the RoleName that userPoolRoleArn in links.yml names.`,
    { cause: error },
  );
}

/** Whether AWS has answered that there is no such user pool. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ResourceNotFoundException';

// Of 60 clients each: a user pool has 10,000 clients at most.
// https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
const MOST_PAGES = 200;

interface NamedClient {
  ClientId: string;
  ClientName: string;
}

const areNamed = isListOf(
  (each: unknown): each is NamedClient =>
    isObject(each) && isText(each['ClientId']) && isText(each['ClientName']),
);

async function* pagesOf(pool: UserPool) {
  try {
    const client = await clientFor(pool, 'ListUserPoolClients');
    const { userPoolId: UserPoolId } = pool;
    yield* paginateListUserPoolClients({ client, pageSize: 60 }, { UserPoolId });
  } catch (error) {
    throw explain(error, pool);
  }
}

/**
 * Asks something about a user pool, as the role that links.yml names where it is another account's.
 *
 * @throws as AWS answers; UserPoolAccessDeniedError when the other account refuses.
 */
export async function calling<T>(
  pool: UserPool,
  action: Action,
  ask: (client: CognitoIdentityProviderClient) => Promise<T>,
): Promise<T> {
  try {
    return await ask(await clientFor(pool, action));
  } catch (error) {
    throw explain(error, pool);
  }
}

const atOnce = (): Promise<void> => Promise.resolve();

/**
 * The app clients of a user pool, page by page.
 *
 * @param turn waits until the next call may be made.
 * @throws AwsUnavailableError when what comes is no list of clients, or has no end.
 * @throws UserPoolAccessDeniedError when the account that owns the user pool refuses.
 */
async function* listAppClients(pool: UserPool, turn = atOnce): AsyncGenerator<AppClient[]> {
  let count = 0;
  await turn();
  for await (const { UserPoolClients: page = [], NextToken } of pagesOf(pool)) {
    if (!areNamed(page) || ++count > MOST_PAGES) {
      throw new AwsUnavailableError(
        `ListUserPoolClients answered for ${pool.userPoolId} with something that is no list of app clients.`,
      );
    }
    yield page.map(({ ClientId, ClientName }) => ({ clientId: ClientId, clientName: ClientName }));
    if (NextToken) await turn();
  }
}

/**
 * All app clients of a user pool.
 *
 * @param turn waits until the next call may be made.
 * @returns undefined when the user pool does not exist.
 * @throws UserPoolAccessDeniedError when the account that owns the user pool refuses.
 */
export async function allAppClients(
  pool: UserPool,
  turn: () => Promise<void>,
): Promise<AppClient[] | undefined> {
  const all: AppClient[] = [];
  try {
    for await (const page of listAppClients(pool, turn)) all.push(...page);
    return all;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const areIdentified = isListOf(
  (each: unknown): each is { Id: string } => isObject(each) && isId('userPoolId')(each['Id']),
);

/**
 * The ids of all user pools of this account in a Region.
 *
 * @throws AwsUnavailableError when what comes is no list of user pools.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPools.html
 */
export async function userPoolsIn(region: string): Promise<string[]> {
  const pages = paginateListUserPools(
    { client: ownClient(region), pageSize: 60 },
    { MaxResults: 60 },
  );
  const ids: string[] = [];
  for await (const { UserPools: page = [] } of pages) {
    if (!areIdentified(page)) {
      throw new AwsUnavailableError(
        `ListUserPools answered in ${region} with something that is no list of user pools.`,
      );
    }
    ids.push(...page.map(({ Id }) => Id));
  }
  return ids;
}

/**
 * Finds an app client by id or, failing that, by name.
 *
 * @returns undefined when the user pool has no such client.
 * @throws UserPoolNotFoundError when the user pool itself does not exist in its account.
 * @throws UserPoolClientNotFoundError when it has several clients of that name: names are not unique.
 * @throws UserPoolAccessDeniedError when the account that owns the user pool refuses.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html
 */
export async function findAppClient(
  pool: UserPool,
  wanted: { clientId?: string; clientName?: string },
): Promise<AppClient | undefined> {
  const { userPoolId, roleArn } = pool;
  const { clientId, clientName } = wanted;
  const named: AppClient[] = [];
  try {
    for await (const page of listAppClients(pool)) {
      const found = page.find((each) => each.clientId === clientId);
      if (found) return found;
      if (clientId !== undefined) continue;
      named.push(...page.filter((each) => each.clientName === clientName));
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const whose = roleArn === undefined ? 'this account' : `account ${roleArn.split(':')[4]}`;
    throw new UserPoolNotFoundError(
      `The user pool ${userPoolId} does not exist in ${whose}. Check the id, and that Poolbridge is deployed to the account that owns the user pool or that links.yml gives its userPoolRoleArn.`,
      { cause: error },
    );
  }
  if (named.length <= 1) return named[0];
  throw new UserPoolClientNotFoundError(
    `The user pool ${userPoolId} has ${named.length} app clients named ${clientName}, and the event does not say which. Ask for the one that is meant by its id.`,
  );
}

/**
 * The names of app clients by their ids; a client that does not exist has none.
 *
 * @param until when to give up, in epoch milliseconds.
 * @returns undefined when it has given up, or when the account that owns the user pool refuses: that
 * must hold up nobody's request but those about its own.
 */
export async function namesOfAppClients(
  pool: UserPool,
  ids: string[],
  until: number,
): Promise<Map<string, string> | undefined> {
  const wanted = new Set(ids);
  const names = new Map<string, string>();
  if (wanted.size === 0) return names;
  try {
    for await (const page of listAppClients(pool)) {
      const found = page.filter(({ clientId }) => wanted.has(clientId));
      for (const { clientId, clientName } of found) names.set(clientId, clientName);
      if (names.size === wanted.size) break;
      if (Date.now() > until) return undefined;
    }
  } catch (error) {
    if (error instanceof UserPoolAccessDeniedError) return undefined;
    if (!isNotFound(error)) throw error;
  }
  return names;
}

const areTags = isMapOf(isText);

/**
 * The tags of a user pool of this account; none when the pool does not exist.
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListTagsForResource.html
 */
export async function tagsOf(
  userPoolId: string,
  execution: Execution,
): Promise<Record<string, string>> {
  const command = new ListTagsForResourceCommand({
    ResourceArn: userPoolArn(userPoolId, execution),
  });
  try {
    const { Tags = {} } = await ownClient(userPoolRegion(userPoolId)).send(command);
    if (areTags(Tags)) return Tags;
  } catch (error) {
    if (isNotFound(error)) return {};
    throw error;
  }
  throw new AwsUnavailableError(
    `ListTagsForResource answered for ${userPoolId} with something that is no map of tags.`,
  );
}
