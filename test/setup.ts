import { readFileSync } from 'node:fs';
import { type Artifact, packageService } from '../local/poolbridge/package-service.ts';

let artifact: Artifact | undefined;

/** Packages the service once for all tests, with the links of test/links.yml. */
export async function globalSetup(): Promise<void> {
  artifact = await packageService(readFileSync(new URL('links.yml', import.meta.url), 'utf8'));
  process.env['POOLBRIDGE_ARTIFACT'] = artifact.folder;
}

export function globalTeardown(): void {
  artifact?.remove();
}
