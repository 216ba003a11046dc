import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { unpacked } from 'embedded-aws/services/lambda/unpacked.ts';
import { packageService } from '../demo/package-service.ts';

const PAIRS = 25;

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Milliseconds of a process that loads one file, in an environment as small as Lambda's. */
function timed(file: string): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, [file], { env: { AWS_REGION: 'us-east-1' } });
  if (status !== 0) throw new Error(`${file} does not load.`);
  return performance.now() - start;
}

/** How long each packaged function takes to load, compared with a Node process that loads nothing. */
export async function load(): Promise<void> {
  const artifact = await packageService('links: {}\n');
  const scratch = mkdtempSync(join(tmpdir(), 'poolbridge-bench-'));
  const bare = join(scratch, 'bare.js');
  writeFileSync(bare, '');
  try {
    const rows = globSync(join(artifact.folder, '*.zip')).map((zip) => {
      const [file = ''] = globSync(join(unpacked(zip), 'functions', '*.js'));
      const pairs = Array.from({ length: PAIRS }, () => [timed(file), timed(bare)] as const);
      return {
        function: basename(zip, '.zip'),
        KB: Math.round(statSync(file).size / 1024),
        'ms (median)': Math.round(median(pairs.map(([own]) => own))),
        'bare Node, ms': Math.round(median(pairs.map(([, other]) => other))),
        ratio: Number(median(pairs.map(([own, other]) => own / other)).toFixed(2)),
      };
    });
    console.table(rows);
    console.log(`${PAIRS} pairs of processes each, Node ${process.version}.`);
  } finally {
    artifact.remove();
    rmSync(scratch, { recursive: true });
  }
}
