import { readFileSync } from 'node:fs';

/** The version of the command and of what runs it, as the AWS CLI shows its own. */
export function versionText(): string {
  const { name, version } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { name: string; version: string };
  const { versions, platform, arch } = process;
  return `${name}/${version} node/${versions.node} ${platform}/${arch}`;
}
