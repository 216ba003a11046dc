import type { PoolUpdate, RecordedUpdate } from '../../core/reconcile/pool-update.ts';
import { sha256 } from '../../core/sha256.ts';
import { isNumber, isShape, isText } from '../../core/shape.ts';
import { isTrailCaller, type TrailCaller } from '../../core/trail-record.ts';
import type { PoolItems } from './pool-items.ts';
import { bodyOf } from './table.ts';

// An update may have 1,000 entries, and many updates may come at once. Twelve characters are 48 bits of a digest.
const DIGEST = 12;
const DAYS = 7;

const digestOf = (key: string): string => sha256(key).slice(0, DIGEST);

interface Kept {
  time: number;
  by?: TrailCaller;
  /** The digests of the entries, one after the other. */
  entries?: string;
}

const isKept = isShape<Kept>({ time: isNumber }, { by: isTrailCaller, entries: isText });

function updateOf({ time, by, entries }: Kept, digest: typeof digestOf): PoolUpdate {
  const digests = entries === undefined ? undefined : new Set(entries.match(/.{12}/g));
  return {
    time,
    ...(by && { by }),
    ...(digests && { entries: { has: (key: string) => digests.has(digest(key)) } }),
  };
}

/** As {@link digestOf}, but computes each digest once: many updates are asked for the same keys. */
function remembered(): typeof digestOf {
  const known = new Map<string, string>();
  return (key) => {
    const digest = known.get(key) ?? digestOf(key);
    known.set(key, digest);
    return digest;
  };
}

/**
 * The updates of one identity pool that others made, as events reported them, for some days. Events may be lost, so
 * there may have been more.
 */
export class PoolChanges {
  readonly #items: PoolItems;

  constructor(items: PoolItems) {
    this.#items = items;
  }

  /** Keeps an update. The same update is kept once, no matter how often its event comes. */
  async keep({ time, by, entries }: RecordedUpdate): Promise<void> {
    const kept: Kept = {
      time,
      ...(by && { by }),
      ...(entries && { entries: [...entries].map(digestOf).join('') }),
    };
    const text = JSON.stringify(kept);
    // Sorted by time. Updates in the same second have no order.
    const sk = `change#${new Date(time).toISOString()}#${digestOf(by?.eventId ?? text)}`;
    await this.#items.keep(sk, text, DAYS);
  }

  /** The updates since a moment in epoch milliseconds, newest first. */
  async since(time: number): Promise<PoolUpdate[]> {
    const items = await this.#items.query('change#');
    const digest = remembered();
    return items
      .flatMap((item) => bodyOf(item, isKept) ?? [])
      .filter((kept) => kept.time >= time)
      .map((kept) => updateOf(kept, digest))
      .reverse();
  }
}
