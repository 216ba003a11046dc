import { sha256 } from './sha256.ts';

/** An app client as ListUserPoolClients returns it. No call that Poolbridge may make returns more. */
export interface AppClient {
  clientId: string;
  clientName: string;
}

/** The names of app clients, by id. */
export type ClientNames = Record<string, string>;

/**
 * How large one part of a listing is, in bytes. A reader wants one client, so the parts are small: 8 KB are two read
 * units of DynamoDB.
 */
export const PART_BYTES = 8000;

/**
 * How long the lease of a listing lasts, in milliseconds: longer than one page takes, with its retries at a low rate.
 * The request that lists renews it long before.
 */
export const LISTING_LEASE_MS = 15_000;

/**
 * The part of a listing that an app client is in, if it exists.
 *
 * @param parts how many parts the listing has.
 */
export const partOf = (clientId: string, parts: number): number =>
  Number.parseInt(sha256(clientId).slice(0, 8), 16) % parts;

/**
 * Divides a listing of app clients into parts of about {@link PART_BYTES}. A user pool without any has one part.
 */
export function inParts(clients: AppClient[]): ClientNames[] {
  const bytes = clients.reduce(
    (sum, { clientId, clientName }) => sum + Buffer.byteLength(clientId + clientName) + 6,
    0,
  );
  const count = Math.max(1, Math.ceil(bytes / PART_BYTES));
  const parts = Array.from({ length: count }, (): [string, string][] => []);
  for (const { clientId, clientName } of clients) {
    parts[partOf(clientId, count)]?.push([clientId, clientName]);
  }
  return parts.map((part) => Object.fromEntries(part));
}
