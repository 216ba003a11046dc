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

/** One account and Region, embedded or real, that is left as it was found. */
export class Environment {
  readonly #config: Config;
  readonly #undo: (() => Promise<unknown>)[] = [];

  constructor(config: Config) {
    this.#config = config;
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
  if (real) return new Environment({ region });
  const local = await startAws({ trailDelay: [10, 30] });
  const credentials = { accessKeyId: '111111111111', secretAccessKey: 'any' };
  const made = new Environment({ region, endpoint: local.endpoint, credentials });
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
