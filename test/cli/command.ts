import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { PolicyDocument, Session } from 'embedded-aws/kernel/iam.ts';
import { run } from '../../cli/program.ts';
import { ACCOUNT_A, type World } from '../world.ts';

/** The exit code and the output of a command. */
export interface Output {
  code: number;
  out: string;
  err: string;
}

type Keys = Pick<Session, 'accessKeyId' | 'secretAccessKey'> & Partial<Session>;
type Environment = Record<string, string | undefined>;

/** The root user of Account-A in the embedded AWS. */
const root: Keys = { accessKeyId: ACCOUNT_A, secretAccessKey: 'any' };

/** A session in Account-A with exactly the permissions of these statements. */
export function someone(world: World, name: string, Statement: PolicyDocument['Statement']) {
  const { iam } = world.local.aws;
  const role = iam.putRole({
    arn: `arn:aws:iam::${ACCOUNT_A}:role/${name}`,
    name,
    trust: { Version: '2012-10-17', Statement: [] },
    policies: [{ Version: '2012-10-17', Statement }],
  });
  return iam.openSession(role, { name: 'session', seconds: 3600 });
}

/** The environment of a command. */
export const environment = ({ local }: Pick<World, 'local'>, keys: Keys = root): Environment => ({
  // The Node version that runs the tests.
  PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
  NO_COLOR: '1',
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: undefined,
  AWS_ENDPOINT_URL: local.endpoint,
  AWS_ACCESS_KEY_ID: keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  AWS_SESSION_TOKEN: keys.sessionToken,
  AWS_PROFILE: undefined,
  // No profile of a developer, and no role of a machine.
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
});

/** The file that `npx poolbridge` starts. */
export const commandPath = fileURLToPath(new URL('../../cli/bin/poolbridge.js', import.meta.url));

/** Runs the command in a separate process, as a person does. */
export function processOf(env: Environment, args: string[]): Promise<Output> {
  return new Promise((resolve) => {
    execFile(commandPath, args, { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

function collector(): { stream: Writable; text(): string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}

function setEnvironment(values: Environment): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/**
 * Runs the command in this process, which is faster; one at a time, since the process has one environment.
 *
 * @param isTerminal whether stderr is a terminal.
 * @param columns the width of stdout if it is a terminal; absent if it is not.
 * @param typed what a person answers to questions; without it, there is no one to ask.
 */
export async function poolbridge(
  world: Pick<World, 'local'>,
  args: string[],
  keys?: Keys,
  changed: Environment = {},
  isTerminal = false,
  typed?: string,
  columns?: number,
): Promise<Output> {
  const around = { ...environment(world, keys), ...changed };
  const before = Object.fromEntries(Object.keys(around).map((name) => [name, process.env[name]]));
  const [stdout, stderr] = [collector(), collector()];
  Object.assign(stderr.stream, { isTTY: isTerminal || typed !== undefined });
  if (columns !== undefined) Object.assign(stdout.stream, { isTTY: true, columns });
  const stdin = Object.assign(
    Readable.from(typed === undefined ? [] : typed.split('\n').map((line) => `${line}\n`)),
    {
      isTTY: typed !== undefined,
    },
  );
  setEnvironment(around);
  try {
    const code = await run(args, { stdin, stdout: stdout.stream, stderr: stderr.stream });
    return { code, out: stdout.text(), err: stderr.text() };
  } finally {
    setEnvironment(before);
  }
}
