import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Stuck } from './cleanup.ts';
import { readManifest } from './manifest.ts';
import { type Access, type CallMade, Place } from './place.ts';
import { planOf } from './plan.ts';
import type { Probe } from './probe.ts';
import { abandoned, removeAbandoned, type SessionResult, session } from './session.ts';
import { probes } from './suite.ts';
import { tableOf } from './table.ts';

const USAGE = `npm run test:contract -- [options]

Compares what Poolbridge believes of AWS with the embedded AWS, or with the real one.

  --aws              the real AWS, or whatever AWS_ENDPOINT_URL names
  --profile-a NAME   the AWS profile of Account-A, which gets user pools
  --profile-b NAME   the AWS profile of Account-B, which gets identity pools (default: that of A)
  --region-a NAME    default us-east-1
  --region-b NAME    default ap-south-1
  --records          wait for CloudTrail's event history, up to 15 minutes
  --only A,B         these probes only
  --yes              do not ask before starting
  --clean            remove what interrupted runs left behind, and nothing else
  --folder PATH      where manifests and reports are written (default .contract)
  --help`;

// CloudTrail shows a call within about 15 minutes; a little more, so that it is not missed.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
const RECORDS_MS = 16 * 60_000;

/** The terminal of a run. */
export interface Terminal {
  say(text: string): void;
  warn(text: string): void;
  /** Asks a person; absent if there is none. */
  ask?: (question: string) => Promise<string>;
  /** Begins to listen for signals: the first one aborts. */
  interruptible(): AbortSignal;
}

/** A mistake of the caller, which its message explains. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

const read = (args: string[]) =>
  parseArgs({
    args,
    options: {
      aws: { type: 'boolean', default: false },
      'profile-a': { type: 'string' },
      'profile-b': { type: 'string' },
      'region-a': { type: 'string', default: 'us-east-1' },
      'region-b': { type: 'string', default: 'ap-south-1' },
      records: { type: 'boolean', default: false },
      only: { type: 'string' },
      yes: { type: 'boolean', default: false },
      clean: { type: 'boolean', default: false },
      folder: { type: 'string', default: '.contract' },
      help: { type: 'boolean', default: false },
    },
  }).values;

type Options = ReturnType<typeof read>;

function chosen(only: string | undefined): Probe[] {
  if (only === undefined) return probes;
  const names = only.split(',');
  const unknown = names.find((name) => !probes.some((probe) => probe.name === name));
  if (unknown !== undefined) {
    const all = probes.map(({ name }) => name).join(', ');
    throw new UsageError(`There is no probe ${unknown}. The probes are ${all}.`);
  }
  return probes.filter(({ name }) => names.includes(name));
}

async function isAgreed({ yes }: Options, { ask }: Terminal): Promise<boolean> {
  if (yes) return true;
  if (ask) return /^y(es)?$/i.test((await ask('Start? (y/N) ')).trim());
  throw new UsageError('There is no terminal for the question. Give --yes to start without it.');
}

function warnOf(stuck: Stuck[], { warn }: Terminal): void {
  for (const { thing, reason } of stuck) {
    const { kind, name, account, region } = thing;
    warn(`Not removed: the ${kind} ${name} in ${account}, ${region}. ${reason}`);
  }
  if (stuck.length > 0) warn('Run it with --clean to try again.');
}

async function clean({ folder }: Options, terminal: Terminal): Promise<number> {
  const files = abandoned(folder);
  const left = files.flatMap((file) => readManifest(file).left);
  const stuck = await removeAbandoned(files);
  terminal.say(`Removed what earlier runs left: ${left.length - stuck.length} of ${left.length}.`);
  warnOf(stuck, terminal);
  return stuck.length > 0 ? 1 : 0;
}

function statusOf({ rows, interrupted, stuck }: SessionResult): number {
  if (interrupted) return 130;
  const bad = rows.some(({ verdict }) => verdict === 'different' || verdict === 'failed');
  return bad || stuck.length > 0 ? 1 : 0;
}

function writeReport(folder: string, { rows, interrupted }: SessionResult, calls: CallMade[]) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `report-${Date.now()}.json`);
  const report = { ended: new Date(), interrupted, rows, calls };
  writeFileSync(file, JSON.stringify(report, null, 2));
  return file;
}

/** @throws UsageError if there are no credentials, or AWS does not accept them. */
async function opened(access: Access, log: (call: CallMade) => void): Promise<Place> {
  try {
    return await Place.open(access, log);
  } catch (error) {
    const who =
      access.profile === undefined ? 'these credentials' : `the profile ${access.profile}`;
    throw new UsageError(
      `AWS can not be called with ${who}: ${error instanceof Error ? error.message : error}. Sign in, or name another profile.`,
    );
  }
}

async function againstAws(options: Options, terminal: Terminal): Promise<number> {
  const { folder, records } = options;
  const calls: CallMade[] = [];
  const log = (call: CallMade) => calls.push(call);
  const profileA = options['profile-a'];
  const a = await opened({ region: options['region-a'], profile: profileA }, log);
  const profileB = options['profile-b'] ?? profileA;
  const b = await opened({ region: options['region-b'], profile: profileB }, log);
  terminal.say(planOf(a, b, { records }));
  const files = abandoned(folder);
  const left = files.flatMap((file) => readManifest(file).left);
  if (left.length > 0) terminal.say(`First it removes what earlier runs left: ${left.length}.`);
  if (!(await isAgreed(options, terminal))) return 0;
  const signal = terminal.interruptible();
  warnOf(await removeAbandoned(files), terminal);
  const result = await session({
    a,
    b,
    signal,
    calls,
    folder,
    probes: chosen(options.only),
    pace: 1000,
    records: records ? RECORDS_MS : 0,
    progress: terminal.say,
  });
  terminal.say(`\n${tableOf(result.rows)}`);
  const report = writeReport(folder, result, calls);
  terminal.say(`The details, the sources and every call with its request id: ${report}`);
  warnOf(result.stuck, terminal);
  return statusOf(result);
}

async function againstEmbedded({ only }: Options, terminal: Terminal): Promise<number> {
  const { embedded } = await import('./embedded.ts');
  const aws = await embedded();
  try {
    const result = await aws.session(chosen(only), terminal.interruptible());
    terminal.say(tableOf(result.rows));
    return statusOf(result);
  } finally {
    await aws.close();
  }
}

async function runWith(args: string[], terminal: Terminal): Promise<number> {
  const options = read(args);
  if (options.help) {
    terminal.say(USAGE);
    return 0;
  }
  if (options.clean) return clean(options, terminal);
  chosen(options.only);
  return options.aws ? againstAws(options, terminal) : againstEmbedded(options, terminal);
}

/**
 * Runs the contract suite as its arguments say.
 *
 * @returns the exit status: 0 if every tested belief holds, 1 if one does not or something
 *   was not removed, 2 for a mistake of the caller or missing credentials, 130 if interrupted.
 */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  try {
    return await runWith(args, terminal);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    terminal.warn(error instanceof UsageError ? error.message : `${error.name}: ${error.message}`);
    return 2;
  }
}
