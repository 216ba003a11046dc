import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { packageService } from '../demo/package-service.ts';
import { readDeployment } from '../test/chaos/accounts.ts';
import { loadHandlers } from '../test/chaos/bundle.ts';
import { type Measured, type Scale, scaled, scaledLinks } from '../test/chaos/scale.ts';
import { Suite } from '../test/chaos/suite.ts';

// 2,000 identity pools in 20 accounts, 5,000 user pools, 100,000 app clients.
const USER_POOLS = [2, 3];
// Of each identity pool: as many as an identity pool takes by default.
const CLIENTS = 50;

function row({ executions, entries, seconds, events, longestState }: Measured, scale: Scale) {
  return {
    'identity pools': scale.identityPools,
    'app clients': scale.identityPools * scale.clients,
    'entries afterwards': entries,
    executions: executions.length,
    'not succeeded': executions.filter(({ status }) => status !== 'SUCCEEDED').length,
    'seconds (virtual)': seconds,
    'events of the longest history (of 25,000)': events,
    'characters of the longest state (of 262,144)': longestState,
  };
}

/**
 * A reconcile of more identity pools than one execution has room for: on the virtual clock of the fault suite, without
 * faults, at the rates that AWS publishes.
 */
export async function scale(args: string[]): Promise<void> {
  const options = { pools: { type: 'string', default: '2000' } } as const;
  const identityPools = Number(parseArgs({ args, options }).values.pools);
  const start = performance.now();
  const asked: Scale = { identityPools, userPools: USER_POOLS, clients: CLIENTS };
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-scale-'));
  const links = join(folder, 'links.yml');
  const text = scaledLinks(asked);
  writeFileSync(links, text);
  const artifact = await packageService(text);
  try {
    const handlers = await loadHandlers(undefined, pathToFileURL(links));
    let figures: ReturnType<typeof row> | undefined;
    const script = scaled(asked, (measured) => {
      figures = row(measured, asked);
    });
    const suite = new Suite(1, handlers, { script });
    const { violations } = await suite.run(readDeployment(artifact.folder));
    console.table({
      ...figures,
      violations: violations.length,
      'seconds on this machine': Math.round((performance.now() - start) / 1000),
    });
    for (const violation of violations.slice(0, 10)) console.error(`✗ ${violation}`);
    const isComplete = figures?.['entries afterwards'] === figures?.['app clients'];
    if (!figures || !isComplete || violations.length > 0) process.exitCode = 1;
  } finally {
    artifact.remove();
    rmSync(folder, { recursive: true });
  }
}
