import { entriesOf, entryKey } from '../../core/identity-pool/identity-pool.ts';
import { LONGEST_RECHECK_MS } from '../../core/reconcile/recheck.ts';
import { MOST_RESTORES } from '../../core/reconcile/restore.ts';
import { ALL_POOLS, POOLS, providerNameOf, RESTORED } from './accounts.ts';
import { type Drift, keyOf } from './drift.ts';
import type { Look } from './drift-records.ts';
import type { Scene } from './scene.ts';
import { has, type Version } from './versions.ts';

const HOUR = 3_600_000;
// How long a function that reconciles or writes runs, and by how much clocks differ, in milliseconds.
const LONGEST_RUN = 20_000;
const CLOCKS = 2000;
/** How many rechecks may begin from the first foreign write of a storm until 90 seconds after its last one. */
const MOST_RECHECKS = 6;
const AFTER_STORM = 90_000;

/** Checks what was restored, what was rechecked, and what sweeps have found. */
export class DriftJudge {
  readonly #scene: Scene;
  readonly #drift: Drift;
  /** How long after a decision its write can take effect, in milliseconds. */
  readonly #slack: number;

  constructor(scene: Scene, drift: Drift) {
    this.#scene = scene;
    this.#drift = drift;
    this.#slack = LONGEST_RUN + CLOCKS + scene.faults.latest;
  }

  /** Checks what must hold without the last reconcile. */
  judgeBeforeLast(): void {
    for (const poolId of ALL_POOLS) this.#judgeRechecks(poolId);
    this.#judgeHidden();
  }

  /** Checks what was restored, after the last reconcile. */
  judge(): void {
    for (const poolId of ALL_POOLS) this.#judgeRestores(poolId);
    for (const client of this.#drift.restored) {
      if (client.deletedAt === undefined) this.#judgeRestored(keyOf(client), client.clientId);
    }
  }

