import { parseArgs } from 'node:util';
import {
  CognitoIdentityClient,
  DescribeIdentityPoolCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { type AwsOptions, type EmbeddedAws, type LocalAws, startAws } from 'embedded-aws';
import { entriesOf, entryKey, type Provider } from '../core/identity-pool/identity-pool.ts';
import { providerNameOf } from '../core/user-pool.ts';
import { deployAccountB, deployService } from '../demo/deploy.ts';
import { packageService } from '../demo/package-service.ts';

const A = { account: '111111111111', region: 'us-east-1' };
const B = { account: '222222222222', region: 'ap-south-1' };
const USER_POOL = 'us-east-1_Burst0001';
const OURS = `${B.region}:00000000-0000-0000-0000-000000000001`;
const NAIVE = `${B.region}:00000000-0000-0000-0000-000000000002`;
const FOREIGN = 10;
// The most updates that are acceptable for fifty app clients.
const MOST_UPDATES = 10;

/** Latencies in milliseconds and the rate of writes, as expected of AWS. */
const realistic: AwsOptions = {
  latency: { 'cognito-identity': 200, 'cognito-idp': 200, dynamodb: 5 },
  rates: { 'cognito-identity:UpdateIdentityPool': 10 },
  // Creating app clients faster than AWS allows is harder for both sides.
  unlimited: ['cognito-idp:UserPoolClientUpdate'],
};

const links = `links:
  burst:
    userPools: [${USER_POOL}]
    identityPool: ${OURS}
    roleArn: arn:aws:iam::${B.account}:role/poolbridge-link
    providerQuota: 1000
`;

/** The figures of one way of linking. */
interface Measured {
  /** Calls of UpdateIdentityPool, refused ones included. */
  updates: number;
  seconds: number;
  failed: number;
  entriesLost: number;
  foreignLost: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const credentials = ({ account }: typeof A) => ({ accessKeyId: account, secretAccessKey: 'any' });

const entryOf = (ClientId: string): Provider => ({
  ProviderName: providerNameOf(USER_POOL, 'aws'),
  ClientId,
  ServerSideTokenCheck: false,
});

const foreign = Array.from({ length: FOREIGN }, (_, i) => ({
  ProviderName: 'cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Foreign01',
  ClientId: `foreign${i}`,
}));

/** Both accounts, with two identity pools that already have foreign entries. */
async function prepare({ aws }: LocalAws, folder: string): Promise<void> {
  aws.identityPools.providerQuota = 1000;
  await deployService(aws, A, { folder });
  await deployAccountB(aws, B, { TrustedAccountId: A.account, IdentityPoolIds: OURS });
  const ask = ({ account, region }: typeof A, service: string, operation: string, input: object) =>
    aws.call({
      service,
      operation,
      region,
      principal: aws.iam.principalOf(account),
      input: { ...input },
    });
  await ask(A, 'cognito-idp', 'CreateUserPool', {
    PoolName: 'users',
    UserPoolTags: { _custom_id_: USER_POOL },
  });
  for (const id of [OURS, NAIVE]) {
    await ask(B, 'cognito-identity', 'CreateIdentityPool', {
      IdentityPoolName: 'customers',
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: foreign,
      IdentityPoolTags: { _custom_id_: id },
    });
  }
}

/** Counts every call of UpdateIdentityPool from now on; CloudTrail does not show throttled ones. */
function countUpdates(aws: EmbeddedAws): Map<string, number> {
  const updates = new Map<string, number>();
  const call = aws.call.bind(aws);
  aws.call = (asked) => {
    const poolId = String(asked.input['IdentityPoolId']);
    if (asked.operation === 'UpdateIdentityPool') {
      updates.set(poolId, (updates.get(poolId) ?? 0) + 1);
    }
    return call(asked);
  };
  return updates;
}

/** Compares the identity pool at the end with the requests and with its entries before. */
function measured(
  { aws }: LocalAws,
  updates: Map<string, number>,
  poolId: string,
  asked: string[],
  started: number,
  failed: number,
): Measured {
  const there = new Set(entriesOf(aws.identityPools.find(poolId).pool).map(entryKey));
  const lost = (entries: Provider[]) =>
    entries.filter((entry) => !there.has(entryKey(entry))).length;
  return {
    updates: updates.get(poolId) ?? 0,
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
    failed,
    entriesLost: lost(asked.map(entryOf)),
    foreignLost: lost(foreign),
  };
}

/** Creates the app clients all at once, and waits until every execution has ended. */
async function ours(local: LocalAws, count: number): Promise<Measured> {
  const updates = countUpdates(local.aws);
  const { aws, endpoint } = local;
  const { executions } = aws.stateMachines;
  const client = new CognitoIdentityProviderClient({
    endpoint,
    region: A.region,
    credentials: credentials(A),
  });
  const started = performance.now();
  const created = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      client.send(
        new CreateUserPoolClientCommand({ UserPoolId: USER_POOL, ClientName: `app-${i}` }),
      ),
    ),
  );
  const running = () => [...executions.values()].some(({ status }) => status === 'RUNNING');
  while (executions.size < count || running()) await sleep(20);
  const failed = [...executions.values()].filter(({ status }) => status !== 'SUCCEEDED').length;
  const asked = created.map(({ UserPoolClient }) => UserPoolClient?.ClientId ?? '');
  return measured(local, updates, OURS, asked, started, failed);
}

