import { readFileSync } from 'node:fs';
import {
  CognitoIdentityProviderClient,
  ListUserPoolClientsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { type LocalAws, startAws } from 'embedded-aws';
import { packageService } from '../demo/package-service.ts';
import { CROWDED, HOME, readDeployment } from '../test/chaos/accounts.ts';
import { loadHandlers } from '../test/chaos/bundle.ts';
import { Suite } from '../test/chaos/suite.ts';
import { fill } from '../test/chaos/user-pools.ts';

const CLIENTS = 1000;
const PAGES = Math.ceil(CLIENTS / 60);
// The most calls that are acceptable.
const MOST_CALLS = 3 * PAGES;
const MOST_SECONDS = 90;

interface Measured {
  calls: number;
  seconds: number;
  failed: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A script that lists the user pool on its own, with the retries of the SDK. */
async function listAll(client: CognitoIdentityProviderClient): Promise<void> {
  let NextToken: string | undefined;
  do {
    const input = { UserPoolId: CROWDED, MaxResults: 60, NextToken };
    ({ NextToken } = await client.send(new ListUserPoolClientsCommand(input)));
  } while (NextToken !== undefined);
}

/** The same as a step of a state machine with six retries, after at most 1, 2, 4, … seconds. */
async function withRetries(client: CognitoIdentityProviderClient): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await listAll(client);
    } catch (error) {
      if (attempt === 6) throw error;
    }
    await sleep(Math.random() * Math.min(30_000, 1000 * 2 ** attempt));
  }
}

/** Each request lists on its own, in real time on a separate embedded AWS. */
async function naive(count: number): Promise<Measured> {
  const local = await startAws({ latency: { 'cognito-idp': 100 } });
  try {
    const { aws } = local;
    await prepare(local);
    let calls = 0;
    const call = aws.call.bind(aws);
    aws.call = (asked) => {
      if (asked.operation === 'ListUserPoolClients') calls++;
      return call(asked);
    };
    const credentials = { accessKeyId: HOME.account, secretAccessKey: 'any' };
    const started = performance.now();
    const ends = await Promise.allSettled(
      Array.from({ length: count }, () =>
        withRetries(
          new CognitoIdentityProviderClient({
            endpoint: local.endpoint,
            region: HOME.region,
            credentials,
          }),
        ),
      ),
    );
    return {
      calls,
      seconds: Math.round((performance.now() - started) / 1000),
      failed: ends.filter(({ status }) => status === 'rejected').length,
    };
  } finally {
    await local.close();
  }
}

async function prepare({ aws }: LocalAws): Promise<void> {
  await aws.call({
    service: 'cognito-idp',
    operation: 'CreateUserPool',
    region: HOME.region,
    principal: aws.iam.principalOf(HOME.account),
    input: { PoolName: 'users', UserPoolTags: { _custom_id_: CROWDED } },
  });
  fill(aws, CROWDED, CLIENTS);
}

/** The service, on the virtual clock of the fault suite, without faults. */
async function ours(count: number, folder: string): Promise<Measured> {
  const crowd = { count, among: Math.max(0, CLIENTS - count) };
  const suite = new Suite(1, await loadHandlers(), { crowd });
  const { lists, entries, lastEnd, violations } = await suite.run(readDeployment(folder));
  for (const violation of violations.slice(0, 10)) console.error(`✗ ${violation}`);
  const seconds = Math.round(lastEnd / 1000);
  return { calls: lists, seconds, failed: count - entries + violations.length };
}

/**
 * App clients created at once in a user pool of a thousand, with links that depend on names: shared listings
 * compared with requests that each list on their own, at the rate that AWS allows.
 */
export async function names(): Promise<void> {
  const links = readFileSync(new URL('../test/chaos/links.yml', import.meta.url), 'utf8');
  const artifact = await packageService(links);
  try {
    const alone = await naive(50);
    const [fifty, thousand] = [await ours(50, artifact.folder), await ours(1000, artifact.folder)];
    const row = (of: keyof Measured, goal: number) => ({
      'each on its own, 50': alone[of],
      'shared, 50': fifty[of],
      'shared, 1,000': thousand[of],
      'goal, at most': goal,
    });
    console.table({
      'calls of ListUserPoolClients': row('calls', MOST_CALLS),
      'seconds until all have ended': row('seconds', MOST_SECONDS),
      'requests failed': row('failed', 0),
    });
    console.log(
      `A user pool of ${CLIENTS} app clients is ${PAGES} pages; Cognito answers 5 a second, in 100 ms and more. Each by itself: scripts in real time that only list. Shared: the whole service in virtual time, from the creation to the entry.`,
    );
    const isMissed = [fifty, thousand].some(
      ({ calls, seconds, failed }) => calls > MOST_CALLS || seconds > MOST_SECONDS || failed > 0,
    );
    if (isMissed) process.exitCode = 1;
  } finally {
    artifact.remove();
  }
}
