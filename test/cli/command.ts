import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PolicyDocument, Session } from '../../local/kernel/iam.ts';
import { ACCOUNT_A, type World } from '../world.ts';

/** How a command ended, and what it said. */
export interface Said {
  code: number;
  out: string;
  err: string;
}

/** A session of someone in Account-A who may do just what these statements say. */
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

/** Runs a command as a person does. */
export function command(
  world: World,
  file: string,
  args: string[],
  session: Pick<Session, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>,
): Promise<Said> {
  const path = fileURLToPath(new URL(`../../cli/${file}`, import.meta.url));
  const env = {
    PATH: process.env['PATH'],
    NO_COLOR: '1',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: world.local.endpoint,
    AWS_ACCESS_KEY_ID: session.accessKeyId,
    AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
    AWS_SESSION_TOKEN: session.sessionToken,
    // Nobody's own profile, and nobody's machine's role.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}
