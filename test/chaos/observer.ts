import { diff } from '../../core/identity-pool/difference.ts';
import {
  entriesOf,
  entryKey,
  type IdentityPool,
  sameSettings,
} from '../../core/identity-pool/identity-pool.ts';
import { has, type Version, Versions } from './versions.ts';

/** What an invocation last saw of a pool. */
export interface Seen {
  version: Version;
  /** Whether it was shown as it had been, and no longer was. */
  stale: boolean;
  /** For how long it had no longer been so, in milliseconds. */
  age: number;
  at: number;
}

/** A call on its way. */
export interface Sending {
  /** What its invocation had seen of the pool when it was sent. */
  seen: Seen | undefined;
  /** When it was sent. */
  at: number;
  /** What the answer shows of the pool, if it arrives. */
  shown?: Seen;
}

/** Who has a lease. */
interface Holder {
  execution: string;
  running: boolean;
}

interface LeaseUpdate {
  Key?: { pk?: { S?: string }; sk?: { S?: string } };
  UpdateExpression?: string;
  ExpressionAttributeValues?: Record<string, { S?: string }>;
}

// Within these bounds no write of ours loses another, in milliseconds: how long after it was sent a write
// may take effect, and for how long Cognito may show a state that is no more.
export const LATEST_ARRIVAL = 14_000;
export const OLDEST_SHOWN = 5000;
// How long before it is sent a write may have looked whether writes are paused, in milliseconds.
const LOOKED_BEFORE = 1500;

const NONE: Pick<IdentityPool, 'CognitoIdentityProviders'> & IdentityPool = {
  IdentityPoolId: '',
  IdentityPoolName: '',
  AllowUnauthenticatedIdentities: false,
};

const isEntryChange = ({ member }: { member: string }): boolean =>
  member === 'CognitoIdentityProviders';

/** Sees every state of every identity pool, and says when something is lost. */
export class Observer extends Versions {
  readonly violations: string[] = [];
  /** Foreign changes that were overwritten in the instant that nothing can protect. */
  overwrittenInTheInstant = 0;
  /** Foreign changes that were overwritten because Cognito still showed the pool without them. */
  overwrittenUnseen = 0;
  /** Writes of ours that were lost to one that took effect later than any is waited for. */
  lostToLate = 0;
  /** Writes of ours that were lost since Cognito showed a state older than any is doubted. */
  lostToOld = 0;
  /** What was found wrong after such a loss, and may follow from it. */
  readonly beyond: string[] = [];
  #isBeyond = false;
  updates = 0;
  /** When somebody paused all writes, while they are paused. */
  pausedSince: number | undefined;
  readonly #seen = new Map<object, Seen>();
  /**
   * What has been asked for, and when it first was: `link POOL ENTRY` and `unlink POOL ENTRY`, or
   * `unlink POOL USERPOOL *`.
   */
  readonly #asked = new Map<string, number>();
  /** The entries that ours may take back, as `POOL ENTRY`: each is written by several calls. */
  readonly #inParts = new Set<string>();
  /** What writes of ours did that a foreign writer had done in the instant before: by pool and entry. */
  readonly #moot = new Map<string, number>();
  /** Writes of ours that have been sent, and have not taken effect. */
  readonly #underWay = new Map<object, { base: Version; wanted: IdentityPool }>();
  /** The invocations that have changed an identity pool. */
  readonly #begun = new Set<Holder>();
  /** The leases that are held, by the identity pool. */
  readonly #leases = new Map<string, { nonce: string; holder: Holder | undefined }>();
  /** When an execution last looked at a pool to verify it. */
  readonly #verified = new Map<string, number>();
  readonly #quotas: Map<string, number>;

  constructor(now: () => number, quotas: Map<string, number>) {
    super(now);
    this.#quotas = quotas;
  }

  violation(what: string): void {
    const all = this.#isBeyond ? this.beyond : this.violations;
    all.push(`${this.now()} ms: ${what}`);
  }

