#!/usr/bin/env node
import { spawn } from 'node:child_process';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

// JavaScript, since a Node that does not run TypeScript must be able to read this file.
const OLDEST = 24;

const within = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Runs the command in the Node that `npm ci` installed beside it, with the same streams and signals. */
function runInInstalledNode() {
  const node = within('node_modules/node/bin/node');
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  child.on('error', () => {
    console.error(
      `Poolbridge needs Node ${OLDEST} or newer, and this is ${process.version}. Install the project's own with: npm ci`,
    );
    process.exitCode = 1;
  });
  // A terminal sends Ctrl-C to both processes, and only the command knows what to do about it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

if (Number.parseInt(process.versions.node, 10) < OLDEST) {
  runInInstalledNode();
} else {
  // Most of the time of a start goes into reading TypeScript, which the cache saves. `npm ci` removes the cache.
  module.enableCompileCache(within('node_modules/.cache/poolbridge/compiled'));
  await import('../poolbridge.ts');
}
