import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { unzipSync } from 'fflate';

/** The packaged code of the functions, unpacked for as long as this AWS runs. */
export class CodeStore {
  #root: string | undefined;
  #count = 0;
  /** Where the zips are that a template's S3Keys stand for. */
  artifacts = '';

  /** Unpacks the zip that an S3 key stands for, into a folder of its own. */
  unpack(s3Key: string): string {
    const folder = join(this.#folder(), String(this.#count++));
    const zip = unzipSync(readFileSync(join(this.artifacts, basename(s3Key))));
    for (const [name, bytes] of Object.entries(zip)) {
      if (name.endsWith('/')) continue;
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    return folder;
  }

  #folder(): string {
    if (this.#root === undefined) {
      this.#root = mkdtempSync(join(tmpdir(), 'poolbridge-aws-'));
      process.once('exit', () => this.remove());
    }
    return this.#root;
  }

  remove(): void {
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
  }
}
