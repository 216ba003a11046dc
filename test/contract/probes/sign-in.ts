import {
  CognitoIdentityClient,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
  GetOpenIdTokenCommand,
} from '@aws-sdk/client-cognito-identity';
import { outcomeInWords, saw } from '../outcome.ts';
import { ASSUMPTION, type Probe } from '../probe.ts';
import { getId, people } from './people.ts';
import { required, update } from './pool.ts';

const NOT_LINKED =
  'NotAuthorizedException: Token is not from a supported provider of this identity pool.';

export const linkedLogin: Probe = {
  name: 'linked-login',
  does: 'Signs a user of Account-A in to an identity pool of Account-B.',
  beliefs: [
    {
      about: 'a client that is linked',
      believed: 'accepted',
      source: 'https://repost.aws/knowledge-center/cognito-integrate-user-and-identity-pool',
    },
    {
      about: 'the same login again',
      believed: 'the same identity',
      source: 'https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html',
    },
    {
      about: 'a client that is not linked',
      believed: NOT_LINKED,
      source: 'https://github.com/aws-amplify/amplify-js/issues/2067',
    },
  ],
  async observe(world) {
    const { key, linked, unlinked, identityPool } = await people(world);
    const { IdToken } = await world.signIn(linked, 'ada');
    const first = await getId(world, identityPool, key, IdToken);
    const again = await getId(world, identityPool, key, IdToken);
    const same = first.IdentityId === again.IdentityId;
    const other = await world.signIn(unlinked, 'ada');
    return {
      'a client that is linked': saw('accepted', first),
      'the same login again': saw(same ? 'the same identity' : 'another identity', again),
      'a client that is not linked': await outcomeInWords(
        getId(world, identityPool, key, other.IdToken),
      ),
    };
  },
};

export const newLink: Probe = {
  name: 'new-link',
  does: 'Links a client whose user has signed in already, and asks for their identity until it is given.',
  beliefs: [
    {
      about: 'from the update to the first identity',
      believed: 'less than 10 s',
      source: `${ASSUMPTION}: AWS does not say; docs/deploy.md promises a link within a minute`,
    },
  ],
  async observe(world) {
    const { key, unlinked } = await people(world);
    const { IdToken } = await world.signIn(unlinked, 'ada');
    const id = await world.identityPool();
    const pool = await required(world, id);
    const entry = { ProviderName: key, ClientId: unlinked };
    const linked = await update(world, { ...pool, CognitoIdentityProviders: [entry] });
    const written = Date.now();
    const found = await world.eventually(() =>
      getId(world, id, key, IdToken).catch(() => undefined),
    );
    const took = Date.now() - written;
    const seen = !found ? 'never' : took < 10_000 ? 'less than 10 s' : '10 s or more';
    return {
      'from the update to the first identity': saw(seen, found ?? linked, `${took} ms`),
    };
  },
};

/** The token with another signature. */
function forged(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  return `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}

const TOKEN_ERRORS = 'https://github.com/amazon-archives/amazon-cognito-identity-js/issues';

export const refusedTokens: Probe = {
  name: 'refused-tokens',
  does: 'Asks for an identity with tokens that are wrong in one way each.',
  beliefs: [
    {
      about: 'an access token',
      believed: 'NotAuthorizedException: Invalid login token. Missing a required claim: aud',
      source: `${TOKEN_ERRORS}/7`,
    },
    {
      about: 'another user pool as the key of the login',
      believed: "NotAuthorizedException: Invalid login token. Issuer doesn't match providerName",
      source: `${TOKEN_ERRORS}/391`,
    },
    {
      about: 'a text that is no token',
      believed:
        'NotAuthorizedException: Invalid login token. Not a valid OpenId Connect identity token.',
      source: 'https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html',
    },
    {
      about: 'a token with another signature',
      believed: "NotAuthorizedException: Invalid login token. Couldn't verify signed token.",
      source: `${TOKEN_ERRORS}/91`,
    },
  ],
  async observe(world) {
    const { key, linked, identityPool } = await people(world);
    const { IdToken, AccessToken } = await world.signIn(linked, 'ada');
    const other = world.providerName(`${world.a.region}_Another01`);
    const asked = (login: string, token: string) =>
      outcomeInWords(getId(world, identityPool, login, token));
    return {
      'an access token': await asked(key, AccessToken),
      'another user pool as the key of the login': await asked(other, IdToken),
      'a text that is no token': await asked(key, 'nonsense'),
      'a token with another signature': await asked(key, forged(IdToken)),
    };
  },
};

export const refusedIdentities: Probe = {
  name: 'refused-identities',
  does: 'Asks an identity pool without guests and without roles for what it can not give.',
  beliefs: [
    {
      about: 'a guest',
      believed:
        'NotAuthorizedException: Unauthenticated access is not supported for this identity pool.',
      source: 'https://github.com/boto/botocore/issues/329',
    },
    {
      about: 'credentials of a user without the login',
      believed: "NotAuthorizedException: Access to Identity '<identity>' is forbidden.",
      source: 'https://github.com/aws-amplify/aws-sdk-android/issues/175',
    },
    {
      about: 'credentials where there is no role',
      believed:
        'InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool.',
      source: 'https://github.com/amazon-archives/amazon-cognito-auth-js/issues/167',
    },
    {
      about: 'an OpenID token without the classic flow',
      believed:
        'InvalidParameterException: Basic (classic) flow is not enabled, please use enhanced flow.',
      source: `${ASSUMPTION}: users report the text, the name is from memory`,
    },
  ],
  async observe(world) {
    const { key, linked, identityPool } = await people(world);
    const identities = world.b.client(CognitoIdentityClient);
    const { IdToken } = await world.signIn(linked, 'ada');
    const { IdentityId = '' } = await getId(world, identityPool, key, IdToken);
    const Logins = { [key]: IdToken };
    const ids = { identity: IdentityId };
    return {
      'a guest': await outcomeInWords(
        identities.send(new GetIdCommand({ IdentityPoolId: identityPool })),
      ),
      'credentials of a user without the login': await outcomeInWords(
        identities.send(new GetCredentialsForIdentityCommand({ IdentityId })),
        ids,
      ),
      'credentials where there is no role': await outcomeInWords(
        identities.send(new GetCredentialsForIdentityCommand({ IdentityId, Logins })),
      ),
      'an OpenID token without the classic flow': await outcomeInWords(
        identities.send(new GetOpenIdTokenCommand({ IdentityId, Logins })),
      ),
    };
  },
};
