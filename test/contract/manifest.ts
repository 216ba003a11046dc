import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export type Kind =
  | 'identity pool'
  | 'user pool'
  | 'role'
  | 'stack'
  | 'event bus'
  | 'queue'
  | 'rule';

/** Something that a run makes. Its name is unique, so that it can be found without its id. */
export interface Thing {
  kind: Kind;
  name: string;
  account: string;
  region: string;
  profile?: string | undefined;
  /** The id from AWS; absent if the run ended before AWS answered. */
  id?: string | undefined;
}

type Line =
  | { event: 'begun'; process: number }
  | ({ event: 'making' } & Thing)
  | { event: 'made'; name: string; id: string }
  | { event: 'removed'; name: string };

/** An incomplete line was not on the disk yet, so nothing was made for it. */
function parsed(text: string): Line[] {
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
}

/** The content of a manifest on the disk. */
export interface Recorded {
  /** The id of the process that made it. */
  process: number;
  /** What is not removed yet, the latest first. */
  left: Thing[];
}

/** Reads the manifest of a run, which may have ended at any time. */
export function readManifest(file: string): Recorded {
  const left = new Map<string, Thing>();
  let process = 0;
  for (const line of readFileSync(file, 'utf8').split('\n').flatMap(parsed)) {
    if (line.event === 'begun') process = line.process;
    if (line.event === 'removed') left.delete(line.name);
    if (line.event === 'making') {
      const { kind, name, account, region, profile } = line;
      left.set(name, { kind, name, account, region, profile });
    }
    const made = line.event === 'made' ? left.get(line.name) : undefined;
    if (made && line.event === 'made') made.id = line.id;
  }
  return { process, left: [...left.values()].reverse() };
}

/**
 * What a run has made and not removed yet, on the disk. Each thing is recorded on the disk before
 * AWS is asked to make it, so a killed run leaves a manifest of everything that it may have left
 * behind.
 */
export class Manifest {
  readonly file: string;
  readonly #making = new Set<Promise<unknown>>();
  readonly #counts = new Map<string, number>();
  #closed = false;

  /** @param begin false to continue the manifest of a run that has ended. */
  constructor(file: string, { begin = true } = {}) {
    this.file = file;
    if (begin) {
      mkdirSync(dirname(file), { recursive: true });
      this.#write({ event: 'begun', process: process.pid });
    }
  }

  /**
   * Records something, and then makes it.
   *
   * @param create asks AWS for it, and returns its id.
   * @throws Error once the manifest is closed, so that nothing is made during a cleanup.
   */
  async make(thing: Thing, create: () => Promise<string>): Promise<string> {
    if (this.#closed) throw new Error('The run is ending and makes nothing more.');
    const { kind, name, account, region, profile } = thing;
    this.#write({ event: 'making', kind, name, account, region, profile });
    const at = `${kind} ${account} ${region}`;
    this.#counts.set(at, (this.#counts.get(at) ?? 0) + 1);
    const making = create();
    this.#making.add(making);
    try {
      const id = await making;
      this.#write({ event: 'made', name, id });
      return id;
    } finally {
      this.#making.delete(making);
    }
  }

  /** How many of a kind were made in an account and Region. */
  count(kind: Kind, { account, region }: Pick<Thing, 'account' | 'region'>): number {
    return this.#counts.get(`${kind} ${account} ${region}`) ?? 0;
  }

  /** Closes the manifest, and waits for what AWS is making. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#making);
  }

  left(): Thing[] {
    return readManifest(this.file).left;
  }

  removed({ name }: Thing): void {
    this.#write({ event: 'removed', name });
  }

  /** Deletes the file, which is not needed once nothing is left. */
  forget(): void {
    rmSync(this.file, { force: true });
  }

  #write(line: Line): void {
    const file = openSync(this.file, 'a');
    // The newline before it ends an incomplete line.
    writeSync(file, `\n${JSON.stringify(line)}\n`);
    fsyncSync(file);
    closeSync(file);
  }
}
