import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What a thread is told to run: a script, or the seed of a mistake; with a mistake, if one is named. */
export interface AskedOfThread {
  script?: string;
  mistake?: string;
}

/**
 * Runs seeds and scripts in a thread of its own: here the test runner would follow every promise, which
 * takes time.
 */
export class Apart {
  readonly #worker = new Worker(new URL('thread.ts', import.meta.url));

  /**
   * @returns what was found wrong, and what happened.
   * @throws Error when it can't be run, for example as the source no longer has what a mistake replaces.
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
