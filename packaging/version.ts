import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Links } from '../core/links/links.ts';
import { sha256 } from '../core/sha256.ts';

/** Digests of what a deployment was packaged from. */
export interface Version {
  /** Of links.yml, with its defaults filled in. */
  links: string;
  /** Of all other sources that are deployed. */
  code: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = [
  'aws/**',
  'core/**',
  'events/**',
  'functions/**',
  'resources/**',
  'statemachines/**',
  'links.schema.json',
  'package-lock.json',
  'serverless.yml',
];

const digest = (text: string): string => sha256(text).slice(0, 16);

/** A digest of all sources with their names. Line ends are normalized, since they depend on the working copy. */
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

/** The digest of links.yml, with its defaults filled in. */
export const linksDigest = (links: Links): string => digest(JSON.stringify(links));

/** The version of this working copy. */
export const versionOf = (links: Links): Version => ({
  links: linksDigest(links),
  code: codeDigest(),
});

/** The version as text, for the comment of the state machine `link`. */
export const versionText = ({ links, code }: Version): string =>
  `Packaged from links ${links} and code ${code}.`;

/** The version in a text, if it has one. */
export function versionIn(text: string): Version | undefined {
  const [, links, code] =
    /Packaged from links ([0-9a-f]{16}) and code ([0-9a-f]{16})\./.exec(text) ?? [];
  return links === undefined || code === undefined ? undefined : { links, code };
}
