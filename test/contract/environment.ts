import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CognitoIdentityClient,
  CreateIdentityPoolCommand,
  type CreateIdentityPoolCommandInput,
  DeleteIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  DeleteUserPoolCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startAws } from '../../local/index.ts';
import { deployStack } from '../../local/kernel/cloudformation.ts';

/** Whether the cases run against a real account: `npm run test:contract -- --aws`. */
export const real = process.env['POOLBRIDGE_CONTRACT'] === 'aws';

const region = process.env['AWS_REGION'] ?? 'us-east-1';

interface Config {
  region: string;
  endpoint?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

const PASSWORD = 'Correct-horse-battery-1';
const unique = () => `poolbridge-contract-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;

const account = '111111111111';

/** A stack of one identity pool that has a tag of its own; its output is the pool's id. */
const poolTemplate = (IdentityPoolName: string) => ({
  Resources: {
    Pool: {
      Type: 'AWS::Cognito::IdentityPool',
      Properties: {
        IdentityPoolName,
        AllowUnauthenticatedIdentities: false,
        IdentityPoolTags: [{ Key: 'team', Value: 'contract' }],
      },
    },
  },
  Outputs: { PoolId: { Value: { Ref: 'Pool' } } },
});

type Template = ReturnType<typeof poolTemplate>;

/** Deploys a stack to the real account with the AWS CLI, and returns its only output. */
function deployWithCli(name: string, template: Template): string {
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-contract-'));
  const file = join(folder, 'template.json');
  writeFileSync(file, JSON.stringify(template));
  const aws = (...args: string[]) =>
    execFileSync('aws', ['cloudformation', ...args, '--stack-name', name, '--region', region], {
      encoding: 'utf8',
    });
  aws('deploy', '--template-file', file);
  rmSync(folder, { recursive: true });
  const query = 'Stacks[0].Outputs[0].OutputValue';
  return aws('describe-stacks', '--query', query, '--output', 'text').trim();
}

/** One account and Region, embedded or real, that is left as it was found. */
export class Environment {
  readonly #config: Config;
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly #deploy: (name: string, template: Template) => Promise<string>;

  constructor(config: Config, deploy: (name: string, template: Template) => Promise<string>) {
    this.#config = config;
    this.#deploy = deploy;
  }

  client<C>(Client: new (config: Config) => C): C {
    return new Client(this.#config);
  }

  /** Whose account this is. */
  caller() {
    return this.client(STSClient).send(new GetCallerIdentityCommand({}));
  }

  /** To be done when the tests are over, the last first. */
  undo(action: () => Promise<unknown>): void {
    this.#undo.unshift(action);
  }

  async close(): Promise<void> {
    for (const action of this.#undo) await action();
  }

  async identityPool(settings: Partial<CreateIdentityPoolCommandInput> = {}): Promise<string> {
    const client = this.client(CognitoIdentityClient);
    const { IdentityPoolId = '' } = await client.send(
      new CreateIdentityPoolCommand({
        IdentityPoolName: unique(),
        AllowUnauthenticatedIdentities: false,
        ...settings,
      }),
    );
    this.undo(() => client.send(new DeleteIdentityPoolCommand({ IdentityPoolId })).catch(() => {}));
    return IdentityPoolId;
  }

  /** An identity pool that CloudFormation makes, with the tag `team` of its own. */
  stackPool(): Promise<string> {
    const name = unique();
    return this.#deploy(name, poolTemplate(name));
  }

  async userPool(): Promise<string> {
    const client = this.client(CognitoIdentityProviderClient);
    const { UserPool } = await client.send(new CreateUserPoolCommand({ PoolName: unique() }));
    const UserPoolId = UserPool?.Id ?? '';
    this.undo(() => client.send(new DeleteUserPoolCommand({ UserPoolId })).catch(() => {}));
    return UserPoolId;
  }

  async appClient(UserPoolId: string): Promise<string> {
    const { UserPoolClient } = await this.client(CognitoIdentityProviderClient).send(
      new CreateUserPoolClientCommand({
        UserPoolId,
        ClientName: 'contract',
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      }),
    );
    return UserPoolClient?.ClientId ?? '';
  }

  async user(UserPoolId: string, Username = 'ada'): Promise<void> {
    const client = this.client(CognitoIdentityProviderClient);
    await client.send(
      new AdminCreateUserCommand({ UserPoolId, Username, MessageAction: 'SUPPRESS' }),
    );
    const password = { UserPoolId, Username, Password: PASSWORD, Permanent: true };
    await client.send(new AdminSetUserPasswordCommand(password));
  }

  async signIn(ClientId: string, USERNAME = 'ada') {
    const { AuthenticationResult = {} } = await this.client(CognitoIdentityProviderClient).send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME, PASSWORD },
      }),
    );
    const { IdToken = '', AccessToken = '' } = AuthenticationResult;
    return { IdToken, AccessToken };
  }
}

/** An environment, to be closed when the tests are over. */
export async function environment(): Promise<Environment> {
  if (real) {
    const made = new Environment({ region }, async (name, template) => {
      made.undo(async () =>
        execFileSync('aws', [
          ...['cloudformation', 'delete-stack', '--stack-name', name, '--region', region],
        ]),
      );
      return deployWithCli(name, template);
    });
    return made;
  }
  const local = await startAws({ trailDelay: [10, 30] });
  const credentials = { accessKeyId: account, secretAccessKey: 'any' };
  const made = new Environment(
    { region, endpoint: local.endpoint, credentials },
    async (name, template) => {
      const { PoolId = '' } = await deployStack(local.aws, { name, account, region, template });
      return PoolId;
    },
  );
  made.undo(() => local.close());
  return made;
}

/** Until something holds: at once on the embedded AWS, within a minute on the real one. */
export async function eventually<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + (real ? 60_000 : 5000);
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (Date.now() > deadline) throw new Error('It did not come to hold in time.');
    await new Promise((resolve) => setTimeout(resolve, real ? 1000 : 25));
  }
}