  #executions(suffix: string) {
    const { executions } = this.#scene.aws.stateMachines;
    return [...executions.values()].filter(({ machine }) => machine.name.endsWith(suffix));
  }

  /**
   * The entries that reconciles added to an identity pool, and whether that restored them: others had removed them, and
   * the ledger had them as linked. An entry that the writer still saw there does not count.
   */
  #additions(poolId: string): { key: string; at: number; isRestore: boolean }[] {
    const { observer, ledgers } = this.#scene;
    const reconciles = this.#executions('-reconcile').map(({ name }) => name.slice(0, 55));
    const removedBy = new Map<string, Version['by']>();
    let before = new Set<string>();
    return observer.versions(poolId).flatMap(({ state, by, at, execution = '', seen }) => {
      const now = new Set(entriesOf(state).map(entryKey));
      const added = [...now].filter((key) => !before.has(key));
      for (const key of before) if (!now.has(key)) removedBy.set(key, by);
      before = now;
      const isReconcile = by === 'ours' && reconciles.some((name) => execution.startsWith(name));
      if (!isReconcile) return [];
      return added.flatMap((key) => {
        if (seen && has(seen, key)) return [];
        const last = ledgers.of(poolId, key).findLast((note) => note.at <= at);
        const isRestore = removedBy.get(key) === 'foreign' && last?.state === 'linked';
        return { key, at, isRestore };
      });
    });
  }

  #judgeRestores(poolId: string): void {
    const restores = new Map<string, number[]>();
    for (const { key, at, isRestore } of this.#additions(poolId)) {
      this.#judgeLedger(poolId, key, { at, isRestore });
      if (!isRestore) continue;
      const times = [...(restores.get(key) ?? []), at];
      restores.set(key, times);
      this.#judgeBrake(poolId, key, times);
    }
  }

  /** A reconcile adds only what the ledger does not have as unlinked, and restores only what its link says. */
  #judgeLedger(
    poolId: string,
    key: string,
    { at, isRestore }: { at: number; isRestore: boolean },
  ): void {
    const notes = this.#scene.ledgers.of(poolId, key).filter((note) => note.at <= at);
    const last = notes.at(-1);
    // A younger note may have come after the decision.
    if (!last || last.at > at - this.#slack) return;
    const { observer } = this.#scene;
    if (last.state === 'unlinked') {
      observer.violation(`a reconcile added ${key} at ${at} ms, although it was unlinked`);
    }
    const restores = poolId === RESTORED.pool && key.startsWith(providerNameOf(RESTORED.userPool));
    if (isRestore && last.state === 'linked' && !restores) {
      observer.violation(`a reconcile restored ${key} at ${at} ms, although its link says tell`);
    }
  }

  /** When something else than a reconcile last wrote an entry before a time; 0 if nothing has. */
  #resetAt(poolId: string, key: string, by: number): number {
    const notes = this.#scene.ledgers.of(poolId, key);
    const isOther = ({ execution }: { execution: string }) => !execution.includes('-reconcile:');
    return notes.findLast((note) => note.at <= by && isOther(note))?.at ?? 0;
  }

  /** An entry that was restored three times within an hour is not restored again before a person links it. */
  #judgeBrake(poolId: string, key: string, times: number[]): void {
    const [at = 0, ...earlier] = times.toReversed();
    const reset = this.#resetAt(poolId, key, at);
    const counted = earlier.filter((time) => time >= reset);
    const [last, first] = [counted[0], counted[MOST_RESTORES - 1]];
    if (last === undefined || first === undefined) return;
    if (last - first > HOUR - this.#slack) return;
    this.#scene.observer.violation(
      `${key} was restored at ${at} ms, after ${MOST_RESTORES} times within an hour`,
    );
  }

  /** An entry that its link restores is there at the end, unless a person unlinked it or the brake holds. */
  #judgeRestored(key: string, clientId: string): void {
    const { observer, count, ledgers } = this.#scene;
    const { records } = this.#drift;
    if (observer.entriesNow(RESTORED.pool).includes(key)) return;
    if (ledgers.of(RESTORED.pool, key).at(-1)?.state === 'unlinked') return;
    const times = records.restores.get(`${RESTORED.pool} ${key}`)?.times ?? [];
    const [first = 0] = times;
    const last = times.at(-1) ?? 0;
    const isBraked = times.length >= MOST_RESTORES && last - first <= HOUR;
    if (!isBraked || !this.#haveRestored(times)) {
      observer.violation(`${key} is missing after the last reconcile, and was not restored`);
      return;
    }
    count('braked');
    const isTold = records.removed.some((each) => each.clientId === clientId && each.braked);
    if (!isTold) observer.violation(`${key} is no longer restored, and no event says so`);
  }

  /** Whether a reconcile looked at the identity pool at each of these times, in epoch milliseconds. */
  #haveRestored(times: number[]): boolean {
    const start = Date.now() - this.#scene.clock.elapsed;
    return times.every((time) =>
      this.#drift.records.looks.some(
        ({ poolId, from, to }) =>
          poolId === RESTORED.pool && time - start >= from - CLOCKS && time - start <= to + CLOCKS,
      ),
    );
  }

  /** At most one recheck of an identity pool looks at a time, a storm starts few, and the last state is seen. */
  #judgeRechecks(poolId: string): void {
    const { observer } = this.#scene;
    const { records, storms } = this.#drift;
    const rechecks = this.#executions('-reconcile').filter(
      ({ name, input }) => name.startsWith('recheck-') && input.includes(poolId),
    );
    const began = (seconds: number) => seconds * 1000 - Date.now() + this.#scene.clock.elapsed;
    const looks = rechecks.flatMap(({ arn, startDate }) => {
      const own = records.looks.filter((look) => look.execution === arn && look.poolId === poolId);
      const [from, to] = [own[0]?.from, own.at(-1)?.to];
      if (from === undefined || to === undefined) return [];
      return [{ arn, started: began(startDate), from, to }];
    });
    for (const [i, one] of looks.entries()) {
      const other = looks.slice(i + 1).find(({ from, to }) => from < one.to && one.from < to);
      if (!other || other.started - one.started >= LONGEST_RECHECK_MS) continue;
      observer.violation(`${one.arn} and ${other.arn} look at ${poolId} at the same time`);
    }
    for (const storm of storms.filter((each) => each.poolId === poolId)) {
      const { length } = rechecks.filter(({ startDate }) => {
        const at = began(startDate);
        return at >= storm.from && at <= storm.to + AFTER_STORM;
      });
      if (length <= MOST_RECHECKS) continue;
      observer.violation(`a storm started ${length} rechecks of ${poolId}`);
    }
    // One that someone stopped counts as running for a while, and is not followed.
    if (rechecks.some(({ status }) => status === 'ABORTED')) return;
    const asked = records.asked.get(poolId);
    const isAfter = (look: Look): boolean => look.poolId === poolId && look.from >= (asked ?? 0);
    if (asked === undefined || records.looks.some(isAfter)) return;
    observer.violation(`${poolId} was not looked at after an event about it at ${asked} ms`);
  }

  /** What no event reported was found by a sweep. */
  #judgeHidden(): void {
    const { observer, clock } = this.#scene;
    for (const client of this.#drift.hidden) {
      const key = keyOf(client);
      const { createdAt, deletedAt = clock.elapsed } = client;
      if (!observer.was(POOLS[0], key, true, createdAt, deletedAt)) {
        observer.violation(`no sweep has linked ${key}, created at ${createdAt} ms`);
      }
      if (client.deletedAt !== undefined && observer.entriesNow(POOLS[0]).includes(key)) {
        observer.violation(`no sweep has unlinked ${key}, deleted at ${client.deletedAt} ms`);
      }
    }
  }
}
