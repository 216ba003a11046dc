import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unpacked } from 'embedded-aws/services/lambda/unpacked.ts';
import { build, type Metafile } from 'esbuild';
import { packageService } from '../../demo/package-service.ts';
import { 'module.exports' as bundling } from '../../packaging/esbuild.ts';
import { sharedLinks } from '../setup.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const json = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'));

interface Locked {
  integrity?: string;
  resolved?: string;
  link?: boolean;
  dev?: boolean;
  hasInstallScript?: boolean;
}

const locked = ['package-lock.json', 'test/mutation/package-lock.json'].flatMap((file) =>
  Object.entries<Locked>(json(file).packages).filter(([path]) => path !== ''),
);
const nameIn = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 13);

interface Component {
  name: string;
  version: string;
  properties?: { name: string }[];
}

const idOf = ({ name, version }: Component): string => `${name}@${version}`;

const isForUse = ({ properties = [] }: Component): boolean =>
  !properties.some(({ name }) => name === 'cdx:npm:package:development');

/** The output of `npm run sbom`. */
async function billOfMaterials(): Promise<Component[]> {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout).components;
}

/** The folder of the package that a bundled file is from; undefined if it is ours. */
const packageOf = (file: string): string | undefined =>
  /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

/** What esbuild says of the bundles of all functions, with the links.yml of the project. */
async function bundles(): Promise<Metafile> {
  const { metafile } = await build({
    ...bundling({ service: { custom: { links: join(root, 'links.yml') } } }),
    platform: 'node',
    write: false,
    metafile: true,
    outdir: 'none',
    absWorkingDir: root,
    entryPoints: globSync('functions/*-*.ts', { cwd: root }),
  });
  return metafile;
}

/** The rows of a table in docs/dependencies.md, by the heading of its first column. */
function statedSizes(heading: string): { what: string; kilobytes: number }[] {
  const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  const [, table = ''] = page.split(`\n| ${heading} | KB |`);
  const [, ...rows] = table.slice(0, table.indexOf('\n\n')).split('\n').slice(1);
  return rows.map((row) => {
    const [, what = '', kilobytes] = row.split('|');
    return { what: what.trim(), kilobytes: Number(kilobytes) };
  });
}

/** Whether a size in bytes is within 5 % of what the page says, or 1 KB. */
const isAsStated = (bytes: number, kilobytes: number): boolean =>
  Math.abs(bytes / 1024 - kilobytes) <= Math.max(1, kilobytes / 20);

const fileOf = (name: string): string =>
  name.replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();

// osls puts the time into the name of the upload folder; nothing else in the template may differ.
const withoutTime = (template: string): string =>
  template.replace(/\/\d{13}-\d{4}-\d\d-\d\dT[\d:.]+Z\//g, '/TIME/');

describe('a release', () => {
  test('has the same bytes on any machine, at any time and for any user', async () => {
    const first = process.env['POOLBRIDGE_ARTIFACT'] ?? '';
    const { TZ } = process.env;
    const umask = process.umask(0o077);
    // A time zone that is a day ahead of most others.
    process.env['TZ'] = 'Pacific/Kiritimati';
    try {
      const second = await packageService(sharedLinks());
      const zips = readdirSync(first).filter((file) => file.endsWith('.zip'));
      assert.ok(zips.length > 10, `${zips.length} zips`);
      assert.deepEqual(
        readdirSync(second.folder).filter((file) => file.endsWith('.zip')),
        zips,
      );
      for (const zip of zips) {
        const [one, other] = [first, second.folder].map((folder) =>
          readFileSync(join(folder, zip)),
        );
        assert.ok(one!.equals(other!), zip);
      }
      const [one, other] = [first, second.folder].map((folder) =>
        withoutTime(
          readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8'),
        ),
      );
      assert.equal(one, other);
      second.remove();
    } finally {
      process.umask(umask);
      if (TZ === undefined) delete process.env['TZ'];
      else process.env['TZ'] = TZ;
    }
  });

  test('has in each function what esbuild makes of that function alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'poolbridge-test-'));
    const links = join(folder, 'links.yml');
    writeFileSync(links, sharedLinks());
    const config = bundling({ service: { custom: { links } } });
    const functions = { AssumeRole: 'assume-role', UpdateIdentityPool: 'update-identity-pool' };
    for (const [name, file] of Object.entries(functions)) {
      const { outputFiles } = await build({
        ...config,
        platform: 'node',
        write: false,
        absWorkingDir: root,
        entryPoints: [`functions/${file}.ts`],
      });
      const packaged = unpacked(join(process.env['POOLBRIDGE_ARTIFACT'] ?? '', `${name}.zip`));
      assert.equal(
        readFileSync(join(packaged, `functions/${file}.js`), 'utf8'),
        outputFiles[0]!.text,
      );
    }
    rmSync(folder, { recursive: true });
  });

  test('is built only from packages whose content the lockfile fixes', () => {
    assert.ok(locked.length > 100);
    const ours = /^(packages\/|cli\/bin$)|^node_modules\/(embedded-aws|@poolbridge\/command)$/;
    const loose = locked.filter(
      ([path, { integrity, resolved, link }]) =>
        !ours.test(path) &&
        (!integrity?.startsWith('sha512-') ||
          link === true ||
          (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'))),
    );
    assert.deepEqual(loose, []);
  });

  test('lets only named packages run scripts at installation', () => {
    const named: Record<string, boolean> = json('package.json').allowScripts;
    const withScripts = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    assert.deepEqual(
      Object.keys(named).sort(),
      [...new Set(withScripts.map(([path]) => nameIn(path)))].sort(),
    );
    // Node itself and the binary of the bundler.
    const allowed = Object.keys(named).filter((name) => named[name]);
    assert.deepEqual(allowed.sort(), ['esbuild', 'node']);
  });

  test('has functions of the sizes that docs/dependencies.md states', async () => {
    const { outputs } = await bundles();
    const functions = statedSizes('Function');
    assert.equal(functions.length, 7);
    for (const { what, kilobytes } of functions) {
      const { bytes } = outputs[`none/${fileOf(what)}.js`]!;
      assert.ok(isAsStated(bytes, kilobytes), `${what}: ${Math.round(bytes / 1024)} KB`);
    }
    const { inputs } = outputs['none/update-identity-pool.js']!;
    const left = new Map<string, number>();
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(file)?.replace('node_modules/', '') ?? 'our own code';
      left.set(name, (left.get(name) ?? 0) + bytesInOutput);
    }
    for (const { what, kilobytes } of statedSizes('Part')) {
      const names = what.replaceAll('`', '').split(', ');
      const bytes = names.reduce((sum, name) => sum + (left.get(name) ?? 0), 0);
      assert.ok(isAsStated(bytes, kilobytes), `${what}: ${Math.round(bytes / 1024)} KB`);
      for (const name of names) left.delete(name);
    }
    assert.deepEqual([...left.keys()], [], 'docs/dependencies.md must name these too');
  });

  test('has a bill of materials with every package in the functions', async () => {
    const { inputs } = await bundles();
    const bundled = new Set(Object.keys(inputs).flatMap((file) => packageOf(file) ?? []));
    assert.ok(bundled.has('node_modules/@aws-sdk/client-dynamodb'), [...bundled].join(' '));
    const named = new Set((await billOfMaterials()).filter(isForUse).map(idOf));
    assert.ok(named.size > 10, `${named.size} packages`);
    const { packages } = json('package-lock.json');
    const missing = [...bundled].filter(
      (path) => !named.has(`${nameIn(path)}@${packages[path].version}`),
    );
    assert.deepEqual(missing, []);
  });
});
