import { randomUUID } from 'node:crypto';
import { type AppClient, type ClientNames, inParts, partOf } from '../../core/app-client.ts';
import { parseArn } from '../../core/arn.ts';
import { AwsUnavailableError, UserPoolClientNotFoundError } from '../../core/errors.ts';
import { OUTDATED_MS } from '../../core/request/target-now.ts';
import { issuerOf } from '../clients/issuer.ts';
import { allAppClients, poolPace, type UserPool } from '../clients/user-pools.ts';
import { logger } from '../lambda/logger.ts';
import { inParallel } from '../pace/in-parallel.ts';
import { whileThrottled } from '../pace/pace.ts';
import { sleep } from '../pace/sleep.ts';
import { type Listing, ListingTable } from '../table/listings.ts';

// In milliseconds. A small user pool is listed within the first wait. A thousand requests that wait for a large one
// read the table at most a thousand times a second.
const FIRST_WAIT = 150;
const LONGEST_WAIT = 1500;
const RENEW_AFTER = 4000;

/** The lease was lost, and so was the listing that was under way. */
class LeaseLost extends Error {}

/** A complete listing of the app clients of a user pool that exists. */
export class AppClientNames {
  readonly #table: ListingTable;
  readonly #listing: Listing;
  /** The parts that are known already, by number. */
  readonly #parts = new Map<number, ClientNames>();

  /** @param parts all of them, if they are known. */
  constructor(table: ListingTable, listing: Listing, parts: ClientNames[] = []) {
    this.#table = table;
    this.#listing = listing;
    for (const [number, part] of parts.entries()) this.#parts.set(number, part);
  }

  /** The number of the listing: a later listing of the same user pool has a higher one. */
  get number(): number {
    return this.#listing.number;
  }

  /** The user pool's own issuer; undefined if the listing did not read it. */
  get issuer(): Listing['issuer'] {
    return this.#listing.issuer;
  }

