import { callsBetween } from '../../core/identity-pool/calls.ts';
import { shownChanges } from '../../core/identity-pool/changes.ts';
import type { IdentityPool } from '../../core/identity-pool/identity-pool.ts';
import { mappingKey } from '../../core/identity-pool/roles.ts';
import { coverageOf } from '../../core/links/coverage.ts';
import type { Link, Links } from '../../core/links/links.ts';
import { classify, repairsOf, stillHolds } from '../../core/reconcile/classify.ts';
import { batch } from '../../core/write/batch.ts';
import { isDoubtful } from '../../core/write/lease.ts';
import { turnsOf, withEarlier } from '../../core/write/order.ts';
import {
  type Allowed,
  type LedgerEntry,
  ledgerEntriesOf,
  mayBeSettled,
  settledBy,
  type WrittenShare,
} from '../../core/write/records.ts';
import { settlementOf, unfinishedEntries } from '../../core/write/settlement.ts';

// The states of the model are small numbers. This file turns them into the types of core/, lets core/ decide,
// and turns its answers back into numbers. Each decision is made once and cached.

/** The app clients of the model: 0 is linked with a role mapping, 1 without one. */
type Client = 0 | 1;

export const CLIENTS = ['A', 'B'] as const;
const PROVIDER = 'cognito-idp.us-east-1.amazonaws.com/us-east-1_Model0001';
const USER_POOL = 'us-east-1_Model0001';
const POOL = 'ap-south-1:00000000-0000-0000-0000-000000000001';
const QUOTA = 50;

const link: Omit<Link, 'clients'> = {
  userPools: [USER_POOL],
  identityPool: POOL,
  roleArn: 'arn:aws:iam::222222222222:role/poolbridge-link',
  serverSideTokenCheck: false,
  providerQuota: QUOTA,
  onDelete: 'unlink',
};

const LINKS: Links = {
  a: { ...link, clients: ['A'], roleMapping: 'token' },
  b: { ...link, clients: ['B'] },
};

/**
 * An identity pool as a number: bits 1 and 2 are the entries, bit 4 is the role mapping of the first entry,
 * and the multiple of 8 is a setting that only the foreign writer changes.
 */
export type Pool = number;

export const ENTRIES = 3;
export const MAPPING = 4;
export const SETTING = 8;

const entry = (client: Client) => ({ ProviderName: PROVIDER, ClientId: CLIENTS[client] });
const coverage = (clientName: string) => coverageOf(LINKS, { userPoolId: USER_POOL, clientName });
const mapping = coverage('A')[0]?.entry.roleMapping ?? { Type: '' };

function poolOf(pool: Pool): IdentityPool {
  const entries = ([0, 1] as const).filter((client) => (pool & (1 << client)) !== 0).map(entry);
  return {
    IdentityPoolId: POOL,
    IdentityPoolName: `${Math.floor(pool / SETTING)}`,
    AllowUnauthenticatedIdentities: false,
    CognitoIdentityProviders: entries,
    Roles: {},
    RoleMappings: pool & MAPPING ? { [mappingKey(entry(0))]: mapping } : {},
  };
}

function numberOf({
  IdentityPoolName,
  CognitoIdentityProviders = [],
  ...pool
}: IdentityPool): Pool {
  const entries = CognitoIdentityProviders.map(({ ClientId }) => (ClientId === 'A' ? 1 : 2));
  const mappings = Object.keys(pool.RoleMappings ?? {}).length * MAPPING;
  return entries.reduce<number>(
    (all, each) => all + each,
    mappings + Number(IdentityPoolName) * SETTING,
  );
}

/** A request of the model. */
export interface Request {
  operation: 'link' | 'unlink';
  /** `all` of the user pool can only be unlinked. */
  client: Client | 'all';
  /** Whether the app client was deleted. */
  deleted?: true;
}

/** The entries that a request is about, as bits of a pool. */
export const entriesOf = ({ client }: Request): number =>
  client === 'all' ? ENTRIES : 1 << client;

/** A request with its own key, as the links allow it. */
export function allowed({ operation, client, deleted }: Request, key: string): Allowed {
  const name = client === 'all' ? {} : { clientName: CLIENTS[client] };
  const [covering] = coverageOf(LINKS, { userPoolId: USER_POOL, ...name });
  if (!covering) throw new Error('The links of the model cover both app clients.');
  return {
    key,
    execution: `arn:aws:states:us-east-1:111111111111:execution:poolbridge-model-link:${key}`,
    links: covering.links,
    ...name,
    ...(deleted && { deleted }),
    intent: {
      operation,
      providerName: PROVIDER,
      ...(client !== 'all' && { clientId: CLIENTS[client] }),
      ...covering.entry,
    },
  };
}

