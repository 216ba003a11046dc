import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, type Stuck } from './cleanup.ts';
import { Manifest, readManifest, type Thing } from './manifest.ts';
import { type Access, type CallMade, Place } from './place.ts';
import type { Probe, Row } from './probe.ts';
import { run } from './suite.ts';
import { World, type WorldOptions } from './world.ts';

export interface SessionOptions
  extends Pick<WorldOptions, 'a' | 'b' | 'signal' | 'pace' | 'records' | 'deploy' | 'progress'> {
  probes: Probe[];
  /** Where manifests are written. */
  folder: string;
  /** Every call, in order. */
  calls: CallMade[];
}

export interface SessionResult {
  rows: Row[];
  interrupted: boolean;
  stuck: Stuck[];
  manifest: Manifest;
}

/** Runs probes between two accounts, and always removes what they made. */
export async function session(options: SessionOptions): Promise<SessionResult> {
  const { a, b, signal, folder } = options;
  const file = join(folder, `${Date.now()}-${randomBytes(3).toString('hex')}.jsonl`);
  const manifest = new Manifest(file);
  const world = new World({ ...options, manifest });
  const rows: Row[] = [];
  const failure = await run(world, options.probes, (more) => rows.push(...more)).then(
    () => undefined,
    (error: unknown) => error,
  );
  await manifest.close();
  const placeOf = async ({ account, region }: Thing) =>
    account === a.account && region === a.region ? a : b;
  const stuck = await cleanUp(manifest, placeOf);
  if (failure !== undefined && !signal.aborted) throw failure;
  return { rows, interrupted: signal.aborted, stuck, manifest };
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // A process of another user exists, even though it may not be signalled.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The manifests of runs that ended without a complete cleanup. */
export const abandoned = (folder: string): string[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => join(folder, name))
    .filter((file) => !isRunning(readManifest(file).process));

/** Opens the place where something was made by an earlier run. */
async function placeAgain({ account, region, profile }: Thing): Promise<Place> {
  const access: Access = { region, profile };
  const place = await Place.open(access, () => {});
  if (place.account === account) return place;
  const who = profile === undefined ? 'These credentials are' : `The profile ${profile} is`;
  throw new Error(
    `${who} for the account ${place.account}. Use credentials of ${account} to remove it.`,
  );
}

/** Removes what earlier runs left behind. */
export async function removeAbandoned(files: string[]): Promise<Stuck[]> {
  const stuck: Stuck[] = [];
  for (const file of files) {
    stuck.push(...(await cleanUp(new Manifest(file, { begin: false }), placeAgain)));
  }
  return stuck;
}
