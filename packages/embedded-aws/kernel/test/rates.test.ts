import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { assembleAws, type EmbeddedAws, startAws } from '../../index.ts';
import { services } from '../../services.ts';
import { type Bucket, requestRates } from '../request-rates.ts';
import { Throttle } from '../throttle.ts';

const A = '111111111111';
const B = '222222222222';
// The Region where every rate has its largest or its default bucket.
const LARGEST = 'us-east-1';
const USUAL = 'eu-central-2';

const rates = requestRates(services);

type Rate = (typeof rates)[number];

/** The throttling code of each service, from AWS's pages. */
const codes: Record<string, string> = {
  cloudtrail: 'ThrottlingException',
  'cognito-identity': 'TooManyRequestsException',
  'cognito-idp': 'TooManyRequestsException',
  events: 'ThrottlingException',
  lambda: 'TooManyRequestsException',
  logs: 'ThrottlingException',
  states: 'ThrottlingException',
  sts: 'Throttling',
};

interface From {
  account?: string;
  region?: string;
}

/** Whether a request is admitted. The input is invalid: only the throttling matters. */
async function isAdmitted(
  aws: EmbeddedAws,
  service: string,
  operation: string,
  input: Record<string, unknown> = {},
  { account = A, region = LARGEST }: From = {},
): Promise<boolean> {
  try {
    const principal = aws.iam.principalOf(account);
    await aws.call({ service, operation, input: { ...input }, region, principal });
    return true;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    if (message !== 'Rate exceeded') return true;
    assert.equal(code, codes[service]);
    return false;
  }
}

/** How many of `times` simultaneous requests are admitted. */
async function admitted(times: number, ask: (i: number) => Promise<boolean>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: times }, (_, i) => ask(i)));
  return answers.filter((each) => each).length;
}

/** The operations of the embedded AWS with a rate. */
function operationsOf(aws: EmbeddedAws, { service, name, operations = [name] }: Rate): string[] {
  const known = Object.keys(aws.services.get(service)?.operations ?? {});
  const named = rates.flatMap((rate) => (rate.service === service ? namesOf(rate) : []));
  return operations === 'others'
    ? known.filter((operation) => !named.includes(operation))
    : operations.filter((operation) => known.includes(operation));
}

const namesOf = ({ name, operations = [name] }: Rate): readonly string[] =>
  operations === 'others' ? [] : operations;

/** An input that counts for this rate only. */
function inputFor({ counts }: Rate): Record<string, unknown> {
  const answer = { ChallengeName: 'PASSWORD_VERIFIER' };
  return counts?.(answer) === false ? { ChallengeName: 'NEW_PASSWORD_REQUIRED' } : answer;
}

/** The Regions with their own bucket for a rate, and one other Region. */
const regionsOf = ({ regions = {} }: Rate): string[] => [USUAL, ...Object.keys(regions)];

const bucketIn = ({ bucket, regions }: Rate, region: string): Bucket => regions?.[region] ?? bucket;

beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) }));
afterEach(() => mock.timers.reset());

describe('a published request rate', () => {
  const aws = assembleAws();
  for (const rate of rates) {
    const { service, name } = rate;
    // A category of AWS can have no operation in the embedded AWS.
    const operations = operationsOf(aws, rate);
    if (operations.length === 0) continue;

    /** How many of `times` simultaneous requests are admitted, each on its own user pool. */
    const admits = (throttle: Throttle, times: number, { account = A, region = LARGEST }: From) => {
      const isAdmitted = (i: number): boolean => {
        const operation = operations[i % operations.length]!;
        const input = { ...inputFor(rate), UserPoolId: `pool_${i}` };
        try {
          throttle.admit({ service, operation, input, region }, account);
          return true;
        } catch (error) {
          assert.equal((error as { code: string }).code, codes[service]);
          return false;
        }
      };
      return Array.from({ length: times }, (_, i) => isAdmitted(i)).filter((each) => each).length;
    };

    test(`${service}: ${name} admits its bucket size immediately, and then its rate per second`, () => {
      const throttle = new Throttle(services);
      for (const region of regionsOf(rate)) {
        const { size, perSecond } = bucketIn(rate, region);
        assert.equal(admits(throttle, size + 2, { region }), size, region);
        const wait = Math.ceil(1000 / perSecond);
        mock.timers.tick(wait);
        const added = Math.floor((wait * perSecond) / 1000);
        assert.equal(admits(throttle, added + 1, { region }), added, region);
        assert.equal(admits(throttle, 1, { region, account: B }), 1, region);
        mock.timers.tick(1_000_000);
        assert.equal(admits(throttle, size + 2, { region }), size, region);
      }
    });
  }

  for (const rate of rates.filter(({ perResource }) => perResource)) {
    const { service, name } = rate;
    const { size, perSecond } = rate.perResource!.bucket;
    test(`${service}: ${name} also limits each operation on each user pool`, async () => {
      const fresh = assembleAws();
      for (const operation of operationsOf(aws, rate)) {
        const on = (UserPoolId: string) => () =>
          isAdmitted(fresh, service, operation, { UserPoolId });
        assert.equal(await admitted(size + 2, on('pool_a')), size, operation);
        assert.equal(await on('pool_b')(), true);
        mock.timers.tick(1000 / perSecond);
        assert.equal(await admitted(3, on('pool_a')), 1);
      }
    });
  }
});

