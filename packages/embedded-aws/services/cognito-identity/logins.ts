import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Aws } from '../../kernel/aws.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import { UserPools } from '../cognito-idp/pools.ts';
import { assumeAsIdentity, issueOpenIdToken, methodsOf } from './open-id.ts';
import { IdentityPools, type Provider, type StoredPool } from './pools.ts';

type Logins = Record<string, string>;

interface Claims {
  iss?: string;
  aud?: string;
  sub?: string;
  exp?: number;
  [claim: string]: unknown;
}

/** An identity in an identity pool: a guest, or a user of a provider. */
interface Identity {
  id: string;
  poolId: string;
  /** `provider sub`; absent for a guest. */
  login?: string;
  /** Whether this guest identity has been merged into the identity of a user. */
  merged?: boolean;
}

// https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
const noClassicFlow = (why: string): never => {
  throw new AwsError(
    'InvalidParameterException',
    `Basic (classic) flow ${why}, please use enhanced flow.`,
  );
};

const refused = (message: string): never => {
  throw new AwsError('NotAuthorizedException', message);
};

const misconfigured = (): never => {
  throw new AwsError(
    'InvalidIdentityPoolConfigurationException',
    'Invalid identity pool configuration. Check assigned IAM roles for this pool.',
  );
};

// https://docs.aws.amazon.com/cognito/latest/developerguide/open-id.html
const CLOCK_SKEW_SECONDS = 300;

const claimText = (claims: Claims, claim: string): string =>
  [claims[claim] ?? []].flat().map(String).join(' ');

/** https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html */
function ruleMatches(claims: Claims, rule: { Claim: string; MatchType: string; Value: string }) {
  if (claims[rule.Claim] === undefined) return false;
  const actual = claimText(claims, rule.Claim);
  switch (rule.MatchType) {
    case 'Equals':
      return actual === rule.Value;
    case 'NotEqual':
      return actual !== rule.Value;
    case 'StartsWith':
      return actual.startsWith(rule.Value);
    default:
      return actual.includes(rule.Value);
  }
}

/**
 * The public operations of identity pools: identities, tokens and credentials for logins.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
 */
