import { parseArgs } from 'node:util';
import { type EmbeddedAws, startAws } from 'embedded-aws';
import { entriesOf } from '../core/identity-pool/identity-pool.ts';
import { deployAccountB, deployService } from '../demo/deploy.ts';
import { packageService } from '../demo/package-service.ts';

const A = { account: '111111111111', region: 'us-east-1' };
// Each has as many identity pools as fit into one policy of resources/account-b.yml.
const ACCOUNTS = ['222222222222', '333333333333', '444444444444', '555555555555'] as const;
const REGION = 'ap-south-1';

// At full scale: 100 pairs of identity pools. Each pair has five user pools of 20 app clients; the third user pool
// is linked to both.
const CLIENTS = 20;

/** Latencies in milliseconds and the rate of writes, as expected of AWS. */
const realistic = {
  latency: { 'cognito-identity': 200, 'cognito-idp': 200, dynamodb: 5 },
  rates: { 'cognito-identity:UpdateIdentityPool': 10 },
};

const identityPool = (i: number): string =>
  `${REGION}:00000000-0000-0000-0000-${String(i).padStart(12, '0')}`;

const userPool = (i: number): string => `us-east-1_Bench${String(i).padStart(4, '0')}`;

const accountOf = (i: number): string => ACCOUNTS[i % ACCOUNTS.length] ?? '';

function linksOf(pairs: number): string {
  const link = (name: string, pool: number, userPools: number[], clients: string) => `
  ${name}:
    userPools: [${userPools.map(userPool).join(', ')}]
    clients: ["${clients}"]
    identityPool: ${identityPool(pool)}
    roleArn: arn:aws:iam::${accountOf(pool)}:role/poolbridge-link`;
  const pair = (k: number) => [
    link(`even-${k}`, 2 * k, [5 * k, 5 * k + 1], '*'),
    link(`shared-even-${k}`, 2 * k, [5 * k + 2], 'even-*'),
    link(`odd-${k}`, 2 * k + 1, [5 * k + 3, 5 * k + 4], '*'),
    link(`shared-odd-${k}`, 2 * k + 1, [5 * k + 2], 'odd-*'),
  ];
  return `links:${Array.from({ length: pairs }, (_, k) => pair(k).join('')).join('')}\n`;
}

/** All accounts, with app clients and identity pools that are not linked yet. */
async function prepare(aws: EmbeddedAws, folder: string, pairs: number): Promise<void> {
  aws.functions.artifacts = folder;
  await deployService(aws, A, { folder });
  const pools = Array.from({ length: 2 * pairs }, (_, i) => i);
  for (const account of ACCOUNTS) {
    const IdentityPoolIds = pools.filter((i) => accountOf(i) === account).map(identityPool);
    await deployAccountB(
      aws,
      { account, region: REGION },
      { TrustedAccountId: A.account, IdentityPoolIds: IdentityPoolIds.join(',') },
    );
  }
  const ask = (account: string, service: string, operation: string, input: object) =>
    aws.call({
      service,
      operation,
      input: { ...input },
      principal: aws.iam.principalOf(account),
      region: service === 'cognito-idp' ? A.region : REGION,
    });
  await Promise.all(
    pools.map((i) =>
      ask(accountOf(i), 'cognito-identity', 'CreateIdentityPool', {
        IdentityPoolName: 'customers',
        AllowUnauthenticatedIdentities: false,
        IdentityPoolTags: { _custom_id_: identityPool(i) },
      }),
    ),
  );
  const create = async (i: number) => {
    const UserPoolId = userPool(i);
    const UserPoolTags = { _custom_id_: UserPoolId };
    await ask(A.account, 'cognito-idp', 'CreateUserPool', { PoolName: 'users', UserPoolTags });
    const names = Array.from({ length: CLIENTS }, (_, n) => `${n % 2 === 0 ? 'even' : 'odd'}-${n}`);
    await Promise.all(
      names.map((ClientName) =>
        ask(A.account, 'cognito-idp', 'CreateUserPoolClient', { UserPoolId, ClientName }),
      ),
    );
  };
  await Promise.all(Array.from({ length: 5 * pairs }, (_, i) => create(i)));
}

/** The figures of one execution. */
interface Measured {
  seconds: number;
  status: string;
  calls: Map<string, number>;
  events: number;
  longestState: number;
}

