/**
 * Waits for a random time between two, in milliseconds, so that those who wait do not continue at the same time.
 */
export const sleep = (from: number, to = from): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, from + Math.random() * (to - from)));
