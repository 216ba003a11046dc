import { namesOfSame } from '../../core/user-pool.ts';
import { PoolTable } from './pool-table.ts';

/** The name of a deleted app client, from the ledgers of these identity pools. */
export async function nameInLedgers(
  identityPoolIds: string[],
  ProviderName: string,
  ClientId: string,
): Promise<string | undefined> {
  for (const identityPoolId of identityPoolIds) {
    for (const name of namesOfSame(ProviderName)) {
      const provider = { ProviderName: name, ClientId };
      const entry = await new PoolTable(identityPoolId).ledgerEntry(provider);
      if (entry?.clientName !== undefined) return entry.clientName;
    }
  }
  return undefined;
}

/** The links that linked app clients of a user pool to these identity pools. */
export async function linksInLedgers(
  identityPoolIds: string[],
  providerName: string,
): Promise<string[]> {
  const links = new Set<string>();
  for (const identityPoolId of identityPoolIds) {
    const entries = await new PoolTable(identityPoolId).ledgerOf(providerName);
    for (const name of entries.flatMap((entry) => entry.links)) links.add(name);
  }
  return [...links];
}
