import {
  CognitoIdentityProviderClient,
  ListTagsForResourceCommand,
  paginateListUserPoolClients,
} from '@aws-sdk/client-cognito-identity-provider';
import { UserPoolClientNotFoundError } from '../core/errors.ts';
import type { Execution } from '../core/execution.ts';
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

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ResourceNotFoundException';

/** The app clients of a user pool, page by page. */
async function* listAppClients(userPoolId: string): AsyncGenerator<AppClient[]> {
  const client = clientFor(userPoolId);
  const pages = paginateListUserPoolClients({ client, pageSize: 60 }, { UserPoolId: userPoolId });
  for await (const { UserPoolClients = [] } of pages) {
    yield UserPoolClients.map(({ ClientId = '', ClientName = '' }) => ({
      clientId: ClientId,
      clientName: ClientName,
    }));
  }
}

/**
 * Finds an app client by id or, failing that, by name.
 *
 * @returns undefined when the user pool has no such client.
 * @throws UserPoolClientNotFoundError when the user pool itself does not exist in this account.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html
 */
export async function findAppClient(
  userPoolId: string,
  wanted: { clientId?: string; clientName?: string },
): Promise<AppClient | undefined> {
  const { clientId, clientName } = wanted;
  try {
    for await (const page of listAppClients(userPoolId)) {
      const found = page.find((each) =>
        clientId === undefined ? each.clientName === clientName : each.clientId === clientId,
      );
      if (found) return found;
    }
    return undefined;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new UserPoolClientNotFoundError(
      `The user pool ${userPoolId} does not exist in this account. Check the id, and that Poolbridge is deployed to the account that owns the user pool.`,
      { cause: error },
    );
  }
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
    return Tags;
  } catch (error) {
    if (isNotFound(error)) return {};
    throw error;
  }
}
