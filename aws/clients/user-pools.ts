import {
  CognitoIdentityProviderClient,
  ListTagsForResourceCommand,
  ListUserPoolClientsCommand,
  ListUserPoolsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { AppClient } from '../../core/app-client.ts';
import { parseArn } from '../../core/arn.ts';
import { AwsUnavailableError, UserPoolAccessDeniedError } from '../../core/errors.ts';
import type { Execution } from '../../core/execution.ts';
import { type Links, userPoolRoleOf } from '../../core/links/links.ts';
import { isId } from '../../core/request/request.ts';
import { sentence } from '../../core/sentence.ts';
import { isListOf, isMapOf, isObject, isText } from '../../core/shape.ts';
import { READS_A_SECOND, userPoolArn, userPoolRegion } from '../../core/user-pool.ts';
import { pace, whileThrottled } from '../pace/pace.ts';
import { pagesOf } from '../pace/pages.ts';
import { requestHandler } from './request-handler.ts';
import { adviceOnRegion, assume, isDenial, whyNotAssumed } from './role-session.ts';

/** A user pool, and the role that reads it if it is in another account. */
export interface UserPool {
  userPoolId: string;
  where: Execution;
  roleArn: string | undefined;
  /** Whether to read its issuer with its app clients. */
  asksIssuer?: boolean;
}

/** A user pool, with the role that links.yml has for it. */
export const userPoolBy = (links: Links, userPoolId: string, where: Execution): UserPool => ({
  userPoolId,
  where,
  roleArn: userPoolRoleOf(links, userPoolId),
});

const clients = new Map<string, CognitoIdentityProviderClient>();

function ownClient(region: string): CognitoIdentityProviderClient {
  const client =
    clients.get(region) ?? new CognitoIdentityProviderClient({ region, requestHandler });
  clients.set(region, client);
  return client;
}

/** The calls that may be made for a user pool. */
type Action = 'ListUserPoolClients' | 'DescribeUserPool';

/** The permissions of the role session: one call for one user pool. */
function sessionPolicy(userPoolId: string, roleArn: string, action: Action): string {
  const { partition, account } = parseArn(roleArn);
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

/** An error of a call in the account that owns the user pool, with a message that says what to do. */
function explain(error: unknown, { userPoolId, roleArn }: UserPool): unknown {
  if (roleArn === undefined || !(error instanceof Error && isText(error.message))) return error;
  const { account } = parseArn(roleArn);
  const advice = adviceOnRegion(error, account, userPoolRegion(userPoolId));
  if (advice !== undefined) return new UserPoolAccessDeniedError(advice, { cause: error });
  if (!isDenial(error)) return error;
  return new UserPoolAccessDeniedError(
    `Account ${account} refused the role ${roleArn}: ${sentence(error.message)}${whyNotAssumed(error)} Deploy resources/user-pool-account.yml there with this account as TrustedAccountId, ${userPoolId} among its UserPoolIds, and the RoleName that userPoolRoleArn in links.yml names.`,
    { cause: error },
  );
}

/** Whether AWS answered that the user pool does not exist. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ResourceNotFoundException';

interface NamedClient {
  ClientId: string;
  ClientName: string;
}

const areNamed = isListOf(
  (each: unknown): each is NamedClient =>
    isObject(each) && isText(each['ClientId']) && isText(each['ClientName']),
);

/**
 * Makes a call about a user pool, with the role that links.yml names if the pool is in another account.
 *
 * @throws as AWS answers; UserPoolAccessDeniedError if the other account refuses.
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

/** How fast to list the app clients of a user pool, and for how long. */
export interface Tempo {
  /** Waits until the next call may be made. */
  turn(): Promise<void>;
  /** When to give up, in epoch milliseconds. */
  until: number;
}

/**
 * The rate that AWS grants to the reads of one user pool. That as many calls may also be made at once is an
 * assumption, which the contract suite tries (`pool-burst`).
 */
export const poolPace = () => pace(READS_A_SECOND, READS_A_SECOND);

/**
 * The app clients of a user pool, page by page.
 *
 * @throws AwsUnavailableError if the answer is not a list of clients, has no end, or takes too long.
 * @throws UserPoolAccessDeniedError if the account that owns the user pool refuses.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html
 */
async function* listAppClients(
  pool: UserPool,
  { turn, until }: Tempo,
): AsyncGenerator<AppClient[]> {
  const { userPoolId: UserPoolId } = pool;
  try {
    const client = await clientFor(pool, 'ListUserPoolClients');
    const ask = async (NextToken: string | undefined) => {
      await turn();
      if (Date.now() <= until) {
        return client.send(
          new ListUserPoolClientsCommand({ UserPoolId, NextToken, MaxResults: 60 }),
        );
      }
      throw new AwsUnavailableError(
        `There was too little time to list all app clients of the user pool ${UserPoolId}. Ask again.`,
      );
    };
    const pages = pagesOf('ListUserPoolClients', async (token: string | undefined) => {
      const { UserPoolClients: items = [], NextToken: next } = await whileThrottled(
        () => ask(token),
        until,
      );
      if (areNamed(items)) return { items, next };
      throw new AwsUnavailableError(
        `ListUserPoolClients did not return a list of app clients for ${UserPoolId}.`,
      );
    });
    for await (const { items } of pages) {
      yield items.map(({ ClientId, ClientName }) => {
        return { clientId: ClientId, clientName: ClientName };
      });
    }
  } catch (error) {
    throw explain(error, pool);
  }
}

/**
 * All app clients of a user pool.
 *
 * @returns undefined if the user pool does not exist.
 * @throws UserPoolAccessDeniedError if the account that owns the user pool refuses.
 */
export async function allAppClients(
  pool: UserPool,
  tempo: Tempo,
): Promise<AppClient[] | undefined> {
  const all: AppClient[] = [];
  try {
    for await (const page of listAppClients(pool, tempo)) all.push(...page);
    return all;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * The names of some app clients, by id, as Cognito has them now. A client that does not exist has none.
 *
 * @param until when to give up, in epoch milliseconds.
 * @throws AwsUnavailableError, TooManyRequestsException if the time is up.
 * @throws UserPoolAccessDeniedError if the account that owns the user pool refuses.
 */
export async function namesInCognito(
  pool: UserPool,
  ids: Set<string>,
  until: number,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  try {
    const tempo = { turn: poolPace(), until };
    for await (const page of listAppClients(pool, tempo)) {
      const found = page.filter(({ clientId }) => ids.has(clientId));
      for (const { clientId, clientName } of found) names.set(clientId, clientName);
      if (names.size === ids.size) break;
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return names;
}

const areIdentified = isListOf(
  (each: unknown): each is { Id: string } => isObject(each) && isId('userPoolId')(each['Id']),
);

/**
 * The ids of all user pools of this account in a Region.
 *
 * @throws AwsUnavailableError if the answer is not a list of user pools.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPools.html
 */
export async function userPoolsIn(region: string): Promise<string[]> {
  const client = ownClient(region);
  const pages = pagesOf('ListUserPools', async (NextToken: string | undefined) => {
    const page = await client.send(new ListUserPoolsCommand({ MaxResults: 60, NextToken }));
    const { UserPools: items = [], NextToken: next } = page;
    if (areIdentified(items)) return { items, next };
    throw new AwsUnavailableError(
      `ListUserPools did not return a list of user pools in ${region}.`,
    );
  });
  const ids: string[] = [];
  for await (const { items } of pages) ids.push(...items.map(({ Id }) => Id));
  return ids;
}

const areTags = isMapOf(isText);

/**
 * The tags of a user pool of this account.
 *
 * @returns undefined if the user pool does not exist.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListTagsForResource.html
 */
export async function tagsOf(
  userPoolId: string,
  home: Pick<Execution, 'partition' | 'account'>,
): Promise<Record<string, string> | undefined> {
  const command = new ListTagsForResourceCommand({
    ResourceArn: userPoolArn(userPoolId, home),
  });
  try {
    const { Tags = {} } = await ownClient(userPoolRegion(userPoolId)).send(command);
    if (areTags(Tags)) return Tags;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  throw new AwsUnavailableError(
    `ListTagsForResource did not return a map of tags for ${userPoolId}.`,
  );
}
