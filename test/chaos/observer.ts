import { diff } from '../../core/identity-pool/difference.ts';
import { entriesOf, entryKey, type IdentityPool } from '../../core/identity-pool/identity-pool.ts';
import { sameSettings } from '../../core/identity-pool/same-settings.ts';
import { Moot } from './moot.ts';
import type { Seen, Sending } from './sending.ts';
import { has, type Version, Versions } from './versions.ts';

/** The holder of a lease. */
interface Holder {
  execution: string;
  running: boolean;
}

interface LeaseUpdate {
  Key?: { pk?: { S?: string }; sk?: { S?: string } };
  UpdateExpression?: string;
  ExpressionAttributeValues?: Record<string, { S?: string }>;
}

// Bounds within which no write of ours overwrites another, in milliseconds: how long after it was sent a write
// can take effect, and how long Cognito can show an old state.
export const LATEST_ARRIVAL = 14_000;
/** As {@link LATEST_ARRIVAL}, for a write after other calls of the same function. */
const LATER_ARRIVAL = 11_000;
export const OLDEST_SHOWN = 5000;
// The longest time between the check for a pause and the write that follows it, in milliseconds.
const LOOKED_BEFORE = 1500;

const NONE: Pick<IdentityPool, 'CognitoIdentityProviders'> & IdentityPool = {
  IdentityPoolId: '',
  IdentityPoolName: '',
  AllowUnauthenticatedIdentities: false,
};

const isEntryChange = ({ member }: { member: string }): boolean =>
  member === 'CognitoIdentityProviders';

/** Sees every state of every identity pool, and reports every lost write. */
export class Observer extends Versions {
  readonly violations: string[] = [];
  /** Foreign changes overwritten between our Describe and our Update, which nothing can prevent. */
  overwrittenInTheInstant = 0;
  /** Foreign changes overwritten because Cognito still showed the pool without them. */
  overwrittenUnseen = 0;
  /** Writes of ours that a write of ours overwrote without having seen them. */
  lost = 0;
  /** Those of them lost to a write that took effect later than {@link LATEST_ARRIVAL}. */
  lostToLate = 0;
  /** Those of them lost because Cognito showed a state older than {@link OLDEST_SHOWN}. */
  lostToOld = 0;
  /** Violations found after such a loss, which may be its consequences. */
  readonly beyond: string[] = [];
  #isBeyond = false;
  updates = 0;
  /** When all writes were paused; undefined while they are not. */
  pausedSince: number | undefined;
  readonly #seen = new Map<object, Seen>();
  /** The requests, and when each was first made: `link POOL ENTRY`, `unlink POOL ENTRY` or `unlink POOL USERPOOL *`. */
  readonly #asked = new Map<string, number>();
  /** Entries that our writes may take back, as `POOL ENTRY`: writing them takes several calls. */
  readonly #inParts = new Set<string>();
  /** The changes that foreign writers made before our writes could. */
  readonly moot: Moot;
  /** The executions that Cognito misled beyond the bound, with the identity pool. */
  readonly #misled = new Set<string>();
  /** The invocations that have changed an identity pool. */
  readonly #begun = new Set<Holder>();
  /** The leases that are held, by identity pool. */
  readonly #leases = new Map<string, { nonce: string; holder: Holder | undefined }>();
  /** When an execution last looked at a pool to verify it. */
  readonly #verified = new Map<string, number>();
  readonly #quotas: Map<string, number>;

  constructor(now: () => number, quotas: Map<string, number>) {
    super(now);
    this.moot = new Moot(this);
    this.#quotas = new Map(quotas);
  }

  /** Sets how many entries an identity pool may have. */
  limit(poolId: string, quota: number): void {
    this.#quotas.set(poolId, quota);
  }

  violation(what: string): void {
    const all = this.#isBeyond ? this.beyond : this.violations;
    all.push(`${this.now()} ms: ${what}`);
  }

