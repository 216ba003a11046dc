import assert from 'node:assert/strict';
import {
  CognitoIdentityClient,
  CreateIdentityPoolCommand,
  type CreateIdentityPoolCommandInput,
  DescribeIdentityPoolCommand,
  type IdentityPool,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  type CreateUserPoolCommandInput,
} from '@aws-sdk/client-cognito-identity-provider';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type AwsOptions, type LocalAws, startAws } from 'embedded-aws';
import type { Output } from '../core/request/outcome.ts';
import { deployAccountB, deployService } from '../demo/deploy.ts';

export const ACCOUNT_A = '111111111111';
export const ACCOUNT_B = '222222222222';
export const ACCOUNT_C = '333333333333';
/** Owns the user pools of the links `abroad`. */
export const ACCOUNT_D = '666666666666';
export const HOME = { account: ACCOUNT_A, region: 'us-east-1' };

/** The identity pools of test/links.yml. */
export const pools = {
  mobile: 'ap-south-1:00000000-0000-0000-0000-000000000001',
  web: 'ap-south-1:00000000-0000-0000-0000-000000000002',
  tight: 'ap-south-1:00000000-0000-0000-0000-000000000003',
  huge: 'ap-south-1:00000000-0000-0000-0000-000000000004',
  there: 'eu-central-1:00000000-0000-0000-0000-000000000005',
  closed: 'ap-south-1:00000000-0000-0000-0000-000000000006',
  nowhere: 'ap-south-1:00000000-0000-0000-0000-000000000007',
  healed: 'ap-south-1:00000000-0000-0000-0000-000000000011',
  restored: 'ap-south-1:00000000-0000-0000-0000-000000000016',
} as const;

/** An identity pool that uses every setting. */
export const full: Omit<CreateIdentityPoolCommandInput, 'IdentityPoolName'> = {
  AllowUnauthenticatedIdentities: true,
  AllowClassicFlow: true,
  SupportedLoginProviders: {
    'accounts.google.com': 'app.apps.example.com',
    'graph.facebook.com': '7',
  },
  DeveloperProviderName: 'login.example',
  OpenIdConnectProviderARNs: [`arn:aws:iam::${ACCOUNT_B}:oidc-provider/oidc.example.com`],
  SamlProviderARNs: [`arn:aws:iam::${ACCOUNT_B}:saml-provider/example`],
  CognitoIdentityProviders: [
    {
      ProviderName: 'cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Foreign01',
      ClientId: 'foreignwithcheck',
      ServerSideTokenCheck: true,
    },
    {
      ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_Foreign02',
      ClientId: 'foreignwithout',
    },
  ],
  IdentityPoolTags: { team: 'platform', cost: '42' },
};

interface Where {
  account: string;
  region: string;
}

type ClientOf<C> = new (config: {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  maxAttempts: number;
}) => C;

/** An execution that has ended. */
export interface Ended extends DescribeExecutionOutput {
  executionArn: string;
  /** The output of one that succeeded. */
  result(): Output;
  /** The cause of one that failed. */
  failure(): { message: string; results: Record<string, unknown>[] };
}

/** Both accounts, set up as in the README, on a separate AWS. */
export class World {
  readonly local: LocalAws;
  readonly machineArn: string;
  readonly home: Where;
  readonly #clients = new Map<string, unknown>();
  readonly #ends = new Map<string, Promise<Ended>>();

  constructor(local: LocalAws, machineArn: string, home: Where = HOME) {
    this.local = local;
    this.machineArn = machineArn;
    this.home = home;
  }

  /** One client for each account and Region: creating one takes longer than most calls. */
  client<C>(Client: ClientOf<C>, { account, region }: Where): C {
    const key = `${Client.name} ${account} ${region}`;
    const credentials = { accessKeyId: account, secretAccessKey: 'any' };
    const { endpoint } = this.local;
    // Tests create clients faster than AWS allows. The SDK waits and tries again, as on AWS.
    const client =
      this.#clients.get(key) ?? new Client({ endpoint, region, credentials, maxAttempts: 10 });
    this.#clients.set(key, client);
    return client as C;
  }

