import {
  CognitoIdentityProviderClient,
  ListTagsForResourceCommand,
  paginateListUserPoolClients,
} from '@aws-sdk/client-cognito-identity-provider';
import { UserPoolClientNotFoundError } from '../core/errors.ts';
import type { Execution } from '../core/execution.ts';
import { userPoolArn, userPoolRegion } from '../core/user-pool.ts';

/** An app client as ListUserPoolClients names it: no call that this service may make tells more. */
export interface AppClient {
  clientId: string;
  clientName: string;
}

const clients = new Map<string, CognitoIdentityProviderClient>();

function clientFor(userPoolId: string): CognitoIdentityProviderClient {
  const region = userPoolRegion(userPoolId);
  const client = clients.get(region) ?? new CognitoIdentityProviderClient({ region });
  clients.set(region, client);
  return client;
}

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ResourceNotFoundException';

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
  const pages = paginateListUserPoolClients(
    { client: clientFor(userPoolId), pageSize: 60 },
    { UserPoolId: userPoolId },
  );
  try {
    for await (const { UserPoolClients: page = [] } of pages) {
      const found = page.find((each) =>
        clientId === undefined ? each.ClientName === clientName : each.ClientId === clientId,
      );
      if (found?.ClientId !== undefined && found.ClientName !== undefined) {
        return { clientId: found.ClientId, clientName: found.ClientName };
      }
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