export class IdentityLogins {
  readonly #aws: Aws;
  readonly #identities = new Map<string, Identity>();

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  async #claimsOf({ pool }: StoredPool, key: string, token: string): Promise<Claims> {
    if (!/^(issuer-)?cognito-idp\./.test(key)) {
      if (pool.SupportedLoginProviders?.[key] || key === pool.DeveloperProviderName) {
        throw new UnsupportedError(`signing in to an identity pool with ${key}`);
      }
      return refused('Token is not from a supported provider of this identity pool.');
    }
    const claims = readClaims(token);
    if (claims.aud === undefined) refused('Invalid login token. Missing a required claim: aud');
    if (claims.iss !== `https://${key}`) {
      refused("Invalid login token. Issuer doesn't match providerName");
    }
    // An assumption: for a user pool with the updated issuer, the entry names the updated issuer. AWS
    // documents only the original issuer.
    // https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
    const entry = (pool.CognitoIdentityProviders ?? []).find(
      ({ ProviderName, ClientId }) => ProviderName === key && ClientId === claims.aud,
    );
    if (!entry) return refused('Token is not from a supported provider of this identity pool.');
    const now = Math.floor(Date.now() / 1000);
    if (now >= (claims.exp ?? 0) + CLOCK_SKEW_SECONDS) {
      refused(`Invalid login token. Token expired: ${now} >= ${claims.exp}`);
    }
    await this.#askUserPool(entry, key, token, claims);
    return claims;
  }

  async #askUserPool(entry: Provider, key: string, token: string, claims: Claims): Promise<void> {
    const userPool = this.#aws.state(UserPools).find(key.split('/').at(-1) ?? '');
    if (!userPool || !(await userPool.isAuthentic(token))) {
      refused("Invalid login token. Couldn't verify signed token.");
    }
    // Users report this message. AWS documents only the status 400.
    // https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
    if (entry.ServerSideTokenCheck && !userPool?.isSignedIn(claims)) refused('Token is inactive');
  }

  async #login(stored: StoredPool, logins: Logins) {
    const entries = Object.entries(logins);
    const checked = await Promise.all(
      entries.map(async ([key, token]) => ({
        key,
        claims: await this.#claimsOf(stored, key, token),
      })),
    );
    return checked.map(({ key, claims }) => ({ key, claims, login: `${key} ${claims.sub}` }));
  }

  async getId(input: { IdentityPoolId: string; Logins?: Logins }) {
    const { IdentityPoolId, Logins = {} } = input;
    const stored = this.#aws.state(IdentityPools).find(IdentityPoolId);
    const [first] = await this.#login(stored, Logins);
    if (!first && !stored.pool.AllowUnauthenticatedIdentities) {
      refused('Unauthenticated access is not supported for this identity pool.');
    }
    const known = first && this.#known(IdentityPoolId, first.login);
    const id = known?.id ?? `${stored.region}:${randomUUID()}`;
    const login = first && { login: first.login };
    this.#identities.set(id, { id, poolId: IdentityPoolId, ...login });
    return { IdentityId: id };
  }

  /** The id of the identity pool that an identity belongs to. */
  poolOf(identityId: string): string | undefined {
    return this.#identities.get(identityId)?.poolId;
  }

  #identity(id: string): { identity: Identity; stored: StoredPool } {
    const identity = this.#identities.get(id);
    if (identity) return { identity, stored: this.#aws.state(IdentityPools).find(identity.poolId) };
    throw new AwsError('ResourceNotFoundException', `Identity '${id}' not found.`);
  }

  #known(pool: string, wanted: string): Identity | undefined {
    return [...this.#identities.values()].find(
      ({ poolId, login }) => poolId === pool && login === wanted,
    );
  }

  /**
   * Signs a guest in. Returns the guest's own identity, or the identity that the login already has.
   *
   * @see https://docs.aws.amazon.com/cognito/latest/developerguide/switching-identities.html
   */
  #signGuestIn(guest: Identity, login: string): Identity {
    const known = this.#known(guest.poolId, login);
    if (known) guest.merged = true;
    else guest.login = login;
    return known ?? guest;
  }

  async #signedIn(input: { IdentityId: string; Logins?: Logins }) {
    const { identity, stored } = this.#identity(input.IdentityId);
    const logins = await this.#login(stored, input.Logins ?? {});
    const [first] = logins;
    const isGuest = identity.login === undefined;
    if (identity.merged || (!first && !isGuest)) {
      refused(`Access to Identity '${identity.id}' is forbidden.`);
    }
    if (!first) return { identity, stored, first };
    if (isGuest) return { identity: this.#signGuestIn(identity, first.login), stored, first };
    if (!logins.some(({ login }) => login === identity.login)) {
      refused(
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
      );
    }
    return { identity, stored, first };
  }

  async getOpenIdToken(input: { IdentityId: string; Logins?: Logins }) {
    const { identity, stored, first } = await this.#signedIn(input);
    if (!stored.pool.AllowClassicFlow) noClassicFlow('is not enabled');
    if (Object.keys(stored.roleMappings).length > 0)
      noClassicFlow('is not supported with RoleMappings');
    const claims = { poolId: identity.poolId, identityId: identity.id, amr: methodsOf(first?.key) };
    const Token = await issueOpenIdToken(this.#aws, claims);
    return { IdentityId: identity.id, Token };
  }

  /** The role of a user: from the token's claims or a rule, otherwise the authenticated role. */
  #roleOf(stored: StoredPool, key: string, claims: Claims, custom?: string): string | undefined {
    const { authenticated } = stored.roles;
    const mapping = stored.roleMappings[`${key}:${claims.aud}`];
    if (!mapping) return authenticated;
    const roles = [claims['cognito:roles'] ?? []].flat().map(String);
    if (mapping.Type === 'Rules') {
      const rule = mapping.RulesConfiguration?.Rules.find((each) => ruleMatches(claims, each));
      if (rule) return rule.RoleARN;
    } else if (custom !== undefined) {
      return roles.includes(custom) ? custom : refused(`Access to Role '${custom}' is forbidden.`);
    } else {
      const preferred = claims['cognito:preferred_role'];
      if (typeof preferred === 'string') return preferred;
      if (roles.length === 1) return roles[0];
    }
    if (mapping.AmbiguousRoleResolution === 'AuthenticatedRole') return authenticated;
    return refused('Token did not match any role mapping.');
  }

  #tagsOf(stored: StoredPool, key: string, claims: Claims): Record<string, string> {
    const map = stored.principalTags.get(key);
    if (!map) return {};
    // https://docs.aws.amazon.com/cognito/latest/developerguide/provider-mappings.html
    const wanted = map.UseDefaults ? { client: 'aud', username: 'sub' } : map.PrincipalTags;
    const found = Object.entries(wanted).filter(([, claim]) => claims[claim] !== undefined);
    return Object.fromEntries(found.map(([tag, claim]) => [tag, claimText(claims, claim)]));
  }

  async getCredentials(input: { IdentityId: string; Logins?: Logins; CustomRoleArn?: string }) {
    const { identity, stored, first } = await this.#signedIn(input);
    const { iam } = this.#aws;
    const arn = first
      ? this.#roleOf(stored, first.key, first.claims, input.CustomRoleArn)
      : stored.roles['unauthenticated'];
    const role = arn === undefined ? undefined : iam.roles.get(arn);
    if (!role) return misconfigured();
    const tags = first ? this.#tagsOf(stored, first.key, first.claims) : {};
    const claims = { poolId: identity.poolId, identityId: identity.id, amr: methodsOf(first?.key) };
    const opened = assumeAsIdentity(this.#aws, role, claims, {
      name: 'CognitoIdentityCredentials',
      seconds: 3600,
      tags,
    });
    if (!opened) return misconfigured();
    const { session } = opened;
    return {
      IdentityId: identity.id,
      Credentials: {
        AccessKeyId: session.accessKeyId,
        SecretKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        Expiration: Math.floor(session.expiration / 1000),
      },
    };
  }
}

function readClaims(token: string): Claims {
  try {
    return decodeJwt(token) as Claims;
  } catch {
    return refused('Invalid login token. Not a valid OpenId Connect identity token.');
  }
}
