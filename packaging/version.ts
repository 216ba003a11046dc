import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Links } from '../core/links/links.ts';

/** What a deployment was packaged from, as digests. */
export interface Version {
  /** Of links.yml, its defaults filled in. */
  links: string;
  /** Of the sources of everything else that is deployed. */
  code: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = [
  ...['aws/**', 'core/**', 'events/**', 'functions/**', 'resources/**', 'statemachines/**'],
  ...['links.schema.json', 'package-lock.json', 'serverless.yml'],
];

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Of the text of every source, by its name; how lines end is a matter of the working copy. */
function codeDigest(): string {
  const files = globSync(sources, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`)
    .sort();
  const texts = files.map((file) => [
    file.slice(root.length).replaceAll('\\', '/'),
    readFileSync(file, 'utf8').replaceAll('\r\n', '\n'),
  ]);
  return digest(JSON.stringify(texts));
}

/** What would be packaged from this working copy. */
export const versionOf = (links: Links): Version => ({
  links: digest(JSON.stringify(links)),
  code: codeDigest(),
});

/** A version as the state machine `link` carries it, in its comment. */
export const versionText = ({ links, code }: Version): string =>
  `Packaged from links ${links} and code ${code}.`;

/** The version that a text carries, if it does. */
export function versionIn(text: string): Version | undefined {
  const [, links, code] =
    /Packaged from links ([0-9a-f]{16}) and code ([0-9a-f]{16})\./.exec(text) ?? [];
  return links === undefined || code === undefined ? undefined : { links, code };
}
