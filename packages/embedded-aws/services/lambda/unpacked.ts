import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';

/** Unpacks a zip beside it, unless that is done, and returns the folder. */
export function unpacked(zip: string): string {
  const folder = zip.replace(/\.zip$/, '');
  if (existsSync(folder)) return folder;
  // Rename at the end, since other processes can unpack the same zip at the same time.
  const scratch = mkdtempSync(`${folder}-`);
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(zip)))) {
    if (name.endsWith('/')) continue;
    const file = join(scratch, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  try {
    renameSync(scratch, folder);
  } catch (error) {
    rmSync(scratch, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
