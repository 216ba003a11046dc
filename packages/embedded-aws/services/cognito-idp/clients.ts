import { AwsError } from '../../kernel/errors.ts';
import type { Operation } from '../../kernel/service.ts';
import { invalid } from './constraints.ts';
import { type AppClient, pageOf, randomText, type UserPool, type UserPools } from './pools.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';

// https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
const MOST_CLIENTS = 1000;

type Settings = Omit<AppClient, 'UserPoolId' | 'ClientId' | 'CreationDate'>;

interface ClientInput extends Partial<Settings> {
  GenerateSecret?: boolean;
}

const settable = [
  ...['RefreshTokenValidity', 'AccessTokenValidity', 'IdTokenValidity', 'TokenValidityUnits'],
  ...['ReadAttributes', 'WriteAttributes', 'ExplicitAuthFlows', 'SupportedIdentityProviders'],
  ...['CallbackURLs', 'LogoutURLs', 'DefaultRedirectURI', 'AllowedOAuthFlows'],
  ...['AllowedOAuthScopes', 'AllowedOAuthFlowsUserPoolClient', 'AnalyticsConfiguration'],
  ...['PreventUserExistenceErrors', 'EnableTokenRevocation'],
  ...['EnablePropagateAdditionalUserContextData', 'AuthSessionValidity', 'RefreshTokenRotation'],
];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const unitSeconds: Record<string, number> = { seconds: 1, minutes: MINUTE, hours: HOUR, days: DAY };

/**
 * The validity of a client's tokens, in seconds.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
 */
export function validity(client: Settings): Record<'access' | 'id' | 'refresh', number> {
  const {
    AccessToken = 'hours',
    IdToken = 'hours',
    RefreshToken = 'days',
  } = client.TokenValidityUnits;
  const seconds = (value: number, unit: string) => value * (unitSeconds[unit] ?? Number.NaN);
  return {
    access: seconds(client.AccessTokenValidity ?? 1, AccessToken),
    id: seconds(client.IdTokenValidity ?? 1, IdToken),
    refresh: seconds(client.RefreshTokenValidity, RefreshToken),
  };
}

function checkValidity(client: Settings): void {
  const { access, id, refresh } = validity(client);
  const fits =
    [access, id].every((each) => each >= 5 * MINUTE && each <= DAY) &&
    refresh >= HOUR &&
    refresh <= 3650 * DAY;
  if (!fits) invalid('Invalid range for token validity.');
}

function checkFlows(flows: string[] = []): void {
  const modern = flows.filter((flow) => flow.startsWith('ALLOW_'));
  if (modern.length > 0 && modern.length < flows.length) {
    invalid('You cannot mix legacy ExplicitAuthFlows with those that begin with ALLOW_.');
  }
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html */
function checkRotation({ RefreshTokenRotation }: ClientInput): void {
  if (!RefreshTokenRotation) return;
  const { Feature, RetryGracePeriodSeconds: grace = 0 } = RefreshTokenRotation;
  const isKnown = ['ENABLED', 'DISABLED'].includes(Feature);
  if (!isKnown || grace < 0 || grace > 60) invalid('Invalid refresh token rotation.');
}

/** The given settings, with AWS's defaults for the rest: an update resets omitted settings. */
function settingsOf(input: ClientInput, name: string): Settings {
  const given = Object.entries(input).filter(([key]) => settable.includes(key));
  const settings = {
    ClientName: name,
    LastModifiedDate: Date.now() / 1000,
    TokenValidityUnits: {},
    AllowedOAuthFlowsUserPoolClient: false,
    EnableTokenRevocation: true,
    EnablePropagateAdditionalUserContextData: false,
    AuthSessionValidity: 3,
    ...Object.fromEntries(given),
    RefreshTokenValidity: input.RefreshTokenValidity || 30,
  };
  checkFlows(input.ExplicitAuthFlows);
  checkRotation(input);
  checkValidity(settings);
  return settings;
}

function secretOf({ GenerateSecret, ClientSecret }: ClientInput): { ClientSecret?: string } {
  if (GenerateSecret && ClientSecret !== undefined) {
    invalid('GenerateSecret and ClientSecret cannot both be given.');
  }
  if (GenerateSecret) return { ClientSecret: randomText(LOWER, 52) };
  return ClientSecret === undefined ? {} : { ClientSecret };
}

function create(pool: UserPool, input: ClientInput & { ClientName: string }): object {
  if (pool.clients.size >= MOST_CLIENTS) {
    throw new AwsError(
      'LimitExceededException',
      `The user pool already has the maximum of ${MOST_CLIENTS} app clients.`,
    );
  }
  const settings = settingsOf(input, input.ClientName);
  const client: AppClient = {
    UserPoolId: pool.id,
    ClientId: randomText(LOWER, 26),
    ...secretOf(input),
    ...settings,
    CreationDate: settings.LastModifiedDate,
  };
  pool.clients.set(client.ClientId, client);
  return { UserPoolClient: client };
}

function update(pool: UserPool, input: ClientInput & { ClientId: string }): object {
  const { UserPoolId, ClientId, ClientName, ClientSecret, CreationDate } = pool.client(
    input.ClientId,
  );
  const client: AppClient = {
    UserPoolId,
    ClientId,
    CreationDate,
    ...(ClientSecret !== undefined && { ClientSecret }),
    ...settingsOf(input, input.ClientName ?? ClientName),
  };
  pool.clients.set(ClientId, client);
  return { UserPoolClient: client };
}

function list(pool: UserPool, input: { MaxResults?: number; NextToken?: string }): object {
  const { page, next } = pageOf(pool.clients, input.MaxResults ?? 60, input.NextToken);
  const UserPoolClients = page.map(({ ClientId, UserPoolId, ClientName }) => {
    return { ClientId, UserPoolId, ClientName };
  });
  return { UserPoolClients, NextToken: next };
}

/** The operations on app clients. */
export function clientOperations(pools: UserPools): Record<string, Operation> {
  return {
    CreateUserPoolClient: {
      writes: true,
      ...pools.operation(['ClientName'], create),
    },
    UpdateUserPoolClient: {
      writes: true,
      ...pools.operation(['ClientId'], update),
    },
    DeleteUserPoolClient: {
      writes: true,
      ...pools.operation<{ ClientId: string }>(['ClientId'], (pool, { ClientId }) => {
        pool.clients.delete(pool.client(ClientId).ClientId);
        return undefined;
      }),
    },
    DescribeUserPoolClient: pools.operation<{ ClientId: string }>(
      ['ClientId'],
      (pool, { ClientId }) => ({ UserPoolClient: pool.client(ClientId) }),
    ),
    ListUserPoolClients: pools.operation([], list),
  };
}