/** Runs `{"repair":true}` to its end. */
async function run(aws: EmbeddedAws): Promise<Measured> {
  const calls = new Map<string, number>();
  const call = aws.call.bind(aws);
  aws.call = (asked) => {
    const operation = asked.service === 'dynamodb' ? 'DynamoDB, all' : asked.operation;
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    return call(asked);
  };
  const machines = [...aws.stateMachines.machines.values()];
  const machine = machines.find(({ name }) => name === 'poolbridge-dev-reconcile');
  if (!machine) throw new Error('The state machine reconcile does not exist.');
  const started = performance.now();
  const execution = aws.stateMachines.start(machine, `run-${started}`, '{"repair":true}');
  await execution.running?.ended;
  aws.call = call;
  const texts = execution.history.events.flatMap(({ details }) => [
    String(details?.['input'] ?? '').length,
    String(details?.['output'] ?? '').length,
  ]);
  return {
    status: execution.status,
    calls,
    events: execution.history.events.length,
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
    longestState: texts.reduce((most, each) => Math.max(most, each), 0),
  };
}

const shown = ['ListUserPoolClients', 'AssumeRole', 'DescribeIdentityPool', 'UpdateIdentityPool'];

/** The fewest possible calls: each user pool listed, each identity pool read and, if written, read back. */
const fewest = (pairs: number, writes: boolean): Record<string, number> => ({
  ListUserPoolClients: 5 * pairs,
  AssumeRole: 2 * pairs,
  DescribeIdentityPool: writes ? 4 * pairs : 2 * pairs,
  UpdateIdentityPool: writes ? 2 * pairs : 0,
});

function row(pairs: number, writes: boolean, measured: Measured) {
  const least = fewest(pairs, writes);
  const counts = shown.map((operation) => {
    const made = measured.calls.get(operation) ?? 0;
    return [operation, `${made} (+${made - (least[operation] ?? 0)})`];
  });
  return {
    ...Object.fromEntries(counts),
    'DynamoDB, all': measured.calls.get('DynamoDB, all') ?? 0,
    seconds: measured.seconds,
    'history events': measured.events,
    'longest state': measured.longestState,
  };
}

/** One scale: the first run links every app client, the second finds nothing to do. */
async function measure(pairs: number) {
  const artifact = await packageService(linksOf(pairs));
  const local = await startAws({ trail: false, ...realistic });
  const { aws } = local;
  try {
    // The user pools and app clients are old, so that no listing lags.
    aws.throttle.enabled = false;
    await prepare(aws, artifact.folder, pairs);
    aws.throttle.enabled = true;
    const first = await run(aws);
    const second = await run(aws);
    const linked = Array.from(
      { length: 2 * pairs },
      (_, i) => entriesOf(aws.identityPools.find(identityPool(i)).pool).length,
    );
    const wrong = linked.filter((count) => count !== 50).length;
    const ended = [first, second].every(({ status }) => status === 'SUCCEEDED');
    if (!ended || wrong > 0) {
      console.error(
        `${wrong} identity pools are not as they should be: ${first.status}, ${second.status}`,
      );
      process.exitCode = 1;
    }
    return { first: row(pairs, true, first), second: row(pairs, false, second) };
  } finally {
    await local.close();
    artifact.remove();
  }
}

/** Reconciling at a quarter, half and all of 200 identity pools and 10,000 app clients. */
export async function reconcile(args: string[]): Promise<void> {
  const options = { pairs: { type: 'string', default: '100' } } as const;
  const all = Number(parseArgs({ args, options }).values.pairs);
  const first: Record<string, object> = {};
  const second: Record<string, object> = {};
  for (const pairs of [all / 4, all / 2, all]) {
    const scale = `${2 * pairs} identity pools, ${5 * pairs * CLIENTS} app clients`;
    const measured = await measure(pairs);
    first[scale] = measured.first;
    second[scale] = measured.second;
  }
  console.log('Nothing is linked yet:');
  console.table(first);
  console.log('Everything is linked:');
  console.table(second);
  console.log(
    'In brackets: calls beyond the fewest possible. Cognito answers in 200 ms, DynamoDB in 5 ms; above 10 updates a second, TooManyRequestsException; everything else has AWS’s published rates.',
  );
}
