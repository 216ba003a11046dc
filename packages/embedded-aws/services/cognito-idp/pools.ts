import { randomInt } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Call } from '../../kernel/call.ts';
import { AwsError } from '../../kernel/errors.ts';
import { dnsSuffixOf } from '../../kernel/partitions.ts';
import type { Operation } from '../../kernel/service.ts';
import { check, invalid } from './constraints.ts';
import { Signer } from './tokens.ts';

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html */
export interface AppClient {
  UserPoolId: string;
  ClientId: string;
  ClientName: string;
  ClientSecret?: string;
  LastModifiedDate: number;
  CreationDate: number;
  RefreshTokenValidity: number;
  AccessTokenValidity?: number;
  IdTokenValidity?: number;
  TokenValidityUnits: Partial<Record<'AccessToken' | 'IdToken' | 'RefreshToken', string>>;
  ReadAttributes?: string[];
  ExplicitAuthFlows?: string[];
  PreventUserExistenceErrors?: 'LEGACY' | 'ENABLED';
  EnableTokenRevocation: boolean;
  AuthSessionValidity: number;
  RefreshTokenRotation?: { Feature: 'ENABLED' | 'DISABLED'; RetryGracePeriodSeconds?: number };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GroupType.html */
export interface Group {
  GroupName: string;
  UserPoolId: string;
  Description?: string;
  RoleArn?: string;
  Precedence?: number;
  LastModifiedDate: number;
  CreationDate: number;
}

export interface User {
  sub: string;
  username: string;
  attributes: Record<string, string>;
  enabled: boolean;
  status: 'UNCONFIRMED' | 'CONFIRMED' | 'FORCE_CHANGE_PASSWORD';
  password: string | undefined;
  passwordSetAt: number;
  created: number;
  modified: number;
  groups: Set<string>;
}

/** One sign-in of a user. Tokens are issued for it until it ends. */
export interface Session {
  eventId: string;
  originJti: string;
  sub: string;
  clientId: string;
  authTime: number;
  refreshToken: string;
  /** Refresh tokens that rotation has replaced, with the end of their validity in epoch milliseconds. */
  replacedTokens: Map<string, number>;
  refreshableUntil: number;
  revoked: boolean;
}

/** A sign-in that waits for a new password. */
interface Challenge {
  sub: string;
  clientId: string;
  answerableUntil: number;
  answered: boolean;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html */
export type IssuerType = 'ORIGINAL' | 'UPDATED';

interface PasswordPolicy {
  MinimumLength?: number;
  RequireUppercase?: boolean;
  RequireLowercase?: boolean;
  RequireNumbers?: boolean;
  RequireSymbols?: boolean;
  TemporaryPasswordValidityDays?: number;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolType.html */
export interface PoolSettings {
  Name: string;
  CreationDate: number;
  LastModifiedDate: number;
  Policies: { PasswordPolicy: PasswordPolicy };
  DeletionProtection: 'ACTIVE' | 'INACTIVE';
  AdminCreateUserConfig: { AllowAdminCreateUserOnly?: boolean };
  AutoVerifiedAttributes?: string[];
  AliasAttributes?: string[];
  UsernameAttributes?: string[];
  UsernameConfiguration?: { CaseSensitive?: boolean };
  IssuerConfiguration?: { Type?: IssuerType };
  SchemaAttributes?: { Name?: string; Required?: boolean }[];
}

/** The claims that identify a token's user and sign-in. */
interface Bearer {
  sub?: string;
  event_id?: unknown;
}

/** Random text in an alphabet. The encodings of node:crypto do not fit Cognito's ids. */
export const randomText = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');

/** One user pool with its app clients, groups, users and sessions. */
export class UserPool {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  settings: PoolSettings;
  tags: Record<string, string>;
  readonly clients = new Map<string, AppClient>();
  readonly groups = new Map<string, Group>();
  /** By sub: a user can have several names. */
  readonly users = new Map<string, User>();
  readonly sessions = new Map<string, Session>();
  readonly challenges = new Map<string, Challenge>();
  readonly signer: Signer;

  constructor(
    id: string,
    at: Pick<Call, 'account' | 'region' | 'partition'>,
    settings: PoolSettings,
    tags: Record<string, string>,
  ) {
    this.id = id;
    this.account = at.account;
    this.region = at.region;
    this.partition = at.partition;
    this.settings = settings;
    this.tags = tags;
    this.signer = new Signer(id);
  }

  get arn(): string {
    return `arn:${this.partition}:cognito-idp:${this.region}:${this.account}:userpool/${this.id}`;
  }

  /** The issuer in its tokens, as configured. */
  get issuer(): string {
    return this.issuerOf(this.settings.IssuerConfiguration?.Type ?? 'ORIGINAL');
  }

  /** https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html */
  issuerOf(type: IssuerType): string {
    const host = type === 'UPDATED' ? 'issuer-cognito-idp' : 'cognito-idp';
    return `https://${host}.${this.region}.${dnsSuffixOf(this.region)}/${this.id}`;
  }

  /** Whether this pool has signed a token. The caller must check issuer, audience and expiry. */
  isAuthentic(token: string): Promise<boolean> {
    return this.signer.hasSigned(token);
  }

  /** Whether the user of a token still exists and has not been signed out. */
  isSignedIn({ sub, event_id }: Bearer): boolean {
    const session = this.sessions.get(String(event_id));
    if (!session || session.sub !== sub) return false;
    return !session.revoked && this.users.has(session.sub);
  }

