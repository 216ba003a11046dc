import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { packagedService } from '../../local/poolbridge/package-cache.ts';

/** Changes the handlers and `aws/` in every way that Stryker knows, each against the fault suite. */
const links = readFileSync(new URL('links.yml', import.meta.url), 'utf8');
const artifact = await packagedService(links);
try {
  const config = 'test/chaos/stryker.config.json';
  const { status } = spawnSync('stryker', ['run', config, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, POOLBRIDGE_ARTIFACT: artifact.folder },
  });
  process.exitCode = status ?? 1;
} finally {
  artifact.remove();
}