test('every operation has a rate, if its service publishes rates for all operations', () => {
  const aws = assembleAws();
  const unlimited = (service: string): string[] => {
    const limited = rates.filter((rate) => rate.service === service);
    const named = limited.flatMap((rate) => operationsOf(aws, rate));
    const known = Object.keys(aws.services.get(service)!.operations);
    return known.filter((operation) => !named.includes(operation));
  };
  for (const service of ['cloudtrail', 'cognito-idp', 'events', 'logs', 'states']) {
    assert.deepEqual(unlimited(service), [], service);
  }
  assert.deepEqual(unlimited('lambda'), ['Invoke']);
  // STS publishes a rate for requests with AWS credentials only.
  assert.deepEqual(unlimited('sts'), ['AssumeRoleWithWebIdentity']);
  assert.ok(unlimited('cognito-identity').includes('UpdateIdentityPool'));
});

test('tagging a user pool by ARN counts for that user pool', async () => {
  const aws = assembleAws();
  const on = (pool: string) => () =>
    isAdmitted(aws, 'cognito-idp', 'TagResource', {
      ResourceArn: `arn:aws:cognito-idp:us-east-1:${A}:userpool/${pool}`,
    });
  assert.equal(await admitted(8, on('pool_a')), 5);
  assert.equal(await admitted(8, on('pool_b')), 5);
});

describe('a public operation', () => {
  const as = (
    aws: EmbeddedAws,
    account: string,
    service: string,
    operation: string,
    input: object,
  ) =>
    aws.call({
      service,
      operation,
      region: LARGEST,
      input: { ...input },
      principal: aws.iam.principalOf(account),
    });
  const unsigned = async (aws: EmbeddedAws, service: string, operation: string, input: object) => {
    try {
      await aws.call({
        service,
        operation,
        region: LARGEST,
        input: { ...input },
        principal: undefined,
      });
      return true;
    } catch (error) {
      return (error as Error).message !== 'Rate exceeded';
    }
  };

  test('counts for the account that owns the named identity pool', async () => {
    const aws = assembleAws();
    const pools = await Promise.all(
      [A, A, B].map(async (account) => {
        const input = { IdentityPoolName: 'pool', AllowUnauthenticatedIdentities: true };
        const made = await as(aws, account, 'cognito-identity', 'CreateIdentityPool', input);
        return made as { IdentityPoolId: string };
      }),
    );
    const [first, second, others] = pools as [object, object, object];
    const getId = (pool: object) => () => unsigned(aws, 'cognito-identity', 'GetId', pool);
    assert.equal(await admitted(20, getId(first)), 20);
    assert.equal(await admitted(20, getId(second)), 5);
    assert.equal(await admitted(20, getId(others)), 20);
  });

  test('counts for the account that owns the named app client or access token', async () => {
    const aws = assembleAws();
    const clients = await Promise.all(
      [A, B].map(async (account) => {
        const pool = await as(aws, account, 'cognito-idp', 'CreateUserPool', { PoolName: 'users' });
        const { UserPool } = pool as { UserPool: { Id: string } };
        const input = { UserPoolId: UserPool.Id, ClientName: 'app' };
        const made = await as(aws, account, 'cognito-idp', 'CreateUserPoolClient', input);
        const { ClientId } = (made as { UserPoolClient: { ClientId: string } }).UserPoolClient;
        const iss = `https://cognito-idp.us-east-1.amazonaws.com/${UserPool.Id}`;
        const claims = Buffer.from(JSON.stringify({ iss })).toString('base64url');
        return { ClientId, AccessToken: `e30.${claims}.e30` };
      }),
    );
    const [first, second] = clients as [object & { ClientId: string }, object];
    const ask = (operation: string, input: object) => () =>
      unsigned(aws, 'cognito-idp', operation, input);
    assert.equal(await admitted(122, ask('GetUser', first)), 120);
    assert.equal(await ask('GetUser', second)(), true);
    const { ClientId } = first;
    assert.equal(await admitted(52, ask('SignUp', { ClientId })), 50);
    assert.equal(await admitted(122, ask('InitiateAuth', { ClientId })), 120);
  });
});

