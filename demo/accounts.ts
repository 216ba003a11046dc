import { fileURLToPath } from 'node:url';
import {
  CognitoIdentityClient,
  DescribeIdentityPoolCommand,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
  type IdentityPool,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  DeleteUserPoolClientCommand,
  InitiateAuthCommand,
  ListUserPoolClientsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { deployStack, readTemplate } from 'embedded-aws';
import type { Aws } from 'embedded-aws/kernel/aws.ts';
import { providerIn } from '../cli/executions/test-user.ts';
import { parseIdentityPool, sendable } from '../core/identity-pool/identity-pool.ts';
import type { PoolReport } from '../core/reconcile/pool-report.ts';
import type { Output } from '../core/request/outcome.ts';

/** An account and a Region. */
export interface Where {
  account: string;
  region: string;
}

/** The account and Region of each side of the demo. */
export const A: Where = { account: '111111111111', region: 'us-east-1' };
export const B: Where = { account: '222222222222', region: 'ap-south-1' };
export const EXTERNAL_ID = 'customers-pairing';
export const ROLE_ARN = `arn:aws:iam::${B.account}:role/poolbridge-link`;

const USERNAME = 'ada';
const PASSWORD = 'Correct-horse-battery-1';

/** What a user gets from an identity pool. */
interface Entered {
  /** ARN of the role session that the temporary credentials are for. */
  arn: string;
  /** ISO 8601. */
  expires: string;
}

/** What a reconcile reports about all identity pools. */
type Totals = Record<'linked' | 'missing', number> & { repaired?: { linked: number } };

/** What a recheck reports. */
interface Rechecked {
  identityPools: Pick<PoolReport, 'entries'>[];
}

/** A user pool that is to be created. */
export interface NewUserPool {
  /** Its id; any, if absent. */
  id?: string;
  tags?: Record<string, string>;
  /** Whether it has the updated issuer. */
  isUpdated?: boolean;
}

/** What the people of both accounts do, with nothing but the AWS SDK. */
export class Accounts {
  readonly #endpoint: string;
  readonly #a: Where;
  readonly #b: Where;

  /**
   * @param a the account and Region of the user pools.
   * @param b the account and Region of the identity pools.
   */
  constructor(endpoint: string, a = A, b = B) {
    this.#endpoint = endpoint;
    this.#a = a;
    this.#b = b;
  }

  #config({ account, region }: Where) {
    const credentials = { accessKeyId: account, secretAccessKey: 'local' };
    return { endpoint: this.#endpoint, region, credentials };
  }

  get #userPools() {
    return new CognitoIdentityProviderClient(this.#config(this.#a));
  }

  get #identityPools() {
    return new CognitoIdentityClient(this.#config(this.#b));
  }

  /** Creates a user pool with the user ada. */
  async createUserPool({ id, tags, isUpdated }: NewUserPool = {}): Promise<string> {
    const { UserPool } = await this.#userPools.send(
      new CreateUserPoolCommand({
        PoolName: 'customers',
        UserPoolTags: { ...tags, ...(id !== undefined && { _custom_id_: id }) },
        ...(isUpdated && { IssuerConfiguration: { Type: 'UPDATED' } }),
      }),
    );
    const UserPoolId = UserPool?.Id ?? '';
    const user = { UserPoolId, Username: USERNAME };
    await this.#userPools.send(new AdminCreateUserCommand(user));
    await this.#userPools.send(
      new AdminSetUserPasswordCommand({ ...user, Password: PASSWORD, Permanent: true }),
    );
    return UserPoolId;
  }

  async createAppClient(UserPoolId: string, ClientName: string): Promise<string> {
    const { UserPoolClient } = await this.#userPools.send(
      new CreateUserPoolClientCommand({
        UserPoolId,
        ClientName,
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      }),
    );
    return UserPoolClient?.ClientId ?? '';
  }

  /** The first sixty app clients of a user pool. */
  async appClients(UserPoolId: string): Promise<{ clientId: string; name: string }[]> {
    const { UserPoolClients = [] } = await this.#userPools.send(
      new ListUserPoolClientsCommand({ UserPoolId, MaxResults: 60 }),
    );
    return UserPoolClients.map(({ ClientId: clientId = '', ClientName: name = '' }) => ({
      clientId,
      name,
    }));
  }

  async deleteAppClient(UserPoolId: string, ClientId: string): Promise<void> {
    await this.#userPools.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId }));
  }

  /** Signs the user in with an app client, and returns the ID token. */
  async signIn(ClientId: string): Promise<string> {
    const { AuthenticationResult } = await this.#userPools.send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME, PASSWORD },
      }),
    );
    return AuthenticationResult?.IdToken ?? '';
  }

  /** Exchanges an ID token for temporary credentials, and asks AWS whose they are. */
  async enter(IdentityPoolId: string, token: string): Promise<Entered> {
    const Logins = { [providerIn(token)]: token };
    const { IdentityId } = await this.#identityPools.send(
      new GetIdCommand({ IdentityPoolId, Logins }),
    );
    const { Credentials } = await this.#identityPools.send(
      new GetCredentialsForIdentityCommand({ IdentityId, Logins }),
    );
    const { AccessKeyId = '', SecretKey = '', SessionToken = '', Expiration } = Credentials ?? {};
    const credentials = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretKey,
      sessionToken: SessionToken,
    };
    const sts = new STSClient({ ...this.#config(this.#b), credentials });
    const { Arn: arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
    return { arn, expires: Expiration?.toISOString() ?? '' };
  }

  async describe(IdentityPoolId: string): Promise<IdentityPool> {
    const { $metadata: _, ...pool } = await this.#identityPools.send(
      new DescribeIdentityPoolCommand({ IdentityPoolId }),
    );
    return pool;
  }

  /**
   * Turns guest access of an identity pool off, and leaves the entry of an app client out. An entry that is only removed
   * would make the pool look as it was before the link, and Poolbridge takes that for old for 20 seconds.
   */
  async overwrite(identityPoolId: string, clientId: string): Promise<void> {
    const pool = sendable(parseIdentityPool(await this.describe(identityPoolId)));
    const { CognitoIdentityProviders: all = [] } = pool;
    const others = all.filter(({ ClientId }) => ClientId !== clientId);
    await this.#identityPools.send(
      new UpdateIdentityPoolCommand({
        ...pool,
        AllowUnauthenticatedIdentities: false,
        CognitoIdentityProviders: others,
      }),
    );
  }

  /**
   * Waits until an app client has an entry in the identity pool, or no longer has one.
   *
   * @throws when that takes longer than half a minute.
   */
  async seesEntry(identityPoolId: string, clientId: string, there: boolean): Promise<void> {
    const until = Date.now() + 30_000;
    for (;;) {
      const { CognitoIdentityProviders: all = [] } = await this.describe(identityPoolId);
      if (all.some(({ ClientId }) => ClientId === clientId) === there) return;
      if (Date.now() > until) throw new Error(`The entry of ${clientId} stays as it was.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Starts a reconcile with repair of what a link covers, and waits for its end. */
  async reconcile(stateMachineArn: string, link: string): Promise<Totals> {
    const sfn = new SFNClient(this.#config(this.#a));
    const input = JSON.stringify({ link, repair: true });
    const { executionArn = '' } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn, input }),
    );
    const { totals } = await this.outputOf<{ totals: Totals }>(executionArn);
    return totals;
  }

  /**
   * Waits for the newest recheck, and for its end.
   *
   * @param stateMachineArn that of `reconcile`.
   * @throws when none starts within half a minute.
   */
  async recheck(stateMachineArn: string): Promise<Rechecked> {
    const sfn = new SFNClient(this.#config(this.#a));
    const until = Date.now() + 30_000;
    for (;;) {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
      const found = executions.find(({ name = '' }) => name.startsWith('recheck-'));
      if (found?.executionArn !== undefined) return this.outputOf(found.executionArn);
      if (Date.now() > until) throw new Error('No recheck has started.');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The output of an execution, once it has succeeded. */
  async outputOf<T = Output>(executionArn: string): Promise<T> {
    const sfn = new SFNClient(this.#config(this.#a));
    for (;;) {
      const { status, output, cause } = await sfn.send(
        new DescribeExecutionCommand({ executionArn }),
      );
      if (status === 'SUCCEEDED') return JSON.parse(output ?? '{}');
      if (status !== 'RUNNING') throw new Error(`The execution ended as ${status}: ${cause}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** An identity pool that is to be created. */
export interface NewIdentityPool extends Where {
  /** Its id; any, if absent. */
  id?: string;
  /** The name of the role that its users get. */
  roleName?: string;
}

/** Creates an identity pool with many settings, as others use it already, and a role for its users. */
export async function createIdentityPool(
  aws: Aws,
  { id = '', roleName = 'customer', ...where }: NewIdentityPool = B,
): Promise<string> {
  const template = readTemplate(fileURLToPath(new URL('./identity-pool.yml', import.meta.url)));
  const parameters = { Id: id, RoleName: roleName };
  const { PoolId = '' } = await deployStack(aws, {
    ...where,
    name: `customers-${roleName}`,
    template,
    parameters,
  });
  return PoolId;
}