/** What scripts do: describe, add and update, each on its own, with the retries of the SDK. */
async function naive(local: LocalAws, count: number): Promise<Measured> {
  const updates = countUpdates(local.aws);
  const { endpoint } = local;
  const IdentityPoolId = NAIVE;
  const script = async (clientId: string) => {
    const client = new CognitoIdentityClient({
      endpoint,
      region: B.region,
      credentials: credentials(B),
    });
    const { $metadata: _, ...pool } = await client.send(
      new DescribeIdentityPoolCommand({ IdentityPoolId }),
    );
    const CognitoIdentityProviders = [...(pool.CognitoIdentityProviders ?? []), entryOf(clientId)];
    await client.send(
      new UpdateIdentityPoolCommand({
        ...pool,
        IdentityPoolId,
        IdentityPoolName: pool.IdentityPoolName,
        AllowUnauthenticatedIdentities: pool.AllowUnauthenticatedIdentities,
        CognitoIdentityProviders,
      }),
    );
  };
  const asked = Array.from({ length: count }, (_, i) => `script${i}`);
  const started = performance.now();
  const ends = await Promise.allSettled(asked.map(script));
  const failed = ends.filter(({ status }) => status === 'rejected').length;
  return measured(local, updates, NAIVE, asked, started, failed);
}

const ratio = (a: number, b: number): string => (b === 0 ? '–' : (a / b).toFixed(2));

/**
 * Many app clients created at once for one identity pool: Poolbridge compared with scripts, on the same embedded
 * AWS with the same latencies, one after the other in one run.
 */
export async function burst(args: string[]): Promise<void> {
  const options = { clients: { type: 'string', default: '50' } } as const;
  const count = Number(parseArgs({ args, options }).values.clients);
  const artifact = await packageService(links);
  const local = await startAws({ trailDelay: [800, 1600], ...realistic });
  try {
    await prepare(local, artifact.folder);
    const own = await ours(local, count);
    const other = await naive(local, count);
    const row = (what: string, of: keyof Measured) => ({
      [what]: { ours: own[of], 'describe-add-update': other[of], ratio: ratio(own[of], other[of]) },
    });
    console.table({
      ...row('calls of UpdateIdentityPool', 'updates'),
      ...row('seconds until all have ended', 'seconds'),
      ...row('requested entries lost', 'entriesLost'),
      ...row('foreign entries lost', 'foreignLost'),
      ...row('executions or scripts failed', 'failed'),
    });
    console.log(
      `${count} app clients at once. Cognito answers in 200 ms, DynamoDB in 5 ms; above 10 updates a second, TooManyRequestsException.`,
    );
    const lost = own.entriesLost + own.foreignLost + own.failed;
    if (lost > 0 || (count <= 50 && own.updates > MOST_UPDATES)) process.exitCode = 1;
  } finally {
    await local.close();
    artifact.remove();
  }
}
