import { createHash, type Hash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Artifact, packageService, root, sources } from './package-service.ts';

/** What makes tests faster the next time. `npm ci` removes it. */
export const cacheFolder = join(root, 'node_modules', '.cache', 'poolbridge');
const packages = join(cacheFolder, 'packages');
const PRINTED = 'printed.txt';
// About 1 MB each.
const MOST_KEPT = 40;

/** Every file at a path or below it, in the same order on every machine. */
function filesAt(path: string, project: string): string[] {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) {
    // Linked from elsewhere, such as by `npm link`. What is linked within the project counts there.
    const real = realpathSync(path);
    return real.startsWith(project) ? [path] : filesAt(real, project);
  }
  if (!stats.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name !== '.cache');
  return names.sort().flatMap((name) => filesAt(join(path, name), project));
}

/** Sources count by their content. */
function addSources(hash: Hash, project: string): void {
  const files = sources.flatMap((source) => filesAt(join(project, source), project));
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(JSON.stringify([file, content.length])).update(content);
  }
}

/**
 * Packages count by what the file system says of each of their files, as in Git's index. To read
 * their content takes longer than to package. No program can set a file's change time back.
 */
function addModules(hash: Hash, project: string): void {
  for (const file of filesAt(join(project, 'node_modules'), project)) {
    const { size, mtimeMs, ctimeMs, ino } = lstatSync(file);
    hash.update(JSON.stringify([file, size, mtimeMs, ctimeMs, ino]));
  }
}

// What else may change how osls, esbuild or Node package.
const isSetting = (name: string): boolean =>
  /^(AWS|ESBUILD|SERVERLESS|SLS)_|^NODE_(ENV|OPTIONS|PATH)$/.test(name);

/**
 * A digest of everything that packaging reads.
 *
 * @param asked links.yml, stage and parameters.
 * @param project the folder with the sources and node_modules.
 */
export function packagingKey(asked: unknown, project = root): string {
  const { env, version, platform, arch } = process;
  const settings = Object.entries(env).filter(([name]) => isSetting(name));
  const hash = createHash('sha256');
  hash.update(JSON.stringify([asked, settings.sort(), version, platform, arch]));
  addSources(hash, project);
  addModules(hash, project);
  return hash.digest('hex');
}

/** Puts an artifact where the next one finds it: whole, or not at all. */
function keep({ folder, printed }: Artifact, place: string): void {
  mkdirSync(packages, { recursive: true });
  const scratch = mkdtempSync(join(packages, 'new-'));
  cpSync(folder, scratch, { recursive: true });
  writeFileSync(join(scratch, PRINTED), printed);
  try {
    renameSync(scratch, place);
  } catch {
    // Another process was faster.
    rmSync(scratch, { recursive: true });
  }
  const oldestFirst = readdirSync(packages)
    .map((name) => ({ name, used: lstatSync(join(packages, name)).mtimeMs }))
    .sort((a, b) => a.used - b.used);
  for (const { name } of oldestFirst.slice(0, -MOST_KEPT)) {
    rmSync(join(packages, name), { recursive: true, force: true });
  }
}

/** A copy of a kept artifact, away from node_modules: what a bundle lacks, it lacks there too. */
function copyOf(place: string): Artifact {
  const now = new Date();
  utimesSync(place, now, now);
  const scratch = mkdtempSync(join(tmpdir(), 'poolbridge-package-'));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', remove);
  const folder = join(scratch, 'artifact');
  cpSync(place, folder, { recursive: true });
  const printed = readFileSync(join(folder, PRINTED), 'utf8');
  rmSync(join(folder, PRINTED));
  return { folder, printed, remove };
}

/**
 * Packages the service as {@link packageService} does, or takes what was packaged before from exactly
 * the same: sources, links.yml, parameters, installed packages, settings and version of Node.
 *
 * @throws as there. What can't be packaged is not kept.
 */
export async function packagedService(
  links: string,
  stage = 'dev',
  params: Record<string, string> = {},
): Promise<Artifact> {
  const asked = [links, stage, params];
  const key = packagingKey(asked);
  const place = join(packages, key);
  if (existsSync(place)) return copyOf(place);
  const artifact = await packageService(links, stage, params);
  // Not if anything changed meanwhile.
  if (packagingKey(asked) === key) keep(artifact, place);
  return artifact;
}