  async createUserPool(
    id: string,
    tags: Record<string, string> = {},
    settings: Partial<CreateUserPoolCommandInput> = {},
  ): Promise<void> {
    const region = id.slice(0, id.lastIndexOf('_'));
    const client = this.client(CognitoIdentityProviderClient, { ...this.home, region });
    const UserPoolTags = { ...tags, _custom_id_: id };
    await client.send(new CreateUserPoolCommand({ PoolName: 'users', UserPoolTags, ...settings }));
  }

  async createAppClient(userPoolId: string, name = 'app'): Promise<string> {
    const region = userPoolId.slice(0, userPoolId.lastIndexOf('_'));
    const client = this.client(CognitoIdentityProviderClient, { ...this.home, region });
    const { UserPoolClient } = await client.send(
      new CreateUserPoolClientCommand({
        UserPoolId: userPoolId,
        ClientName: name,
        GenerateSecret: true,
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      }),
    );
    return UserPoolClient!.ClientId!;
  }

  async createIdentityPool(
    id: string,
    account = ACCOUNT_B,
    settings: Partial<CreateIdentityPoolCommandInput> = full,
  ): Promise<IdentityPool> {
    const region = id.split(':')[0]!;
    // On AWS a recreated pool has a new id, and no history.
    await this.local.aws.tables.ask(this.home, 'DeleteItem', {
      TableName: 'poolbridge-dev',
      Key: { pk: { S: id }, sk: { S: 'lease' } },
    });
    return this.client(CognitoIdentityClient, { account, region }).send(
      new CreateIdentityPoolCommand({
        IdentityPoolName: 'pool',
        AllowUnauthenticatedIdentities: false,
        ...settings,
        IdentityPoolTags: { ...settings.IdentityPoolTags, _custom_id_: id },
      }),
    );
  }

  async describe(id: string, account = ACCOUNT_B): Promise<IdentityPool> {
    const region = id.split(':')[0]!;
    const { $metadata: _, ...pool } = await this.client(CognitoIdentityClient, {
      account,
      region,
    }).send(new DescribeIdentityPoolCommand({ IdentityPoolId: id }));
    return pool;
  }

  /** Starts an execution as a person does, and waits for its end. */
  async run(input: unknown, name?: string, stateMachineArn = this.machineArn): Promise<Ended> {
    const { executionArn } = await this.client(SFNClient, this.home).send(
      new StartExecutionCommand({
        stateMachineArn,
        input: JSON.stringify(input),
        ...(name !== undefined && { name }),
      }),
    );
    return this.ended(executionArn!);
  }

  /** The state machine that reconciles. */
  get reconcileArn(): string {
    return this.machineArn.replace(/-link$/, '-reconcile');
  }

  /** An execution that has ended. It no longer changes, so it is read once. */
  ended(executionArn: string): Promise<Ended> {
    const known = this.#ends.get(executionArn) ?? this.#describeEnd(executionArn);
    this.#ends.set(executionArn, known);
    return known;
  }

