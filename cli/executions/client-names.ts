import { pagesOf } from '../../aws/pace/pages.ts';
import { grouped } from '../../core/grouped.ts';
import { expanded, type ShownChange } from '../../core/identity-pool/changes.ts';
import { providerIn, userPoolRegion } from '../../core/user-pool.ts';
import type { Session } from '../session.ts';

/** An app client of a user pool, by the name that an identity pool has for the user pool. */
export interface NamedBy {
  providerName: string;
  clientId: string;
}

const PAGE = 60;

/** The names of some app clients of one user pool, by their ids. */
async function namesIn(
  session: Session,
  userPoolId: string,
  clientIds: ReadonlySet<string>,
): Promise<[string, string][]> {
  const client = await session.userPools(userPoolRegion(userPoolId));
  const pages = pagesOf('ListUserPoolClients', async (token: string | undefined) => {
    const page = await client.listUserPoolClients({
      UserPoolId: userPoolId,
      MaxResults: PAGE,
      ...(token !== undefined && { NextToken: token }),
    });
    return { items: page.UserPoolClients ?? [], next: page.NextToken };
  });
  const found: [string, string][] = [];
  for await (const { items } of pages) {
    for (const { ClientId = '', ClientName = '' } of items) {
      if (clientIds.has(ClientId)) found.push([ClientId, ClientName]);
    }
    if (found.length === clientIds.size) break;
  }
  return found;
}

/** The app clients that exist, of some that were looked up. */
export interface Existing {
  /** Their names, by id. */
  names: ReadonlyMap<string, string>;
  /** Whether all of them could be looked up, so that the others no longer exist. */
  isSure: boolean;
}

/**
 * Looks app clients up by their ids.
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html
 */
export async function existingClients(session: Session, clients: NamedBy[]): Promise<Existing> {
  const byPool = grouped(clients, ({ providerName }) => providerIn(providerName));
  const found = await Promise.all(
    [...byPool].map(([userPoolId, group]) =>
      // A user pool that is not found may be in another account.
      namesIn(session, userPoolId, new Set(group.map(({ clientId }) => clientId))).catch(
        () => undefined,
      ),
    ),
  );
  return {
    names: new Map(found.flatMap((names) => names ?? [])),
    isSure: !found.includes(undefined),
  };
}

/**
 * The names of app clients by their ids. A client has none here if it no longer exists, or if the caller may not list
 * the user pool's clients: an id is enough to go on.
 */
export const clientNames = async (
  session: Session,
  clients: NamedBy[],
): Promise<ReadonlyMap<string, string>> => (await existingClients(session, clients)).names;

/** The names of the app clients of changes that wait and do not have them: those of an undo. */
export const namesWaiting = (
  session: Session,
  waiting: { clientName?: string; changes: ShownChange[] }[],
): Promise<ReadonlyMap<string, string>> =>
  clientNames(
    session,
    waiting.flatMap(({ clientName, changes }) =>
      clientName === undefined ? clientsIn(changes) : [],
    ),
  );

/** The app clients whose entries and role mappings changes are about. */
export const clientsIn = (changes: ShownChange[]): NamedBy[] =>
  changes
    .flatMap(expanded)
    .flatMap(({ provider }): NamedBy[] =>
      'ClientId' in provider
        ? [{ providerName: provider.ProviderName ?? '', clientId: provider.ClientId ?? '' }]
        : [],
    );
