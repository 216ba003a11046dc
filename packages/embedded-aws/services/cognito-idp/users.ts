import { createHmac, randomUUID } from 'node:crypto';
import { AwsError } from '../../kernel/errors.ts';
import type { Operation } from '../../kernel/service.ts';
import { check, invalid } from './constraints.ts';
import {
  type AppClient,
  pageOf,
  randomText,
  type User,
  type UserPool,
  type UserPools,
} from './pools.ts';

interface Attribute {
  Name: string;
  Value?: string;
}

interface NewUser {
  Username: string;
  UserAttributes?: Attribute[];
}

// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
const standardAttributes = new Set([
  ...['address', 'birthdate', 'email', 'email_verified', 'family_name', 'gender', 'given_name'],
  ...['locale', 'middle_name', 'name', 'nickname', 'phone_number', 'phone_number_verified'],
  ...['picture', 'preferred_username', 'profile', 'updated_at', 'website', 'zoneinfo'],
]);

/** A user's attributes, in the form of the API. */
export const listed = ({ sub, attributes }: User): Attribute[] =>
  Object.entries({ sub, ...attributes }).map(([Name, Value]) => ({ Name, Value }));

const described = (user: User) => ({
  Username: user.username,
  UserCreateDate: user.created,
  UserLastModifiedDate: user.modified,
  Enabled: user.enabled,
  UserStatus: user.status,
});

function attributesOf(pool: UserPool, given: Attribute[] = []): Record<string, string> {
  const custom = (pool.settings.SchemaAttributes ?? []).map(({ Name }) => `custom:${Name}`);
  const unknown = given.find(({ Name }) => !standardAttributes.has(Name) && !custom.includes(Name));
  if (unknown) {
    invalid(
      `Attributes did not conform to the schema: Type for attribute {${unknown.Name}} could not be determined`,
    );
  }
  const attributes = Object.fromEntries(given.map(({ Name, Value = '' }) => [Name, Value]));
  if (attributes['email'] !== undefined && !/^\S+@\S+$/.test(attributes['email'])) {
    invalid('Invalid email address format.');
  }
  return attributes;
}

/**
 * Checks a password by the policy of the user pool.
 *
 * https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
 *
 * @throws AwsError InvalidPasswordException
 */
export function checkPassword(pool: UserPool, password: string): void {
  const { PasswordPolicy: policy } = pool.settings.Policies;
  const rules: [boolean | undefined, boolean, string][] = [
    [true, password.length >= (policy.MinimumLength ?? 8), 'Password not long enough'],
    [policy.RequireUppercase, /[A-Z]/.test(password), 'Password must have uppercase characters'],
    [policy.RequireLowercase, /[a-z]/.test(password), 'Password must have lowercase characters'],
    [policy.RequireNumbers, /\d/.test(password), 'Password must have numeric characters'],
    [policy.RequireSymbols, /[^A-Za-z0-9]/.test(password), 'Password must have symbol characters'],
  ];
  const broken = rules.find(([required, kept]) => required && !kept);
  if (!broken) return;
  const message = `Password did not conform with policy: ${broken[2]}`;
  throw new AwsError('InvalidPasswordException', message);
}

/** The name of a new user. If the pool signs users in by an attribute, the username is generated. */
function nameOf(pool: UserPool, { Username }: NewUser): Pick<User, 'username' | 'attributes'> {
  const { UsernameAttributes = [] } = pool.settings;
  if (UsernameAttributes.length === 0) return { username: Username, attributes: {} };
  const attribute = Username.includes('@') ? 'email' : 'phone_number';
  if (!UsernameAttributes.includes(attribute)) {
    const wanted = UsernameAttributes.map((each) =>
      each === 'email' ? 'an email' : 'a phone number',
    );
    invalid(`Username should be ${wanted.length > 1 ? 'either ' : ''}${wanted.join(' or ')}.`);
  }
  return { username: '', attributes: { [attribute]: Username } };
}