  signOut(sub: string): void {
    for (const session of this.sessions.values()) if (session.sub === sub) session.revoked = true;
  }

  #fold(text: string): string {
    return this.settings.UsernameConfiguration?.CaseSensitive === false ? text.toLowerCase() : text;
  }

  #names({ username, sub, attributes }: User): string[] {
    const { AliasAttributes = [], UsernameAttributes = [] } = this.settings;
    // https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    const verified = AliasAttributes.filter(
      (name) => name === 'preferred_username' || attributes[`${name}_verified`] === 'true',
    );
    const aliases = [...verified, ...UsernameAttributes].map((name) => attributes[name] ?? sub);
    return [sub, this.#fold(username), ...aliases.map((alias) => this.#fold(alias))];
  }

  /** Finds a user by username, sub or alias. */
  findUser(name: string): User | undefined {
    return [...this.users.values()].find((user) => this.#names(user).includes(this.#fold(name)));
  }

  /** @throws AwsError UserNotFoundException */
  userNamed(name: string): User {
    const user = this.findUser(name);
    if (user) return user;
    throw new AwsError('UserNotFoundException', 'User does not exist.');
  }

  /** @throws AwsError ResourceNotFoundException */
  client(id: string): AppClient {
    const client = this.clients.get(id);
    if (client) return client;
    throw new AwsError('ResourceNotFoundException', `User pool client ${id} does not exist.`);
  }

  /** @throws AwsError ResourceNotFoundException */
  group(name: string): Group {
    const group = this.groups.get(name);
    if (group) return group;
    throw new AwsError('ResourceNotFoundException', 'Group not found.');
  }
}

/**
 * The user pools of all accounts and Regions. Ids are unique across them. To check a token, use `find(poolId)`,
 * then `isAuthentic(token)` and `isSignedIn(claims)` of the pool.
 */
export class UserPools {
  readonly pools = new Map<string, UserPool>();

  /** The pool with an id, in any account and Region. A token's issuer ends with the id. */
  find(poolId: string): UserPool | undefined {
    return this.pools.get(poolId);
  }

  /**
   * The pool of an app client: public operations name only the client.
   *
   * @throws AwsError ResourceNotFoundException
   */
  withClient(clientId: string): UserPool {
    const pool = [...this.pools.values()].find(({ clients }) => clients.has(clientId));
    if (pool) return pool;
    throw new AwsError('ResourceNotFoundException', `User pool client ${clientId} does not exist.`);
  }

  /** The account that owns the user pool of a public call, found by app client or access token. */
  ownerOf({ ClientId, AccessToken }: Record<string, unknown>): string | undefined {
    const pool =
      typeof AccessToken === 'string'
        ? this.find(issuingPool(AccessToken))
        : [...this.pools.values()].find(({ clients }) => clients.has(String(ClientId)));
    return pool?.account;
  }

  /** The pools in the caller's account and Region. */
  of({ account, region }: Pick<Call, 'account' | 'region'>): UserPool[] {
    return [...this.pools.values()].filter(
      (pool) => pool.account === account && pool.region === region,
    );
  }

  /**
   * An operation on one user pool. IAM evaluates the pool's ARN and its tags as condition keys.
   * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
   */
  operation<Input extends object>(
    required: (keyof Input & string)[],
    run: (pool: UserPool, input: Input, call: Call) => Promise<object> | object | undefined,
  ): Pick<Operation, 'judge' | 'run'> {
    return {
      judge: ({ input, account, region, partition }) => {
        const { UserPoolId } = input;
        const pool = this.of({ account, region }).find(({ id }) => id === UserPoolId);
        return {
          resource: `arn:${partition}:cognito-idp:${region}:${account}:userpool/${UserPoolId}`,
          context: resourceTags(pool),
        };
      },
      run: async (call) => {
        check(call.input, ['UserPoolId', ...required]);
        const { UserPoolId } = call.input;
        const pool = this.of(call).find(({ id }) => id === UserPoolId);
        if (!pool) {
          throw new AwsError(
            'ResourceNotFoundException',
            `User pool ${UserPoolId} does not exist.`,
          );
        }
        return (await run(pool, call.input as Input, call)) ?? {};
      },
    };
  }
}

/** The id of the user pool in a token's issuer, unverified; empty for an invalid token. */
function issuingPool(token: string): string {
  try {
    return decodeJwt(token).iss?.split('/').at(-1) ?? '';
  } catch {
    return '';
  }
}

/** The condition keys for a pool's tags. */
export const resourceTags = (pool: UserPool | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(pool?.tags ?? {}).map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
  );

const AFTER = 'after:';

/**
 * One page of a list in the order of its keys. The token names the last key, so it stays valid when items are
 * created or deleted.
 *
 * @throws AwsError InvalidParameterException for an invalid token.
 */
export function pageOf<T>(
  items: Map<string, T>,
  size: number,
  token: string | undefined,
): { page: T[]; next?: string } {
  const opened = token === undefined ? AFTER : Buffer.from(token, 'base64url').toString('utf8');
  if (!opened.startsWith(AFTER)) invalid('Invalid pagination token.');
  const last = opened.slice(AFTER.length);
  const rest = [...items].filter(([key]) => key > last).sort(byKey);
  const page = rest.slice(0, size);
  const next = Buffer.from(`${AFTER}${page.at(-1)?.[0]}`, 'utf8').toString('base64url');
  return { page: page.map(([, item]) => item), ...(rest.length > size && { next }) };
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;
