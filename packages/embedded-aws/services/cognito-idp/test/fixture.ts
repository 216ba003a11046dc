/** One AWS per importing test file, with functions that create user pools, app clients and users. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  type AuthFlowType,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  type CreateUserPoolClientCommandInput,
  CreateUserPoolCommand,
  type CreateUserPoolCommandInput,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { type LocalAws, startAws } from '../../../index.ts';

export const PASSWORD = 'Correct-horse-1';
export const HOUR = 3_600_000;

export let local: LocalAws;
export let cognito: CognitoIdentityProviderClient;

export interface At {
  account?: string;
  region?: string;
  endpoint?: string;
}

export const clientAt = ({ account = '111111111111', region = 'us-east-1', endpoint }: At = {}) =>
  new CognitoIdentityProviderClient({
    region,
    endpoint: endpoint ?? local.endpoint,
    credentials: { accessKeyId: account, secretAccessKey: 'x' },
    maxAttempts: 1,
  });

before(async () => {
  // Many of these tests stop the clock, which would also stop the refill of the rates.
  local = await startAws({ trail: false, unlimited: ['cognito-idp'] });
  cognito = clientAt();
});

after(() => local.close());

export async function newPool(input: Partial<CreateUserPoolCommandInput> = {}, at = cognito) {
  const { UserPool } = await at.send(new CreateUserPoolCommand({ PoolName: 'pool', ...input }));
  return UserPool!;
}

export const passwordFlows: CreateUserPoolClientCommandInput['ExplicitAuthFlows'] = [
  'ALLOW_USER_PASSWORD_AUTH',
  'ALLOW_ADMIN_USER_PASSWORD_AUTH',
  'ALLOW_REFRESH_TOKEN_AUTH',
];

export async function newClient(
  UserPoolId: string,
  input: Partial<CreateUserPoolClientCommandInput> = {},
  at = cognito,
) {
  const command = new CreateUserPoolClientCommand({ UserPoolId, ClientName: 'app', ...input });
  const { UserPoolClient } = await at.send(command);
  return UserPoolClient!;
}

export async function newUser(UserPoolId: string, Username: string, at = cognito) {
  const UserAttributes = [
    { Name: 'email', Value: `${Username}@example.com` },
    { Name: 'email_verified', Value: 'true' },
  ];
  await at.send(new AdminCreateUserCommand({ UserPoolId, Username, UserAttributes }));
  const Password = PASSWORD;
  const set = { UserPoolId, Username, Password, Permanent: true };
  await at.send(new AdminSetUserPasswordCommand(set));
}

export const authenticate = (ClientId: string, AuthFlow: AuthFlowType, parameters: object) =>
  cognito.send(new InitiateAuthCommand({ ClientId, AuthFlow, AuthParameters: { ...parameters } }));

export const enter = (ClientId: string, USERNAME: string, more: object = {}) =>
  authenticate(ClientId, 'USER_PASSWORD_AUTH', { USERNAME, PASSWORD, ...more });

export async function tokensOf(ClientId: string, username: string) {
  const { AuthenticationResult } = await enter(ClientId, username);
  const { AccessToken = '', IdToken = '', RefreshToken = '' } = AuthenticationResult!;
  return { AccessToken, IdToken, RefreshToken };
}

export const refresh = (ClientId: string, REFRESH_TOKEN: string) =>
  authenticate(ClientId, 'REFRESH_TOKEN_AUTH', { REFRESH_TOKEN });

/** A user pool with an app client and a user who can sign in. */
export async function home(client: Partial<CreateUserPoolClientCommandInput> = {}) {
  const { Id: UserPoolId = '' } = await newPool();
  const flows = { ExplicitAuthFlows: passwordFlows, ...client };
  const { ClientId = '', ClientSecret = '' } = await newClient(UserPoolId, flows);
  await newUser(UserPoolId, 'ada');
  return { UserPoolId, ClientId, ClientSecret };
}

export const fails = (promise: Promise<unknown>, name: string, message?: string | RegExp) =>
  assert.rejects(promise, { name, ...(message !== undefined && { message }) });

export const allFail = (promises: Promise<unknown>[], name: string, message: string) =>
  Promise.all(promises.map((promise) => fails(promise, name, message)));
