import { decodeJwt } from 'jose';
import type { Aws } from '../../kernel/aws.ts';
import { AwsError } from '../../kernel/errors.ts';
import type { Context, Iam, Role } from '../../kernel/iam.ts';
import { IdentityPools } from './pools.ts';

/** The claims of a GetOpenIdToken token, which a role's trust policy can test. */
export interface OpenIdClaims {
  poolId: string;
  identityId: string;
  /** How the identity was authenticated: `unauthenticated`, or `authenticated` and the provider. */
  amr: string[];
}

type SessionOptions = Parameters<Iam['openSession']>[1];

const SERVICE = 'cognito-identity.amazonaws.com';
// https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdToken.html
const SECONDS = 600;

export const methodsOf = (provider: string | undefined): string[] =>
  provider === undefined ? ['unauthenticated'] : ['authenticated', provider];

/** Issues the token of GetOpenIdToken. */
export function issueOpenIdToken(
  aws: Aws,
  { poolId, identityId, amr }: OpenIdClaims,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return aws.state(IdentityPools).signer.sign({
    iss: `https://${SERVICE}`,
    aud: poolId,
    sub: identityId,
    amr,
    iat: now,
    exp: now + SECONDS,
  });
}

/**
 * Verifies a token of GetOpenIdToken and returns its claims.
 *
 * @throws AwsError InvalidIdentityToken or ExpiredTokenException, as STS answers.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export async function readOpenIdToken(aws: Aws, token: string): Promise<OpenIdClaims> {
  if (!(await aws.state(IdentityPools).signer.hasSigned(token))) {
    throw new AwsError('InvalidIdentityToken', 'The web identity token is not valid.');
  }
  const { aud, sub = '', exp = 0, amr } = decodeJwt(token);
  if (Date.now() / 1000 >= exp) {
    throw new AwsError('ExpiredTokenException', 'The web identity token is expired.');
  }
  return { poolId: String(aud), identityId: sub, amr: [amr ?? []].flat().map(String) };
}

/** Opens a session of a role for an identity; undefined if the role does not trust the identity. */
export function assumeAsIdentity(
  { iam }: Aws,
  role: Role,
  { poolId, identityId, amr }: OpenIdClaims,
  options: SessionOptions,
): ReturnType<Iam['openSession']> | undefined {
  const context: Context = {
    [`${SERVICE}:aud`]: poolId,
    [`${SERVICE}:amr`]: amr,
    [`${SERVICE}:sub`]: identityId,
  };
  const principal = {
    kind: 'service',
    account: role.arn.split(':')[4] ?? '',
    arn: SERVICE,
    sourceArn: poolId,
  } as const;
  const tagged = Object.keys(options.tags ?? {}).length > 0;
  const actions = ['sts:AssumeRoleWithWebIdentity', ...(tagged ? ['sts:TagSession'] : [])];
  const trusts = (action: string) =>
    iam.allows({ principal, action, resource: role.arn, context, resourcePolicy: role.trust });
  return actions.every(trusts) ? iam.openSession(role, options) : undefined;
}
