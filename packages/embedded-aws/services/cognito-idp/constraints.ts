import { type Constraint, enforce, type Rule } from '../../kernel/constraints.ts';
import { AwsError } from '../../kernel/errors.ts';

const name = { min: 1, max: 128, pattern: '[\\w\\s+=,.@-]+' };
const printable = { min: 1, max: 128, pattern: '[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+' };
const password = { max: 256, pattern: '[\\S]+', secret: true };
const token = { min: 1, max: 131_072, pattern: '[\\S]+' };
const arn = {
  min: 20,
  max: 2048,
  pattern:
    'arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:[\\w+=/,.@-]+(:[\\w+=/,.@-]+)?(:[\\w+=/,.@-]+)?',
};
const url = { min: 1, max: 1024, pattern: '[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+' };
const dayOfSeconds = { min: 1, max: 86_400 };
const clientFlows = [
  ...['ADMIN_NO_SRP_AUTH', 'CUSTOM_AUTH_FLOW_ONLY', 'USER_PASSWORD_AUTH'],
  ...['ALLOW_ADMIN_USER_PASSWORD_AUTH', 'ALLOW_CUSTOM_AUTH', 'ALLOW_USER_PASSWORD_AUTH'],
  ...['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_USER_AUTH'],
];
const signInFlows = [
  ...['USER_SRP_AUTH', 'REFRESH_TOKEN_AUTH', 'REFRESH_TOKEN', 'CUSTOM_AUTH', 'ADMIN_NO_SRP_AUTH'],
  ...['USER_PASSWORD_AUTH', 'ADMIN_USER_PASSWORD_AUTH', 'USER_AUTH'],
];

/**
 * The constraints of the API model of cognito-idp (2016-04-18), by member name.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html
 */
const constraints: Record<string, Constraint> = {
  PoolName: name,
  UserPoolId: { min: 1, max: 55, pattern: '[\\w-]+_[0-9a-zA-Z]+' },
  DeletionProtection: { oneOf: ['ACTIVE', 'INACTIVE'] },
  MfaConfiguration: { oneOf: ['OFF', 'ON', 'OPTIONAL'] },
  ResourceArn: arn,

  ClientName: name,
  ClientId: { min: 1, max: 128, pattern: '[\\w+]+' },
  ClientSecret: { min: 24, max: 64, pattern: '[\\w+]+', secret: true },
  RefreshTokenValidity: { min: 0, max: 315_360_000 },
  AccessTokenValidity: dayOfSeconds,
  IdTokenValidity: dayOfSeconds,
  AuthSessionValidity: { min: 3, max: 15 },
  ExplicitAuthFlows: { each: { oneOf: clientFlows } },
  CallbackURLs: { max: 100, each: url },
  LogoutURLs: { max: 100, each: url },
  PreventUserExistenceErrors: { oneOf: ['LEGACY', 'ENABLED'] },

  Username: printable,
  Password: password,
  TemporaryPassword: password,
  MessageAction: { oneOf: ['RESEND', 'SUPPRESS'] },
  GroupName: printable,
  Description: { max: 2048 },
  RoleArn: arn,
  Precedence: { min: 0 },

  AuthFlow: { oneOf: signInFlows },
  SecretHash: { min: 1, max: 128, pattern: '[\\w+=/]+', secret: true },
  Session: { min: 20, max: 2048, secret: true },
  AccessToken: { pattern: '[A-Za-z0-9-_=.]+', secret: true },
  Token: { pattern: '[A-Za-z0-9-_=.]+', secret: true },

  MaxResults: { min: 1, max: 60 },
  Limit: { min: 0, max: 60 },
  NextToken: token,
  PaginationToken: token,
};

const pathOf = (member: string): string => member.charAt(0).toLowerCase() + member.slice(1);

/**
 * Checks a request by the API model, with Cognito's error messages.
 *
 * @throws AwsError InvalidParameterException that names every invalid member.
 */
export function check(input: object, required: string[]): void {
  const given = new Map<string, unknown>(Object.entries(input));
  const members = [...new Set([...required, ...given.keys()])];
  const rules = members.map((member): Rule => {
    const constraint = Object.hasOwn(constraints, member) ? constraints[member] : {};
    const asked = { ...constraint, required: required.includes(member) };
    return [pathOf(member), given.get(member), asked];
  });
  enforce(rules, 'InvalidParameterException');
}

/** @throws AwsError InvalidParameterException */
export function invalid(message: string): never {
  throw new AwsError('InvalidParameterException', message);
}