/** The state of an app client in the ledger. */
export type Known = 'nothing' | 'linked' | 'unlinked' | 'deleted';

const knownOf = ({ state, deleted }: LedgerEntry): Known => (deleted ? 'deleted' : state);

const ledgerOf = (ledger: readonly Known[]): LedgerEntry[] =>
  ledger.flatMap((known, i): LedgerEntry[] => {
    if (known === 'nothing') return [];
    const common = { links: ['a'], execution: 'x', sequence: 1, time: 0, providerName: PROVIDER };
    return [
      {
        ...common,
        clientId: CLIENTS[i as Client],
        clientName: CLIENTS[i as Client],
        state: known === 'linked' ? 'linked' : 'unlinked',
        ...(known === 'deleted' && { deleted: true }),
      },
    ];
  });

/** The shares of a write, by a number: see {@link Decisions.shares}. */
export type Shares = number;

const NO_SHARES: Shares = 0;

interface Settlement {
  done: Shares;
  wanted: Pool;
  start: Pool;
  isShown: boolean;
}

interface Call {
  operation: 'SetIdentityPoolRoles' | 'UpdateIdentityPool' | 'SetPrincipalTagAttributeMap';
  to: Pool;
}

/** The result of one share of a write. */
export interface Made {
  request: number;
  /** The turn in which it is answered, after all earlier turns. */
  turn: number;
  changes: boolean;
  /** Whether another request of the write cancels any of them. */
  isCancelled: boolean;
}

const once = <T>() => {
  const kept = new Map<string, T>();
  return (key: string, decide: () => T): T => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const decided = decide();
    kept.set(key, decided);
    return decided;
  };
};

/** The decisions of core/ about the requests of a model. */
export class Decisions {
  readonly #requests: readonly Allowed[];
  readonly #shares: WrittenShare[][] = [[]];
  readonly #numbers = new Map<string, Shares>([['[]', NO_SHARES]]);
  readonly #batches = once<{ wanted: Pool; shares: Shares; write: boolean }>();
  readonly #settlements = once<Settlement>();
  readonly #calls = once<Call[]>();
  readonly #made = once<Made[]>();
  readonly #earlier = once<number[]>();
  readonly #ledgers = once<(Known | undefined)[]>();
  readonly #repairs = once<number[]>();
  readonly #holding = once<boolean>();

  constructor(requests: readonly Allowed[]) {
    this.#requests = requests;
  }

  #asked(asked: readonly number[]): Allowed[] {
    return asked.flatMap((number) => this.#requests[number] ?? []);
  }