  async #describeEnd(executionArn: string): Promise<Ended> {
    await this.#endOf(executionArn);
    const found = await this.client(SFNClient, this.home).send(
      new DescribeExecutionCommand({ executionArn }),
    );
    return {
      ...found,
      executionArn,
      result() {
        assert.equal(found.status, 'SUCCEEDED', found.cause);
        return JSON.parse(found.output!);
      },
      failure() {
        assert.equal(found.status, 'FAILED');
        return JSON.parse(found.cause!);
      },
    };
  }

  #endOf(executionArn: string): Promise<void> {
    const { stateMachines } = this.local.aws;
    const execution = stateMachines.execution(executionArn);
    if (execution.status !== 'RUNNING') return Promise.resolve();
    return new Promise((resolve) => {
      const stop = stateMachines.watch((arn) => {
        if (arn !== executionArn || execution.status === 'RUNNING') return;
        stop();
        resolve();
      });
    });
  }

  /** Every execution that an event has started so far, once it has ended. */
  async executions(stateMachineArn = this.machineArn): Promise<Ended[]> {
    const { executions = [] } = await this.client(SFNClient, this.home).send(
      new ListExecutionsCommand({ stateMachineArn }),
    );
    return Promise.all(executions.map(({ executionArn }) => this.ended(executionArn!)));
  }

  /** Waits for the execution about a client, no matter what started it. */
  async executionFor(clientId: string): Promise<Ended> {
    const { executions } = this.local.aws.stateMachines;
    for (;;) {
      const found = [...executions.values()].findLast(
        ({ machine, input }) => machine.arn === this.machineArn && input.includes(clientId),
      );
      if (found) return this.ended(found.arn);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async history(executionArn: string): Promise<HistoryEvent[]> {
    const { events = [] } = await this.client(SFNClient, this.home).send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
    );
    return events;
  }

  /** Keeps every event of a kind from now on, and returns how to take the next one. */
  async listen(
    detailType = 'LinkFinished',
  ): Promise<() => Promise<{ source: string; resources: string[]; detail: object }>> {
    const { account, region } = this.home;
    const Arn = `arn:aws:sqs:${region}:${account}:listener`;
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: Arn,
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    const sqs = this.client(SQSClient, this.home);
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: 'listener', Attributes: { Policy } }),
    );
    const events = this.client(EventBridgeClient, this.home);
    const EventPattern = JSON.stringify({
      source: ['poolbridge'],
      'detail-type': [detailType],
    });
    await events.send(new PutRuleCommand({ Name: 'listener', EventPattern }));
    await events.send(new PutTargetsCommand({ Rule: 'listener', Targets: [{ Id: 'queue', Arn }] }));
    return async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, VisibilityTimeout: 600 }),
      );
      return JSON.parse(Messages[0]!.Body!);
    };
  }

  /** Makes the ledger of an identity pool and its last write look days old. */
  async daysLater(identityPoolId: string, days = 2): Promise<void> {
    const ask = (operation: string, input: object) =>
      this.local.aws.tables.ask(this.home, operation, {
        TableName: 'poolbridge-dev',
        ...input,
      }) as Promise<{ Items?: Record<string, { S: string }>[] }>;
    const { Items = [] } = await ask('Query', {
      KeyConditionExpression: 'pk = :pool AND begins_with(sk, :entry)',
      ExpressionAttributeValues: { ':pool': { S: identityPoolId }, ':entry': { S: 'entry#' } },
    });
    for (const item of Items) {
      const entry = JSON.parse(item['body']!.S);
      const body = { S: JSON.stringify({ ...entry, time: entry.time - days * 86_400_000 }) };
      await ask('PutItem', { Item: { ...item, body } });
    }
    await ask('DeleteItem', { Key: { pk: { S: identityPoolId }, sk: { S: 'lease' } } });
  }

  close(): Promise<void> {
    return this.local.close();
  }
}

const EXTERNAL_ID = 'pairing-1';

/**
 * Starts an AWS and deploys both sides to it; user pools and identity pools are for the test.
 *
 * @param parameters of the service's stack.
 */
export async function startWorld(
  options: AwsOptions = {},
  parameters: Record<string, string> = {},
): Promise<World> {
  const folder = process.env['POOLBRIDGE_ARTIFACT'];
  assert.ok(folder, 'This test needs the packaged service. Run it with: npm test -- FILE');
  const local = await startAws({ trailDelay: [10, 30], ...options });
  const { aws } = local;
  aws.stateMachines.retryScale = 0.01;
  const { LinkStateMachineArn } = await deployService(aws, HOME, { folder }, 'dev', parameters);
  for (const { environment } of aws.functions.all()) {
    if (environment['CALLS_A_SECOND']) environment['CALLS_A_SECOND'] = '1000';
    if (environment['RECHECK_WAIT_SECONDS']) environment['RECHECK_WAIT_SECONDS'] = '0.3';
  }
  const trusted = { TrustedAccountId: ACCOUNT_A };
  await deployAccountB(
    aws,
    { account: ACCOUNT_B, region: 'ap-south-1' },
    {
      ...trusted,
      IdentityPoolIds: [
        pools.mobile,
        pools.web,
        pools.tight,
        pools.huge,
        pools.nowhere,
        pools.healed,
        pools.restored,
      ].join(','),
      ExternalId: EXTERNAL_ID,
    },
  );
  await deployAccountB(
    aws,
    { account: ACCOUNT_C, region: 'eu-central-1' },
    { ...trusted, IdentityPoolIds: pools.there, RoleName: 'poolbridge-link-eu' },
  );
  return new World(local, LinkStateMachineArn!);
}
