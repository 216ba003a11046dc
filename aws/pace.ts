import { sleep } from './sleep.ts';

/** Spreads calls evenly: what it returns waits until the next may be made, so many a second. */
export function pace(perSecond: number): () => Promise<void> {
  let next = 0;
  return async () => {
    const now = Date.now();
    const wait = next - now;
    next = Math.max(now, next) + 1000 / perSecond;
    if (wait > 0) await sleep(wait);
  };
}
