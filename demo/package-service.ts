import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** All that packaging reads, beside links.yml and node_modules. */
export const sources = [
  ...['serverless.yml', 'package.json', 'package-lock.json', 'tsconfig.json', 'links.schema.json'],
  ...['functions', 'aws', 'core', 'statemachines', 'events', 'resources', 'packaging'],
];

/** The packaged service: the compiled template and the zips that would go to AWS. */
export interface Artifact {
  folder: string;
  /** What osls printed. */
  printed: string;
  remove(): void;
}

/**
 * Packages the service with a links.yml of its own, as `osls package` does, in a scratch folder, so
 * that any number of packagings can go on side by side.
 *
 * @param links the text of links.yml.
 * @param params further parameters, as `--param` gives them.
 * @throws with what osls printed when it packages nothing.
 */
export async function packageService(
  links: string,
  stage = 'dev',
  params: Record<string, string> = {},
): Promise<Artifact> {
  const scratch = mkdtempSync(join(tmpdir(), 'poolbridge-package-'));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', remove);
  const service = join(scratch, 'service');
  for (const source of sources) {
    cpSync(join(root, source), join(service, source), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(service, 'node_modules'));
  const file = join(service, 'links.yml');
  writeFileSync(file, links);
  const osls = createRequire(import.meta.url).resolve('serverless/bin/serverless.js');
  try {
    const given = Object.entries({ ...params, links: file });
    const flags = given.map(([name, value]) => `--param=${name}=${value}`);
    const args = [osls, 'package', '--stage', stage, ...flags];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      cwd: service,
      // serverless-esbuild leaves what it unpacks while it packages: with the scratch folder it goes.
      env: { ...process.env, NO_COLOR: '1', TMPDIR: scratch, TEMP: scratch, TMP: scratch },
    });
    // Away from node_modules and package.json: what a bundle lacks, is missing here, too.
    const folder = join(scratch, 'artifact');
    renameSync(join(service, '.serverless'), folder);
    return { folder, printed: `${stdout}${stderr}`, remove };
  } catch (error) {
    remove();
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`The service could not be packaged:\n${stdout}${stderr}`.trim());
  }
}
