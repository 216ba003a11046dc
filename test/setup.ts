import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { cacheFolder, packagedService } from '../demo/package-cache.ts';
import type { Artifact } from '../demo/package-service.ts';
import { withoutBrowser } from './console/browser.ts';

let artifact: Artifact | undefined;

// Two hundred identity pools for one user pool, in an account whose role can't be assumed.
const closed = Array.from(
  { length: 200 },
  (_, i) => `
  closed-${i}:
    userPools: [us-east-1_Many00001]
    identityPool: ap-south-1:00000000-0000-0000-0000-${String(100_000 + i).padStart(12, '0')}
    roleArn: arn:aws:iam::444444444444:role/poolbridge-link`,
);

// The longest map of principal tags that links.yml takes in ASCII. 220 of them are 4 MB.
const tags = Array.from(
  { length: 50 },
  (_, i) => `      ${String(i).padStart(128, 't')}: ${'c'.repeat(256)}`,
);
const longTags = `
  long-tags:
    userPools: [us-east-1_LongTags1]
    identityPool: ap-south-1:00000000-0000-0000-0000-000000000014
    roleArn: arn:aws:iam::777777777777:role/poolbridge-long
    providerQuota: 1000
    principalTags:
${tags.join('\n')}`;

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

/** The links that the tests share: those of test/links.yml and the fault suite's. */
export const sharedLinks = (): string =>
  [
    read('links.yml'),
    ...closed,
    longTags,
    read('chaos/links.yml').replace(/^#.*\nlinks:$/m, ''),
  ].join('');

/** Whether all requested test files are about pure code, which runs without the service. */
function isPure(): boolean {
  const files = process.argv.filter((argument) => argument.endsWith('.test.ts'));
  return files.length > 0 && files.every((file) => /(^|\/)test\/core\//.test(file));
}

/** Packages the service once for all tests that need it. */
export async function globalSetup(): Promise<void> {
  // Each file is a separate process, and most of them load the same modules.
  process.env['NODE_COMPILE_CACHE'] = join(cacheFolder, 'compiled');
  if (isPure()) return;
  artifact = await packagedService(sharedLinks());
  process.env['POOLBRIDGE_ARTIFACT'] = artifact.folder;
}

export function globalTeardown(): void {
  if (withoutBrowser) console.error(styleText(['bold', 'red'], `\nSKIPPED: ${withoutBrowser}\n`));
  artifact?.remove();
}
