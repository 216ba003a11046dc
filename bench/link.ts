import {
  CognitoIdentityClient,
  DescribeIdentityPoolCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { providerNameOf } from '../core/user-pool.ts';
import { packagedService } from '../demo/package-cache.ts';
import { sharedLinks } from '../test/setup.ts';
import { ACCOUNT_B, HOME, pools, startWorld, type World } from '../test/world.ts';

const USER_POOL = 'us-east-1_Mobile001';
const POOL = pools.mobile;
const REGION = 'ap-south-1';
const LINKS = 15;
const MOST_COLD = 1.5;
const MOST_CALLS = 1.25;

/** In milliseconds, as expected of AWS. */
const latency = { 'cognito-identity': 200, sts: 200, dynamodb: 5 };

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The times of one link, in milliseconds. */
interface Times {
  whole: number;
  /** In calls of STS and of identity pools, which are for Account-B. */
  accountB: number;
  table: number;
}

/** Counts how long calls of some services take, from now on. */
function timeCalls({ local: { aws } }: World, times: Times): void {
  const call = aws.call.bind(aws);
  aws.call = async (asked) => {
    const started = performance.now();
    try {
      return await call(asked);
    } finally {
      const took = performance.now() - started;
      if (asked.service === 'dynamodb') times.table += took;
      else if (asked.service in latency) times.accountB += took;
    }
  };
}

/** One link by hand, from the start of its execution to its end. */
async function link(world: World, times: Times): Promise<Times> {
  const clientId = await world.createAppClient(USER_POOL);
  Object.assign(times, { accountB: 0, table: 0 });
  const started = performance.now();
  const ended = await world.run({ userPoolId: USER_POOL, clientId });
  times.whole = performance.now() - started;
  const [result] = ended.result().results;
  if (result?.outcome !== 'LINKED') throw new Error(`The link ended ${result?.outcome}.`);
  return { ...times };
}

/** A client of STS with the role of the function that writes: Account-B trusts no other. */
function writerOf({ local: { aws, endpoint } }: World): STSClient {
  const writer = aws.functions.all().find(({ name }) => name.endsWith('-UpdateIdentityPool'));
  if (!writer) throw new Error('There is no function UpdateIdentityPool.');
  const { roleArn, name, arn } = writer;
  const { session } = aws.iam.assumeByService(roleArn, 'lambda.amazonaws.com', name, arn);
  const { accessKeyId, secretAccessKey, sessionToken } = session;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  return new STSClient({ endpoint, region: HOME.region, credentials });
}

/** The fewest calls that add an entry and look at it: a role, a look, a write, a look. In milliseconds. */
async function floor(
  { local: { endpoint } }: World,
  writer: STSClient,
  i: number,
): Promise<number> {
  const started = performance.now();
  const { Credentials } = await writer.send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${ACCOUNT_B}:role/poolbridge-link`,
      RoleSessionName: 'floor',
      ExternalId: 'pairing-1',
    }),
  );
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  const client = new CognitoIdentityClient({ endpoint, region: REGION, credentials });
  const look = new DescribeIdentityPoolCommand({ IdentityPoolId: POOL });
  const { $metadata: _, CognitoIdentityProviders = [], ...pool } = await client.send(look);
  const entry = { ProviderName: providerNameOf(USER_POOL, 'aws'), ClientId: `floor${i}` };
  await client.send(
    new UpdateIdentityPoolCommand({
      IdentityPoolId: POOL,
      IdentityPoolName: pool.IdentityPoolName,
      AllowUnauthenticatedIdentities: pool.AllowUnauthenticatedIdentities,
      CognitoIdentityProviders: [...CognitoIdentityProviders, entry],
    }),
  );
  await client.send(look);
  return performance.now() - started;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2);

/**
 * One link at a time: the first one, for which every step starts, compared with later ones, and the calls of a later one
 * in Account-B compared with the fewest possible, on the same embedded AWS in one run.
 */
export async function linkBench(): Promise<void> {
  const artifact = await packagedService(sharedLinks());
  process.env['POOLBRIDGE_ARTIFACT'] = artifact.folder;
  const world = await startWorld({ latency, trail: false });
  const times: Times = { whole: 0, accountB: 0, table: 0 };
  try {
    await world.createUserPool(USER_POOL);
    await world.createIdentityPool(POOL);
    timeCalls(world, times);
    const cold = await link(world, times);
    const warm: Times[] = [];
    for (let i = 0; i < LINKS; i++) warm.push(await link(world, times));
    const floors: number[] = [];
    const writer = writerOf(world);
    for (let i = 0; i < LINKS; i++) floors.push(await floor(world, writer, i));
    const of = (name: keyof Times) => median(warm.map((each) => each[name]));
    const coldRatio = cold.whole / of('whole');
    const callsRatio = of('accountB') / median(floors);
    console.table({
      'first link ÷ a later one': { ratio: coldRatio.toFixed(2), 'goal, at most': MOST_COLD },
      'calls in Account-B ÷ the fewest': {
        ratio: callsRatio.toFixed(2),
        'goal, at most': MOST_CALLS,
      },
    });
    const rest = of('whole') - of('accountB') - of('table');
    console.log(
      `The first link took ${seconds(cold.whole)} s. A later one took ${seconds(of('whole'))} s: ${seconds(of('accountB'))} s in calls of STS and identity pools, ${seconds(of('table'))} s in calls of the table, ${seconds(rest)} s in everything else. The fewest calls took ${seconds(median(floors))} s. STS and Cognito answer in 200 ms, DynamoDB in 5 ms; medians of ${LINKS}.`,
    );
    if (coldRatio > MOST_COLD || callsRatio > MOST_CALLS) process.exitCode = 1;
  } finally {
    await world.close();
    artifact.remove();
  }
}