  #numbered(shares: WrittenShare[]): Shares {
    const text = JSON.stringify(shares);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#shares.length);
    return this.#shares.push(shares) - 1;
  }

  #written(shares: Shares): WrittenShare[] {
    return this.#shares[shares] ?? [];
  }

  /** core/write/batch.ts, with the shares that `sharesOf` in aws/write/answers.ts makes of its result. */
  batch(start: Pool, asked: readonly number[], now: Pool) {
    return this.#batches(`${start} ${asked} ${now}`, () => {
      const requests = this.#asked(asked);
      const together = batch(poolOf(start), requests, QUOTA, poolOf(now));
      const { wanted, shares, write } = together;
      const changes = shares.map((share) => ('refused' in share ? [] : share.changes));
      const written = requests.map((request, i): WrittenShare => {
        const share = { ...request, changes: shownChanges(changes[i] ?? []) };
        const unseen = shownChanges(together.cancelled[i] ?? []);
        return unseen.length > 0 ? { ...share, cancelled: unseen } : share;
      });
      return { wanted: numberOf(wanted), shares: this.#numbered(written), write };
    });
  }

  /** core/write/settlement.ts */
  settlement(pool: Pool, shares: Shares, asked: readonly number[]): Settlement {
    return this.#settlements(`${pool} ${shares} ${asked}`, () => {
      const written = this.#written(shares);
      const found = settlementOf(poolOf(pool), written, this.#asked(asked), QUOTA);
      return {
        done: this.#numbered(found.done),
        wanted: numberOf(found.wanted),
        start: numberOf(found.start),
        isShown: found.shown > 0,
      };
    });
  }

  /** core/identity-pool/calls.ts */
  calls(from: Pool, to: Pool): Call[] {
    return this.#calls(`${from} ${to}`, () =>
      callsBetween(poolOf(from), poolOf(to)).map((call) => ({
        operation: call.operation,
        to: numberOf(call.to),
      })),
    );
  }

  /** The requests of a write, and whether it changes anything for each of them. */
  made(shares: Shares): Made[] {
    return this.#made(`${shares}`, () => {
      const written = this.#written(shares);
      const turns = turnsOf(written);
      return written.map((share) => ({
        request: this.#requests.findIndex(({ key }) => key === share.key),
        turn: turns.findIndex((turn) => turn.includes(share)),
        changes: share.changes.length > 0,
        isCancelled: share.cancelled !== undefined,
      }));
    });
  }

  /** core/write/order.ts: the own requests, with earlier requests about the same entries. */
  withEarlier(asked: readonly number[], own: readonly number[]): number[] {
    return this.#earlier(`${asked} ${own}`, () => {
      const requests = asked.flatMap((number) => {
        const request = this.#requests[number];
        return request ? { number, intent: request.intent } : [];
      });
      const needed = withEarlier(requests, ({ number }) => own.includes(number));
      return needed.map(({ number }) => number);
    });
  }

  /**
   * core/write/records.ts: what a write enters into the ledger, by app client. Like `enter` in
   * aws/write/answers.ts, it keeps the last of several entries.
   *
   * @param after the pool after the write; absent when settling an earlier write.
   */
  entered(shares: Shares, ledger: readonly Known[], after?: Pool): (Known | undefined)[] {
    return this.#ledgers(`${shares} ${ledger} ${after}`, () => {
      const at = { sequence: 1, time: 0 };
      const written = this.#written(shares);
      const pool = after === undefined ? undefined : poolOf(after);
      const gone = pool
        ? written
            .filter(mayBeSettled)
            .flatMap((share) => settledBy(share, pool, ledgerOf(ledger), at))
        : [];
      const own = written.flatMap((share) => ledgerEntriesOf(share, at.sequence, at.time));
      const all = [...gone, ...own];
      return CLIENTS.map((name) => {
        const last = all.findLast(({ clientId }) => clientId === name);
        return last && knownOf(last);
      });
    });
  }

  /** core/write/lease.ts, at a time when any state, only the replaced state, or no state is doubted. */
  isDoubtful(
    last: { base: Pool; result: Pool; seen: boolean; doubt: 0 | 1 | 2 },
    shown: Pool,
  ): boolean {
    const write = { base: `${last.base}`, result: `${last.result}`, at: 0, seen: last.seen };
    return isDoubtful(write, `${shown}`, [60_000, 10_000, 0][last.doubt] ?? 0);
  }

  /**
   * core/reconcile/classify.ts: what to repair. While a write is unsettled, it follows `asSettled` in
   * functions/reconcile-identity-pool.ts.
   *
   * @param existing the app clients that Cognito has.
   * @returns the numbers of the repairs: 0 and 1 link the app clients, 2 and 3 unlink them.
   */
  repairs(pool: Pool, ledger: readonly Known[], unsettled: Shares, existing: string): number[] {
    return this.#repairs(`${pool} ${ledger} ${unsettled} ${existing}`, () => {
      const now = poolOf(pool);
      const shares = this.#written(unsettled);
      const done = shares.length > 0 ? settlementOf(now, shares, [], QUOTA).done : [];
      const known = done.flatMap((share) => ledgerEntriesOf(share, 1, 0));
      const clients = new Map([...existing].map((name) => [name, name]));
      const findings = classify({
        links: LINKS,
        pool: now,
        ledger: [...ledgerOf(ledger), ...known],
        listed: new Map([[USER_POOL, { tags: {}, issuer: 'original', clients }]]),
        existing: new Set([USER_POOL]),
        unlisted: new Set(),
        regions: ['us-east-1'],
        partition: 'aws',
        // All ledger entries are older than the lists.
        since: 1_000_000_000,
        unfinished: unfinishedEntries(now, shares),
      });
      return repairsOf(findings).map(({ intent: { operation, clientId } }) => {
        const client = clientId === 'A' ? 0 : 1;
        return operation === 'link' ? client : client + 2;
      });
    });
  }

  /** core/reconcile/classify.ts: whether the current ledger still calls for a repair. */
  stillHolds(request: number, ledger: readonly Known[]): boolean {
    return this.#holding(`${request} ${ledger}`, () => {
      const [repair] = this.#asked([request]);
      return repair !== undefined && stillHolds(repair.intent, ledgerOf(ledger));
    });
  }
}