  /** A write of ours took effect over one that it had not seen. */
  #lost(what: string, sending: Sending | undefined): void {
    const isLate = this.now() - (sending?.at ?? 0) > LATEST_ARRIVAL;
    const isOld = (sending?.seen?.age ?? 0) > OLDEST_SHOWN;
    if (isLate) this.lostToLate++;
    else if (isOld) this.lostToOld++;
    else this.violation(what);
    this.#isBeyond ||= isLate || isOld;
  }

  /** Something may be done to these identity pools from now on: it is asked for and covered. */
  ask(operation: 'link' | 'unlink', poolIds: string[], providerName: string, clientId = '*'): void {
    for (const poolId of poolIds) {
      const what = `${operation} ${poolId} ${providerName} ${clientId}`;
      if (!this.#asked.has(what)) this.#asked.set(what, this.now());
    }
  }

  /** An entry is written by several calls: if a later one fails, the entry is taken back. */
  mayTakeBack(poolId: string, key: string): void {
    this.#inParts.add(`${poolId} ${key}`);
  }

  /** Whether an entry was to be unlinked by a time, by itself or with its user pool. */
  #isUnlinkAsked(poolId: string, key: string, by = this.now()): boolean {
    const [providerName] = key.split(' ');
    return [key, `${providerName} *`].some((what) => {
      const at = this.#asked.get(`unlink ${poolId} ${what}`);
      return at !== undefined && at <= by;
    });
  }

  foreignWrite(pool: IdentityPool): void {
    this.push(pool.IdentityPoolId, { state: structuredClone(pool), by: 'foreign' });
  }

  /**
   * The lease of an identity pool was taken or given back: only by its holder, while that one lives.
   * One that lists app clients may lose its lease: what it has listed is right all the same.
   */
  leaseUpdated(input: LeaseUpdate, invocation: Holder | undefined): void {
    const { Key, UpdateExpression = '', ExpressionAttributeValues: values } = input;
    if (Key?.sk?.S !== 'lease') return;
    const poolId = Key.pk?.S ?? '';
    if (!this.isKnown(poolId)) return;
    const nonce = values?.[':nonce']?.S;
    // Without a nonce, only the sequence was begun.
    if (nonce === undefined) return;
    const held = this.#leases.get(poolId);
    if (held?.holder?.running && held.nonce !== nonce) {
      const who = invocation?.execution;
      this.violation(`${who} took the lease of ${poolId}, which ${held.holder.execution} had`);
    }
    if (UpdateExpression.includes('REMOVE nonce')) this.#leases.delete(poolId);
    else this.#leases.set(poolId, { nonce, holder: invocation });
  }

  /** What whoever reads a version now sees. */
  seen(version: Version): Seen {
    const next = this.versions(version.state.IdentityPoolId)[version.number + 1];
    const age = next ? this.now() - next.at : 0;
    return { version, stale: next !== undefined, age, at: this.now() };
  }

  /** An invocation was shown something. */
  shown(invocation: Holder & { name: string }, seen: Seen): void {
    this.#seen.set(invocation, seen);
    if (invocation.name !== 'VerifyIdentityPool') return;
    const { IdentityPoolId } = seen.version.state;
    this.#verified.set(`${invocation.execution} ${IdentityPoolId}`, seen.at);
  }

  /** What an invocation has seen of a pool until now. */
  seenBy(invocation: object): Seen | undefined {
    return this.#seen.get(invocation);
  }

  /**
   * A write is about to be sent: not while writes are paused, but for those that had looked before. A write
   * of several calls that was begun before is finished on purpose.
   */
  checkPause(invocation: Holder): void {
    const since = this.pausedSince;
    if (since === undefined || this.now() - since < LOOKED_BEFORE) return;
    if (this.#begun.has(invocation)) return;
    this.violation(`${invocation.execution} writes, though writes were paused at ${since} ms`);
  }

  /** A call of an invocation that changes an identity pool was carried out. */
  begun(invocation: Holder): void {
    this.#begun.add(invocation);
  }

  /**
   * What an execution wrote: the entries that it added, and whether ours had unlinked them before. What was
   * only taken back was not unlinked.
   */
  writesBy(poolId: string, execution: string) {
    const versions = this.versions(poolId);
    const entries = (i: number) => new Set(entriesOf(versions[i]?.state ?? NONE).map(entryKey));
    const addedIn = (i: number) => [...entries(i)].filter((key) => !entries(i - 1).has(key));
    const removedIn = (i: number) => [...entries(i - 1)].filter((key) => !entries(i).has(key));
    const ours = [...versions.keys()].filter((i) => versions[i]?.by === 'ours');
    const session = execution.slice(0, 55);
    return ours
      .filter((i) => versions[i]?.execution?.startsWith(session))
      .map((i) => ({
        added: addedIn(i).map((key) => ({
          key,
          unlinked: ours.some(
            (j) =>
              j < i &&
              removedIn(j).includes(key) &&
              this.#isUnlinkAsked(poolId, key, versions[j]?.at),
          ),
        })),
      }));
  }

  /** A write of ours is sent; it may never arrive. */
  sent(sending: Sending, wanted: IdentityPool): void {
    const base = sending.seen?.version;
    if (base) this.#underWay.set(sending, { base, wanted });
  }

  /** A write of ours takes effect: it must be what was seen, with what was asked for. */
  ourWrite(sending: Sending | undefined, after: IdentityPool, execution: string): void {
    this.updates++;
    const seen = sending?.seen;
    if (sending) this.#underWay.delete(sending);
    const poolId = after.IdentityPoolId;
    const before = this.latest(poolId);
    if (!seen) this.violation(`${execution} wrote ${poolId} without having described it`);
    const base = seen?.version ?? before;
    // An old state that is the same as the newest hides nothing.
    const isNew = sameSettings(base.state, before.state);
    const between = isNew ? [] : this.versions(poolId).slice(base.number + 1);
    if (between.some(({ by }) => by === 'ours')) {
      const lost = diff(before.state, after).filter(({ op }) => op !== 'add');
      this.#lost(
        `${execution} wrote ${poolId} over a write of ours that it had not seen: ${JSON.stringify(lost)}`,
        sending,
      );
    }
    const foreign = between.filter(({ by }) => by === 'foreign').length;
    if (seen?.stale) this.overwrittenUnseen += foreign;
    else this.overwrittenInTheInstant += foreign;
    if (foreign > 0) this.#countMoot(base.state, before.state, after);
    this.#checkAgainst(base.state, after, execution);
    this.push(poolId, { state: structuredClone(after), by: 'ours', execution });
  }

  #countMoot(base: IdentityPool, before: IdentityPool, after: IdentityPool): void {
    const keys = new Set([...entriesOf(base), ...entriesOf(after)].map(entryKey));
    for (const key of keys) {
      if (has(base, key) === has(after, key) || has(before, key) !== has(after, key)) continue;
      const what = `${after.IdentityPoolId} ${key}`;
      this.#moot.set(what, (this.#moot.get(what) ?? 0) + 1);
    }
  }

  /** How often a foreign writer did to an entry, just then, what a write of ours was to do. */
  moot(poolId: string, key: string): number {
    const done = this.#moot.get(`${poolId} ${key}`) ?? 0;
    return done + [...this.#underWay.values()].filter((write) => this.#isDone(write, key)).length;
  }

  /** Whether someone else did what a write of ours, which never arrived, was to do to an entry. */
  #isDone({ base, wanted }: { base: Version; wanted: IdentityPool }, key: string): boolean {
    const is = has(wanted, key);
    if (has(base.state, key) === is) return false;
    const since = this.versions(wanted.IdentityPoolId).slice(base.number + 1);
    return since.some(({ by, state }) => by === 'foreign' && has(state, key) === is);
  }

  #checkQuota(base: IdentityPool, after: IdentityPool, execution: string): void {
    const [had, has] = [entriesOf(base).length, entriesOf(after).length];
    const quota = this.#quotas.get(after.IdentityPoolId) ?? 0;
    if (has <= had || has <= quota) return;
    this.violation(`${execution} made ${has} entries of ${had}, where ${quota} are allowed`);
  }

  #checkAgainst(base: IdentityPool, after: IdentityPool, execution: string): void {
    this.#checkQuota(base, after, execution);
    const poolId = after.IdentityPoolId;
    for (const { member, before, after: now } of diff(base, after).filter(
      (d) => !isEntryChange(d),
    )) {
      // What a foreign writer sets AllowClassicFlow to is false when unset; we never unset it.
      this.violation(
        `${execution} changed ${member} from ${JSON.stringify(before)} to ${JSON.stringify(now)}`,
      );
    }
    if ('AllowClassicFlow' in base !== 'AllowClassicFlow' in after) {
      this.violation(`${execution} made AllowClassicFlow another unset than it was`);
    }
    const was = new Map(entriesOf(base).map((entry) => [entryKey(entry), entry]));
    const is = new Map(entriesOf(after).map((entry) => [entryKey(entry), entry]));
    for (const [key, entry] of is) {
      const old = was.get(key);
      if (!old && !this.#asked.has(`link ${poolId} ${key}`)) {
        this.violation(`${execution} linked ${key}, which nobody asked for`);
      }
      if (old && old.ServerSideTokenCheck !== entry.ServerSideTokenCheck) {
        this.violation(`${execution} changed the token check of ${key}`);
      }
    }
    for (const key of was.keys()) {
      const mayGo = this.#isUnlinkAsked(poolId, key) || this.#inParts.has(`${poolId} ${key}`);
      if (!is.has(key) && !mayGo) this.violation(`${execution} removed ${key}, unasked`);
    }
  }

  /** When an execution last looked at a pool to verify it. */
  verifiedAt(execution: string, poolId: string): number | undefined {
    return this.#verified.get(`${execution} ${poolId}`);
  }
}