function addUser(pool: UserPool, input: NewUser, taken: string): User {
  const name = nameOf(pool, input);
  const attributes = { ...attributesOf(pool, input.UserAttributes), ...name.attributes };
  if (pool.findUser(input.Username)) throw new AwsError('UsernameExistsException', taken);
  const now = Date.now() / 1000;
  const sub = randomUUID();
  const user: User = {
    sub,
    username: name.username || sub,
    attributes,
    enabled: true,
    status: 'UNCONFIRMED',
    password: undefined,
    passwordSetAt: Date.now(),
    created: now,
    modified: now,
    groups: new Set(),
  };
  pool.users.set(sub, user);
  return user;
}

/** Sets a user's password. Unless it is permanent, the user must change it at the next sign-in. */
export function setPassword(user: User, password: string, permanent: boolean): void {
  user.password = password;
  user.passwordSetAt = Date.now();
  user.status = permanent ? 'CONFIRMED' : 'FORCE_CHANGE_PASSWORD';
  user.modified = Date.now() / 1000;
}

/**
 * Checks that the caller knows the client secret.
 *
 * https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
 *
 * @throws AwsError NotAuthorizedException for an absent or wrong hash.
 */
export function checkSecretHash(client: AppClient, username: string, hash?: string): void {
  const { ClientId, ClientSecret } = client;
  if (ClientSecret === undefined) return;
  if (hash === undefined) {
    throw new AwsError(
      'NotAuthorizedException',
      `Client ${ClientId} is configured with secret but SECRET_HASH was not received`,
    );
  }
  const wanted = createHmac('sha256', ClientSecret).update(`${username}${ClientId}`);
  if (hash === wanted.digest('base64')) return;
  throw new AwsError(
    'NotAuthorizedException',
    `Unable to verify secret hash for client ${ClientId}`,
  );
}

interface SignUp extends NewUser {
  ClientId: string;
  Password: string;
  SecretHash?: string;
}

const masked = (email: string): string => email.replace(/^(.)[^@]*@(.).*$/, '$1***@$2***');

function signUp(pools: UserPools, input: SignUp): object {
  check(input, ['ClientId', 'Username', 'Password']);
  const pool = pools.withClient(input.ClientId);
  checkSecretHash(pool.client(input.ClientId), input.Username, input.SecretHash);
  if (pool.settings.AdminCreateUserConfig.AllowAdminCreateUserOnly) {
    throw new AwsError('NotAuthorizedException', 'SignUp is not permitted for this user pool');
  }
  checkPassword(pool, input.Password);
  const user = addUser(pool, input, 'User already exists');
  user.password = input.Password;
  const { email } = user.attributes;
  const verifies = pool.settings.AutoVerifiedAttributes?.includes('email');
  const CodeDeliveryDetails = email !== undefined &&
    verifies && {
      Destination: masked(email),
      DeliveryMedium: 'EMAIL',
      AttributeName: 'email',
    };
  return {
    UserConfirmed: false,
    UserSub: user.sub,
    ...(CodeDeliveryDetails && { CodeDeliveryDetails }),
  };
}

interface AdminCreateUser extends NewUser {
  TemporaryPassword?: string;
  MessageAction?: string;
}

/** Sends no message. Without a TemporaryPassword, the user can sign in only after AdminSetUserPassword. */
function createUser(pool: UserPool, input: AdminCreateUser): object {
  const { MinimumLength = 8 } = pool.settings.Policies.PasswordPolicy;
  const password = input.TemporaryPassword ?? `Aa1-${randomText('abcdefghijkmnp', MinimumLength)}`;
  checkPassword(pool, password);
  const again = input.MessageAction === 'RESEND';
  const user = again
    ? pool.userNamed(input.Username)
    : addUser(pool, input, 'User account already exists');
  if (again && user.status !== 'FORCE_CHANGE_PASSWORD') {
    throw new AwsError(
      'UnsupportedUserStateException',
      'Resend not possible. User status is not FORCE_CHANGE_PASSWORD.',
    );
  }
  setPassword(user, password, false);
  return { User: { ...described(user), Attributes: listed(user) } };
}