  /** Records that a write of ours overwrote another one that it had not seen. */
  #lost(what: string, sending: Sending | undefined): void {
    this.lost++;
    const latest = sending?.isLater ? LATER_ARRIVAL : LATEST_ARRIVAL;
    const isLate = this.now() - (sending?.at ?? 0) > latest;
    const isOld = (sending?.seen?.age ?? 0) > OLDEST_SHOWN;
    if (isLate) this.lostToLate++;
    else if (isOld) this.lostToOld++;
    else this.violation(what);
    this.#isBeyond ||= isLate || isOld;
  }

  /** What the invocations of an execution last saw of a pool. */
  #looks(execution: string, poolId: string): { invocation: object; seen: Seen }[] {
    return [...this.#seen]
      .map(([invocation, seen]) => ({ invocation, seen }))
      .filter(({ invocation }) => (invocation as Holder).execution === execution)
      .filter(({ seen }) => seen.version.state.IdentityPoolId === poolId);
  }

  /** Whether a state of a pool that Cognito showed was too old, and hid a write of ours. */
  #isHiding({ version, age, at }: Seen): boolean {
    if (age <= OLDEST_SHOWN) return false;
    const hidden = this.versions(version.state.IdentityPoolId).slice(version.number + 1);
    return hidden.some((each) => each.by === 'ours' && each.at <= at);
  }

  /**
   * Whether Cognito misled an execution beyond the bound: the last state of a pool that it saw hid a write of ours. If so,
   * the loss is counted.
   */
  isMisled(execution: string, poolId: string): boolean {
    const [last] = this.#looks(execution, poolId).sort((a, b) => b.seen.at - a.seen.at);
    return last !== undefined && this.#isHiding(last.seen) && this.#misleads(execution, poolId);
  }

  /** As {@link isMisled}, of the last state that a function of the execution saw that changed an identity pool. */
  wasMisled(execution: string, poolId: string): boolean {
    const writers = this.#looks(execution, poolId).filter(({ invocation }) =>
      this.#begun.has(invocation as Holder),
    );
    return writers.some(({ seen }) => this.#isHiding(seen)) && this.#misleads(execution, poolId);
  }

  /** Counts a loss, once for each execution and pool. */
  #misleads(execution: string, poolId: string): true {
    const what = `${execution} ${poolId}`;
    if (this.#misled.has(what)) return true;
    this.#misled.add(what);
    this.lost++;
    this.lostToOld++;
    this.#isBeyond = true;
    return true;
  }

  /** Allows a change of these identity pools from now on, because it is requested and covered. */
  ask(operation: 'link' | 'unlink', poolIds: string[], providerName: string, clientId = '*'): void {
    for (const poolId of poolIds) {
      const what = `${operation} ${poolId} ${providerName} ${clientId}`;
      if (!this.#asked.has(what)) this.#asked.set(what, this.now());
    }
  }

  /** Allows an entry to be taken back: it takes several calls, and a later one may fail. */
  mayTakeBack(poolId: string, key: string): void {
    this.#inParts.add(`${poolId} ${key}`);
  }

  /** Whether unlinking an entry was requested by a time, alone or with its user pool. */
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
   * Checks a lease that was taken or released: while its holder runs, no one else may change it. A lease of a
   * listing of app clients may be lost: the listing is correct all the same.
   */
  leaseUpdated(input: LeaseUpdate, invocation: Holder | undefined): void {
    const { Key, UpdateExpression = '', ExpressionAttributeValues: values } = input;
    if (Key?.sk?.S !== 'lease') return;
    const poolId = Key.pk?.S ?? '';
    if (!this.isKnown(poolId)) return;
    const nonce = values?.[':nonce']?.S;
    // An update without a nonce only starts the sequence.
    if (nonce === undefined) return;
    const write = values?.[':write']?.S;
    if (invocation && write !== undefined) this.#intended(invocation, poolId, write);
    const held = this.#leases.get(poolId);
    if (held?.holder?.running && held.nonce !== nonce) {
      const who = invocation?.execution;
      this.violation(`${who} took the lease of ${poolId} from ${held.holder.execution}`);
    }
    if (UpdateExpression.includes('REMOVE nonce')) this.#leases.delete(poolId);
    else this.#leases.set(poolId, { nonce, holder: invocation });
  }

  #intended(invocation: Holder, poolId: string, write: string): void {
    const base = this.#seen.get(invocation)?.version;
    if (base?.state.IdentityPoolId === poolId) this.moot.intended(invocation, base, write);
  }

  /** What a reader of this version sees now. */
  seen(version: Version): Seen {
    const next = this.versions(version.state.IdentityPoolId)[version.number + 1];
    const age = next ? this.now() - next.at : 0;
    return { version, stale: next !== undefined, age, at: this.now() };
  }

  /** Records what an invocation was shown. */
  shown(invocation: Holder & { name: string }, seen: Seen): void {
    this.#seen.set(invocation, seen);
    if (invocation.name !== 'VerifyIdentityPool') return;
    const { IdentityPoolId } = seen.version.state;
    this.#verified.set(`${invocation.execution} ${IdentityPoolId}`, seen.at);
  }

  /** What an invocation has last seen of a pool. */
  seenBy(invocation: object): Seen | undefined {
    return this.#seen.get(invocation);
  }

  /**
   * Checks that no write is sent while writes are paused. A write that has just checked for a pause is still
   * sent, and a write of several calls that has begun is finished on purpose.
   */
  checkPause(invocation: Holder): void {
    const since = this.pausedSince;
    if (since === undefined || this.now() - since < LOOKED_BEFORE) return;
    if (this.#begun.has(invocation)) return;
    this.violation(`${invocation.execution} writes, though writes were paused at ${since} ms`);
  }

  /** Whether an invocation has changed an identity pool. */
  hasBegun(invocation: Holder): boolean {
    return this.#begun.has(invocation);
  }

  /** Records that an invocation has changed an identity pool. */
  begun(invocation: Holder): void {
    this.#begun.add(invocation);
  }

  /** The writes of an execution: the entries that each added, and whether a write of ours had removed them before. */
  writesBy(poolId: string, execution: string) {
    const versions = this.versions(poolId);
    const entries = (i: number) => new Set(entriesOf(versions[i]?.state ?? NONE).map(entryKey));
    const addedIn = (i: number) => [...entries(i)].filter((key) => !entries(i - 1).has(key));
    const ours = [...versions.keys()].filter((i) => versions[i]?.by === 'ours');
    const session = execution.slice(0, 55);
    return ours
      .filter((i) => versions[i]?.execution?.startsWith(session))
      .map((i) => ({
        at: versions[i]?.at ?? 0,
        added: addedIn(i).map((key) => ({ key, ...this.#removedBefore(poolId, key, i) })),
      }));
  }

  /** Whether the last write of ours before a version that changed an entry had removed it, as was requested. */
  #removedBefore(poolId: string, key: string, number: number) {
    const versions = this.versions(poolId);
    const changed = versions.slice(0, number).filter(({ by, state }, i) => {
      const previous = versions[i - 1];
      return by === 'ours' && previous && has(previous.state, key) !== has(state, key);
    });
    const [last, before] = changed.toReversed();
    return {
      isRemoved:
        last !== undefined && !has(last.state, key) && this.#isUnlinkAsked(poolId, key, last.at),
      /** What the removal removed, and when. An execution may take back what it has added itself. */
      addedAt: before?.at ?? 0,
      removedAt: last?.at ?? 0,
      isByItself: last?.execution === before?.execution,
    };
  }

  /** Checks a write of ours that takes effect: what was seen, plus only what was requested. */
  ourWrite(sending: Sending | undefined, after: IdentityPool, execution: string): void {
    this.updates++;
    const seen = sending?.seen;
    if (sending) this.moot.arrived(sending);
    const poolId = after.IdentityPoolId;
    const before = this.latest(poolId);
    if (!seen) this.violation(`${execution} wrote ${poolId} without having described it`);
    const base = seen?.version ?? before;
    // An old state that equals the newest one hides nothing.
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
    if (foreign > 0) this.moot.count(base.state, before.state, after);
    this.#checkAgainst(base.state, after, execution);
    const shown = seen && { seen: seen.version.state };
    this.push(poolId, { state: structuredClone(after), by: 'ours', execution, ...shown });
  }

  #checkQuota(base: IdentityPool, after: IdentityPool, execution: string): void {
    const [had, has] = [entriesOf(base).length, entriesOf(after).length];
    const quota = this.#quotas.get(after.IdentityPoolId) ?? 0;
    if (has <= had || has <= quota) return;
    this.violation(
      `${execution} went from ${had} to ${has} entries, although ${quota} are allowed`,
    );
  }

  #checkAgainst(base: IdentityPool, after: IdentityPool, execution: string): void {
    this.#checkQuota(base, after, execution);
    const poolId = after.IdentityPoolId;
    for (const { member, before, after: now } of diff(base, after).filter(
      (d) => !isEntryChange(d),
    )) {
      // A foreign writer may leave AllowClassicFlow unset, which means false; our writes never unset it.
      this.violation(
        `${execution} changed ${member} from ${JSON.stringify(before)} to ${JSON.stringify(now)}`,
      );
    }
    if ('AllowClassicFlow' in base !== 'AllowClassicFlow' in after) {
      this.violation(`${execution} set or unset AllowClassicFlow`);
    }
    const was = new Map(entriesOf(base).map((entry) => [entryKey(entry), entry]));
    const is = new Map(entriesOf(after).map((entry) => [entryKey(entry), entry]));
    for (const [key, entry] of is) {
      const old = was.get(key);
      if (!old && !this.#asked.has(`link ${poolId} ${key}`)) {
        this.violation(`${execution} linked ${key} without a request`);
      }
      if (old && old.ServerSideTokenCheck !== entry.ServerSideTokenCheck) {
        this.violation(`${execution} changed the token check of ${key}`);
      }
    }
    for (const key of was.keys()) {
      const mayGo = this.#isUnlinkAsked(poolId, key) || this.#inParts.has(`${poolId} ${key}`);
      if (!is.has(key) && !mayGo) this.violation(`${execution} removed ${key} without a request`);
    }
  }

  /** When an execution last looked at a pool to verify it. */
  verifiedAt(execution: string, poolId: string): number | undefined {
    return this.#verified.get(`${execution} ${poolId}`);
  }
}
