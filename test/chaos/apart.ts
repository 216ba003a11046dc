import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What a thread runs: a script, or the seed of a mistake; with the mistake, if one is named. */
export interface AskedOfThread {
  script?: string;
  mistake?: string;
}

/**
 * Runs seeds and scripts in a separate thread: in the main thread the test runner tracks every promise,
 * which takes time.
 */
export class Apart {
  readonly #worker = new Worker(new URL('thread.ts', import.meta.url));

  /**
   * @returns the violations, and the timeline.
   * @throws Error if it cannot run, for example because the source no longer has the text that a mistake replaces.
   */
  async run(asked: AskedOfThread): Promise<{ violations: string[]; timeline: string[] }> {
    this.#worker.postMessage(asked);
    const [{ failure, ...outcome }] = await once(this.#worker, 'message');
    if (failure !== undefined) throw failure;
    return outcome;
  }

  close(): Promise<number> {
    return this.#worker.terminate();
  }
}