const searchable = new Set([
  ...['username', 'email', 'phone_number', 'name', 'given_name', 'family_name'],
  ...['preferred_username', 'cognito:user_status', 'status', 'sub'],
]);

/** https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html */
function filterOf(filter = ''): (user: User) => boolean {
  if (filter.trim() === '') return () => true;
  const parsed = /^\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(filter);
  if (!parsed) return invalid('Error while parsing filter');
  const [, name = '', operator, quoted = ''] = parsed;
  if (!searchable.has(name)) invalid(`Invalid search attribute: ${name}`);
  const wanted = quoted.replace(/\\(.)/g, '$1');
  return (user) => {
    const values: Record<string, string> = {
      ...user.attributes,
      sub: user.sub,
      username: user.username,
      status: user.enabled ? 'Enabled' : 'Disabled',
      'cognito:user_status': user.status,
    };
    const actual = values[name];
    return operator === '=' ? actual === wanted : (actual?.startsWith(wanted) ?? false);
  };
}

interface ListUsers {
  Filter?: string;
  Limit?: number;
  PaginationToken?: string;
  AttributesToGet?: string[];
}

function listUsers(pool: UserPool, input: ListUsers): object {
  const wanted = filterOf(input.Filter);
  const users = new Map([...pool.users].filter(([, user]) => wanted(user)));
  const { page, next } = pageOf(users, input.Limit || 60, input.PaginationToken);
  const shows = ({ Name }: Attribute) => input.AttributesToGet?.includes(Name) ?? true;
  return {
    Users: page.map((user) => ({ ...described(user), Attributes: listed(user).filter(shows) })),
    PaginationToken: next,
  };
}

interface Named {
  Username: string;
}

/** The operations on users: administration and sign-up. */
export function userOperations(pools: UserPools): Record<string, Operation> {
  const onUser = <Input extends Named>(
    run: (user: User, pool: UserPool, input: Input) => object | undefined,
    required: (keyof Input & string)[] = [],
  ) =>
    pools.operation<Input>(['Username', ...required], (pool, input) =>
      run(pool.userNamed(input.Username), pool, input),
    );
  const enabling = (enabled: boolean) =>
    onUser((user, pool) => {
      user.enabled = enabled;
      user.modified = Date.now() / 1000;
      // https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html
      if (!enabled) pool.signOut(user.sub);
    });
  return {
    AdminCreateUser: { writes: true, ...pools.operation(['Username'], createUser) },

    AdminSetUserPassword: {
      writes: true,
      ...onUser<Named & { Password: string; Permanent?: boolean }>(
        (user, pool, { Password, Permanent = false }) => {
          checkPassword(pool, Password);
          setPassword(user, Password, Permanent);
        },
        ['Password'],
      ),
    },

    AdminGetUser: onUser((user) => ({ ...described(user), UserAttributes: listed(user) })),

    AdminDeleteUser: {
      writes: true,
      ...onUser(({ sub }, pool) => {
        pool.signOut(sub);
        pool.users.delete(sub);
      }),
    },

    AdminEnableUser: { writes: true, ...enabling(true) },

    AdminDisableUser: { writes: true, ...enabling(false) },

    AdminUserGlobalSignOut: {
      writes: true,
      ...onUser(({ sub }, pool) => {
        pool.signOut(sub);
      }),
    },

    AdminConfirmSignUp: {
      writes: true,
      ...onUser((user) => {
        if (user.status !== 'UNCONFIRMED') {
          throw new AwsError(
            'NotAuthorizedException',
            `User cannot be confirmed. Current status is ${user.status}`,
          );
        }
        user.status = 'CONFIRMED';
      }),
    },

    ListUsers: pools.operation([], listUsers),

    SignUp: {
      open: true,
      owner: (input) => pools.ownerOf(input),
      run: ({ input }) => signUp(pools, input as object as SignUp),
    },
  };
}
