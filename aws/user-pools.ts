import {
  CognitoIdentityProviderClient,
  ListTagsForResourceCommand,
  paginateListUserPoolClients,
} from '@aws-sdk/client-cognito-identity-provider';
import { AwsUnavailableError, UserPoolClientNotFoundError } from '../core/errors.ts';
import type { Execution } from '../core/execution.ts';
import { isListOf, isMapOf, isObject, isText } from '../core/shape.ts';
import { userPoolArn, userPoolRegion } from '../core/user-pool.ts';
import { requestHandler } from './request-handler.ts';

/** An app client as ListUserPoolClients names it: no call that this service may make tells more. */
export interface AppClient {
  clientId: string;
  clientName: string;
}

const clients = new Map<string, CognitoIdentityProviderClient>();

function clientFor(userPoolId: string): CognitoIdentityProviderClient {
  const region = userPoolRegion(userPoolId);
  const client =
    clients.get(region) ?? new CognitoIdentityProviderClient({ region, requestHandler });
  clients.set(region, client);
  return client;
}

/** The user pool is not there, nor any client of it. */
export class UserPoolNotFoundError extends UserPoolClientNotFoundError {}

const isNotFound = (error: unknown): boolean =>
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

/**
 * The app clients of a user pool, page by page.
 *
 * @throws AwsUnavailableError when what comes is no list of clients, or has no end.
 */
async function* listAppClients(userPoolId: string): AsyncGenerator<AppClient[]> {
  const client = clientFor(userPoolId);
  const pages = paginateListUserPoolClients({ client, pageSize: 60 }, { UserPoolId: userPoolId });
  let count = 0;
  for await (const { UserPoolClients: page = [] } of pages) {
    if (!areNamed(page) || ++count > MOST_PAGES) {
      throw new AwsUnavailableError(
        `ListUserPoolClients answered for ${userPoolId} with something that is no list of app clients.`,
      );
    }
    yield page.map(({ ClientId, ClientName }) => ({ clientId: ClientId, clientName: ClientName }));
  }
}

/**
 * Finds an app client by id or, failing that, by name.
 *
 * @returns undefined when the user pool has no such client.
 * @throws UserPoolNotFoundError when the user pool itself does not exist in this account.
 * @throws UserPoolClientNotFoundError when it has several clients of that name: names are not unique.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html
 */
export async function findAppClient(
  userPoolId: string,
  wanted: { clientId?: string; clientName?: string },
): Promise<AppClient | undefined> {
  const { clientId, clientName } = wanted;
  const named: AppClient[] = [];
  try {
    for await (const page of listAppClients(userPoolId)) {
      const found = page.find((each) => each.clientId === clientId);
      if (found) return found;
      if (clientId !== undefined) continue;
      named.push(...page.filter((each) => each.clientName === clientName));
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new UserPoolNotFoundError(
      `The user pool ${userPoolId} does not exist in this account. Check the id, and that Poolbridge is deployed to the account that owns the user pool.`,
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
 * @returns undefined when it has given up.
 */
export async function namesOfAppClients(
  userPoolId: string,
  ids: string[],
  until: number,
): Promise<Map<string, string> | undefined> {
  const wanted = new Set(ids);
  const names = new Map<string, string>();
  if (wanted.size === 0) return names;
  try {
    for await (const page of listAppClients(userPoolId)) {
      for (const { clientId, clientName } of page) {
        if (wanted.has(clientId)) names.set(clientId, clientName);
      }
      if (names.size === wanted.size) break;
      if (Date.now() > until) return undefined;
    }
  } catch (error) {
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
    const { Tags = {} } = await clientFor(userPoolId).send(command);
    if (areTags(Tags)) return Tags;
  } catch (error) {
    if (isNotFound(error)) return {};
    throw error;
  }
  throw new AwsUnavailableError(
    `ListTagsForResource answered for ${userPoolId} with something that is no map of tags.`,
  );
}