  async #part(number: number): Promise<ClientNames> {
    const known = this.#parts.get(number) ?? (await this.#table.part(this.#listing, number));
    this.#parts.set(number, known);
    return known;
  }

  /** The names of some app clients, by id. A client that does not exist has none. */
  async of(ids: Iterable<string>): Promise<Map<string, string>> {
    const wanted = [...new Set(ids)];
    const { parts } = this.#listing;
    const numbers = new Set(wanted.map((id) => partOf(id, parts)));
    await inParallel([...numbers], async (number) => void (await this.#part(number)));
    const names = new Map<string, string>();
    for (const id of wanted) {
      const part = await this.#part(partOf(id, parts));
      const name = Object.hasOwn(part, id) ? part[id] : undefined;
      if (name !== undefined) names.set(id, name);
    }
    return names;
  }

  /** The app clients with a name. Names are not unique. */
  async named(clientName: string): Promise<AppClient[]> {
    const numbers = Array.from({ length: this.#listing.parts }, (_, i) => i);
    await inParallel(numbers, async (number) => void (await this.#part(number)));
    return [...this.#parts.values()]
      .flatMap((part) => Object.entries(part))
      .filter(([, name]) => name === clientName)
      .map(([clientId]) => ({ clientId, clientName }));
  }
}

/** The names in a listing; undefined if the user pool does not exist. */
const namesIn = (table: ListingTable, listing: Listing, parts?: ClientNames[]) =>
  listing.parts === 0 ? undefined : new AppClientNames(table, listing, parts);

/** Lists a user pool for all requests that wait, under the lease of its listings. */
async function list(
  pool: UserPool,
  table: ListingTable,
  { number, nonce, until }: { number: number; nonce: string; until: number },
): Promise<AppClientNames | undefined> {
  const paced = poolPace();
  let renewed = Date.now();
  const turn = async () => {
    await paced();
    if (Date.now() - renewed < RENEW_AFTER) return;
    if (!(await table.renew(nonce))) throw new LeaseLost();
    renewed = Date.now();
  };
  const [clients, issuer] = await Promise.all([
    allAppClients(pool, { turn, until }),
    pool.asksIssuer ? whileThrottled(() => issuerOf(pool), until) : undefined,
  ]);
  const parts = clients ? inParts(clients) : [];
  await table.keep(number, parts);
  const listing: Listing = { number, parts: parts.length };
  if (pool.asksIssuer) listing.issuer = issuer ?? 'unknown';
  if (!(await table.publish(listing, nonce))) {
    // It still answers this request, since it began after it.
    logger.info('a listing of app clients was not published: its lease had run out', {
      ...listing,
    });
  }
  return namesIn(table, listing, parts);
}

/** The result of taking the lease. */
interface OwnListing {
  /** How many listings began before this one. */
  before: number;
  /** Absent if the lease was lost. */
  made?: { names: AppClientNames | undefined };
}

/** Lists the user pool, unless another request is listing it. */
async function listItself(
  pool: UserPool,
  table: ListingTable,
  until: number,
): Promise<OwnListing | undefined> {
  const nonce = randomUUID();
  const number = await table.take(nonce);
  if (number === undefined) return undefined;
  const before = number - 1;
  try {
    return { before, made: { names: await list(pool, table, { number, nonce, until }) } };
  } catch (error) {
    if (error instanceof LeaseLost) return { before };
    // A lease that can't be given back runs out.
    await table.release(nonce).catch(() => {});
    throw error;
  }
}

/**
 * The app clients of a user pool, from a listing that began after this call. Another request may make it, or this
 * call makes one, which others then share. Cognito allows 5 pages a second for a user pool.
 *
 * @param until when to give up, in epoch milliseconds.
 * @returns undefined if the user pool does not exist.
 * @throws AwsUnavailableError if the time is up.
 * @throws UserPoolAccessDeniedError if the account that owns the user pool refuses.
 */
export async function appClientNames(
  pool: UserPool,
  until: number,
): Promise<AppClientNames | undefined> {
  const table = new ListingTable(pool.userPoolId);
  // How many listings had begun when this request was made. Later ones answer it.
  let begun: number | undefined;
  let isFree = true;
  for (let wait = FIRST_WAIT; ; wait = Math.min(1.5 * wait, LONGEST_WAIT)) {
    const own = isFree ? await listItself(pool, table, until) : undefined;
    if (own?.made) return own.made.names;
    const { last, ...now } = await table.look();
    begun ??= own?.before ?? now.begun;
    if (last && last.number > begun) return namesIn(table, last);
    if (Date.now() > until) {
      throw new AwsUnavailableError(
        `The app clients of the user pool ${pool.userPoolId} were not listed in time. Ask again.`,
      );
    }
    // A lease that was free a moment ago but could not be taken is not tried again at once.
    const waits = isFree || !now.isFree;
    if (waits) await sleep(wait / 2, wait);
    isFree = now.isFree;
  }
}

/**
 * The last complete listing of a user pool.
 *
 * @param number of the earliest listing that is late enough.
 * @returns `'none'` if there is no such listing, or if it is older than a request can be; undefined if the user
 * pool does not exist.
 */
export async function lastAppClientNames(
  userPoolId: string,
  number: number,
): Promise<AppClientNames | undefined | 'none'> {
  const table = new ListingTable(userPoolId);
  const { last, listedAt } = await table.look();
  const isLateEnough = last && last.number >= number && Date.now() - listedAt < OUTDATED_MS;
  return isLateEnough ? namesIn(table, last) : 'none';
}

/** An app client that was looked for, and the listing that was searched. */
export interface Found {
  client: AppClient | undefined;
  names: AppClientNames;
}

/** The user pool does not exist, so it has no app clients. */
export class UserPoolNotFoundError extends UserPoolClientNotFoundError {}

/**
 * Finds an app client by its id or, without an id, by its name.
 *
 * @param until when to give up, in epoch milliseconds.
 * @throws UserPoolNotFoundError if the user pool does not exist in its account.
 * @throws UserPoolClientNotFoundError if several clients have that name: names are not unique.
 * @throws AwsUnavailableError, UserPoolAccessDeniedError as {@link appClientNames}.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html
 */
export async function findAppClient(
  pool: UserPool,
  { clientId, clientName = '' }: { clientId?: string; clientName?: string },
  until: number,
): Promise<Found> {
  const { userPoolId, roleArn } = pool;
  const names = await appClientNames(pool, until);
  if (!names) {
    const whose = roleArn === undefined ? 'this account' : `account ${parseArn(roleArn).account}`;
    throw new UserPoolNotFoundError(
      `The user pool ${userPoolId} does not exist in ${whose}. Check the id, and that Poolbridge is deployed to the account that owns the user pool or that links.yml gives its userPoolRoleArn.`,
    );
  }
  if (clientId !== undefined) {
    const name = (await names.of([clientId])).get(clientId);
    return { client: name === undefined ? undefined : { clientId, clientName: name }, names };
  }
  const [client, ...others] = await names.named(clientName);
  if (others.length === 0) return { client, names };
  throw new UserPoolClientNotFoundError(
    `The user pool ${userPoolId} has ${others.length + 1} app clients named ${clientName}, and the event does not say which one. Ask for the right one by its id.`,
  );
}