describe('a request over its rate', () => {
  const listClients = { UserPoolId: 'us-east-1_None' };

  test('is refused before IAM evaluates it, and CloudTrail does not record it', async () => {
    const aws = assembleAws();
    const create = () => isAdmitted(aws, 'cognito-idp', 'CreateUserPoolClient', listClients);
    assert.equal(await admitted(8, create), 5);
    assert.equal(aws.trail.records.length, 5);
    const unsigned = aws.call({
      service: 'cognito-idp',
      operation: 'CreateUserPoolClient',
      region: LARGEST,
      input: { ...listClients },
      principal: undefined,
    });
    await assert.rejects(unsigned, { code: 'MissingAuthenticationToken' });
  });

  test('does not count', async () => {
    const aws = assembleAws();
    const list = () => isAdmitted(aws, 'cognito-idp', 'ListUserPoolClients', listClients);
    assert.equal(await admitted(100, list), 5);
    mock.timers.tick(1000);
    assert.equal(await admitted(100, list), 5);
  });

  test('is refused in the protocol of its service', async () => {
    const local = await startAws();
    try {
      const config = {
        endpoint: local.endpoint,
        region: LARGEST,
        maxAttempts: 1,
        credentials: { accessKeyId: A, secretAccessKey: 'any' },
      };
      const executionArn = `arn:aws:states:us-east-1:${A}:execution:machine:name`;
      const describe = new DescribeExecutionCommand({ executionArn });
      await admitted(300, () => isAdmitted(local.aws, 'states', 'DescribeExecution'));
      await assert.rejects(new SFNClient(config).send(describe), {
        name: 'ThrottlingException',
        message: 'Rate exceeded',
      });
      await admitted(600, () => isAdmitted(local.aws, 'sts', 'GetCallerIdentity'));
      await assert.rejects(new STSClient(config).send(new GetCallerIdentityCommand({})), {
        name: 'Throttling',
        message: 'Rate exceeded',
      });
    } finally {
      await local.close();
    }
  });

  test('stays refused when the clock goes back and forth by a few seconds', async () => {
    const aws = assembleAws();
    const lookUp = () => isAdmitted(aws, 'cloudtrail', 'LookupEvents');
    const now = Date.now();
    assert.equal(await admitted(3, lookUp), 2);
    mock.timers.setTime(now + 2000);
    assert.equal(await admitted(3, lookUp), 2);
    mock.timers.setTime(now);
    assert.equal(await admitted(3, lookUp), 0);
    mock.timers.setTime(now + 2000);
    assert.equal(await admitted(3, lookUp), 0);
  });
});

describe('the options of the embedded AWS', () => {
  const updatePool = 'cognito-identity:UpdateIdentityPool';
  const update = (aws: EmbeddedAws, from?: From) => () =>
    isAdmitted(aws, 'cognito-identity', 'UpdateIdentityPool', {}, from);

  test('switch off one rate, or all rates of a service', async () => {
    const one = assembleAws({ unlimited: ['cognito-idp:UserPoolClientRead'] });
    const list = (aws: EmbeddedAws) => () => isAdmitted(aws, 'cognito-idp', 'ListUserPoolClients');
    const create = (aws: EmbeddedAws) => () =>
      isAdmitted(aws, 'cognito-idp', 'CreateUserPoolClient');
    assert.equal(await admitted(50, list(one)), 50);
    assert.equal(await admitted(50, create(one)), 5);
    const all = assembleAws({ unlimited: ['cognito-idp'] });
    assert.equal(await admitted(50, list(all)), 50);
    assert.equal(await admitted(50, create(all)), 50);
    assert.equal(await admitted(50, () => isAdmitted(all, 'cloudtrail', 'LookupEvents')), 2);
  });

  test('set a rate per account for an operation without a published rate', async () => {
    const aws = assembleAws({ rates: { [updatePool]: 3 } });
    assert.equal(await admitted(5, update(aws)), 3);
    assert.equal(await admitted(5, update(aws, { account: B })), 3);
    assert.equal(await admitted(500, update(assembleAws())), 500);
  });

  test('cannot replace a published rate', () => {
    assert.throws(() => assembleAws({ rates: { 'cloudtrail:LookupEvents': 50 } }), {
      message: /publishes a rate for cloudtrail:LookupEvents/,
    });
  });

  test('cannot switch off an unknown rate', () => {
    const unlimited = ['states:NoSuchRate' as 'states:ListExecutions'];
    assert.throws(() => assembleAws({ unlimited }), { message: /no rate states:NoSuchRate/ });
  });
});
