import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import {
  CognitoIdentityClient,
  CreateIdentityPoolCommand,
  type CreateIdentityPoolCommandInput,
} from '@aws-sdk/client-cognito-identity';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  type CreateUserPoolClientCommandInput,
  CreateUserPoolCommand,
  type CreateUserPoolCommandInput,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { providerNameOf } from '../../core/user-pool.ts';
import { INLINE_POLICY } from './kinds.ts';
import type { Kind, Manifest } from './manifest.ts';
import type { Place } from './place.ts';

/** A template with a single output. */
export interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  Outputs: Record<string, { Value: unknown }>;
}

export interface WorldOptions {
  /** Account-A, which has the user pools. */
  a: Place;
  /** Account-B, which has the identity pools. */
  b: Place;
  manifest: Manifest;
  signal: AbortSignal;
  /** Milliseconds between two reads of something that is expected to change. */
  pace: number;
  /** For how long CloudTrail's event history is read, in milliseconds; 0 if it is not. */
  records: number;
  /** Deploys a stack without CloudFormation. Nothing has to be removed afterwards. */
  deploy?: (name: string, template: Template) => Promise<string>;
  progress?: (message: string) => void;
}

const PASSWORD = 'Correct-horse-battery-1';

// A new role, policy or mapping takes effect everywhere after seconds; this is many times more.
const PATIENCE = 120_000;

/** Two accounts, and how to make things in them that the manifest lists. */
export class World {
  readonly a: Place;
  readonly b: Place;
  readonly pace: number;
  readonly records: number;
  readonly signal: AbortSignal;
  readonly #options: WorldOptions;
  readonly #run = randomBytes(4).toString('hex');
  readonly #shared = new Map<string, Promise<unknown>>();
  #made = 0;

  constructor(options: WorldOptions) {
    this.a = options.a;
    this.b = options.b;
    this.pace = options.pace;
    this.records = options.records;
    this.signal = options.signal;
    this.#options = options;
  }

  /** Says what is being waited for. */
  progress(message: string): void {
    this.#options.progress?.(message);
  }

  /** Waits for the usual time between two reads. */
  async pause(): Promise<void> {
    await sleep(this.pace, undefined, { signal: this.signal });
  }

  /**
   * Reads until there is a result.
   *
   * @param patience how long, in milliseconds.
   * @returns undefined after that time.
   */
  async eventually<T>(look: () => Promise<T | undefined>, patience = PATIENCE) {
    for (const end = Date.now() + patience; ; ) {
      const found = await look();
      if (found !== undefined || Date.now() > end) return found;
      await this.pause();
    }
  }

  /** Things that several probes share, made when they are first needed. */
  shared<T>(name: string, make: () => Promise<T>): Promise<T> {
    const made = (this.#shared.get(name) as Promise<T> | undefined) ?? make();
    this.#shared.set(name, made);
    return made;
  }

  /**
   * Makes something that the manifest lists.
   *
   * @param create makes it by the given name, and returns its id.
   */
  make(place: Place, kind: Kind, create: (name: string) => Promise<string>): Promise<string> {
    const name = this.#name();
    const { account, region, profile } = place;
    return this.#options.manifest.make({ kind, name, account, region, profile }, () =>
      create(name),
    );
  }

  #name(): string {
    this.#made += 1;
    return `poolbridge-contract-${this.#run}-${this.#made}`;
  }

  /** An identity pool in Account-B. */
  identityPool(settings: Partial<CreateIdentityPoolCommandInput> = {}): Promise<string> {
    return this.make(this.b, 'identity pool', async (IdentityPoolName) => {
      const { IdentityPoolId = '' } = await this.b.client(CognitoIdentityClient).send(
        new CreateIdentityPoolCommand({
          IdentityPoolName,
          AllowUnauthenticatedIdentities: false,
          ...settings,
        }),
      );
      return IdentityPoolId;
    });
  }

  /** A stack in Account-B. Its only output, `Id`, is the resource that it makes. */
  stack(template: Template): Promise<string> {
    const { deploy } = this.#options;
    if (deploy) return deploy(this.#name(), template);
    return this.make(this.b, 'stack', async (StackName) => {
      const client = this.b.client(CloudFormationClient);
      const TemplateBody = JSON.stringify(template);
      const Capabilities = ['CAPABILITY_IAM' as const];
      await client.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities }));
      await waitUntilStackCreateComplete({ client, maxWaitTime: 300 }, { StackName });
      const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
      return Stacks?.[0]?.Outputs?.[0]?.OutputValue ?? '';
    });
  }

  /** A role with one or several trust statements; its id is its ARN. */
  role(place: Place, trust: object | object[], Statement: object[], Path = '/'): Promise<string> {
    const client = place.client(IAMClient);
    const Version = '2012-10-17';
    return this.make(place, 'role', async (RoleName) => {
      const AssumeRolePolicyDocument = JSON.stringify({ Version, Statement: [trust].flat() });
      const { Role } = await client.send(
        new CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument }),
      );
      const PolicyDocument = JSON.stringify({ Version, Statement });
      const policy = { RoleName, PolicyName: INLINE_POLICY, PolicyDocument };
      await client.send(new PutRolePolicyCommand(policy));
      return Role?.Arn ?? '';
    });
  }

  get userPools(): CognitoIdentityProviderClient {
    return this.a.client(CognitoIdentityProviderClient);
  }

  /** A user pool in Account-A. */
  userPool(settings: Partial<CreateUserPoolCommandInput> = {}): Promise<string> {
    return this.make(this.a, 'user pool', async (PoolName) => {
      const { UserPool } = await this.userPools.send(
        new CreateUserPoolCommand({ PoolName, ...settings }),
      );
      return UserPool?.Id ?? '';
    });
  }

  /** The name by which an identity pool knows a user pool of Account-A. */
  providerName(userPoolId: string): string {
    return providerNameOf(userPoolId, this.a.partition);
  }

  /** An app client of a user pool; it is deleted with its pool. */
  async appClient(
    UserPoolId: string,
    settings: Partial<CreateUserPoolClientCommandInput> = {},
  ): Promise<string> {
    const { UserPoolClient } = await this.userPools.send(
      new CreateUserPoolClientCommand({
        UserPoolId,
        ClientName: 'contract',
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
        ...settings,
      }),
    );
    return UserPoolClient?.ClientId ?? '';
  }

  /** A user of a user pool, who can sign in; deleted with the pool. */
  async user(UserPoolId: string, Username: string): Promise<void> {
    const user = { UserPoolId, Username };
    await this.userPools.send(new AdminCreateUserCommand({ ...user, MessageAction: 'SUPPRESS' }));
    await this.userPools.send(
      new AdminSetUserPasswordCommand({ ...user, Password: PASSWORD, Permanent: true }),
    );
  }

  /** The tokens of a user who signs in. */
  async signIn(ClientId: string, USERNAME: string) {
    const { AuthenticationResult = {} } = await this.userPools.send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME, PASSWORD },
      }),
    );
    const { IdToken = '', AccessToken = '', RefreshToken = '' } = AuthenticationResult;
    return { IdToken, AccessToken, RefreshToken };
  }
}
