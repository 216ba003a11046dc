import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '../cli/session.ts';
import { isObject, isText, parsedJson } from '../core/shape.ts';
import { A } from './accounts.ts';

/** An embedded AWS that a process on this machine has started, and the Region of the service on it. */
export interface Running {
  endpoint: string;
  region: string;
}

// What is read here becomes commands for a shell, so nothing else is accepted.
const ENDPOINT = /^http:\/\/127\.0\.0\.1:\d{1,5}$/;
const REGION = /^[a-z]+(-[a-z]+)+-\d+$/;

const user = (): number | undefined => process.getuid?.();

// One file for each process. The temporary folder may be shared with other users.
const folder = (): string => join(tmpdir(), `poolbridge-local-${user() ?? 'user'}`);

/** Whether the folder is ours: another user could have created it first. */
function isOurs(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && (user() === undefined || stats.uid === user());
}

/** Lets `poolbridge local --env` find this process's embedded AWS until the process ends. */
export function announce(running: Running): void {
  const file = join(folder(), `${process.pid}.json`);
  try {
    mkdirSync(folder(), { recursive: true, mode: 0o700 });
    if (isOurs(folder())) writeFileSync(file, JSON.stringify(running), { mode: 0o600 });
  } catch {
    // Without the file, npm start still prints the lines that it would lead to.
  }
  process.once('exit', () => rmSync(file, { force: true }));
}

function runningIn(file: string): Running | undefined {
  const parsed = parsedJson(readFileSync(file, 'utf8'));
  if (!isObject(parsed)) return undefined;
  const { endpoint, region } = parsed;
  if (!isText(endpoint) || !ENDPOINT.test(endpoint)) return undefined;
  return isText(region) && REGION.test(region) ? { endpoint, region } : undefined;
}

/** Whether an embedded AWS answers there. Its process may have been killed. */
async function answers({ endpoint, region }: Running): Promise<boolean> {
  const credentials = { accessKeyId: A.account, secretAccessKey: 'local' };
  const session = new Session({ endpoint, region, credentials });
  return session.caller().then(
    ({ account }) => account === A.account,
    () => false,
  );
}

/** The embedded AWS that was announced last and still runs; undefined if there is none. */
export async function findRunning(): Promise<Running | undefined> {
  if (!isOurs(folder())) return undefined;
  const files = readdirSync(folder()).map((name) => join(folder(), name));
  const age = (file: string) => lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const file of files.toSorted((a, b) => age(b) - age(a))) {
    const running = runningIn(file);
    if (running && (await answers(running))) return running;
    rmSync(file, { force: true });
  }
  return undefined;
}

/** The environment variables with which the AWS CLI, the SDKs and the command reach Account-A there. */
export const environmentOf = ({ endpoint, region }: Running) => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: A.account,
  AWS_SECRET_ACCESS_KEY: 'local',
});

/** The lines that set these variables in a shell. */
export const exportLines = (environment: Record<string, string>): string[] => [
  // A profile or a session token of the shell would be used together with them.
  'unset AWS_PROFILE AWS_SESSION_TOKEN',
  ...Object.entries(environment).map(([name, value]) => `export ${name}=${value}`),
];
