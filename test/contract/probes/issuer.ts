import { DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { decodeJwt } from 'jose';
import { outcomeInWords, withNames } from '../outcome.ts';
import type { NotTried, Probe, Seen } from '../probe.ts';
import { ASSUMPTION } from '../probe.ts';
import { getId } from './people.ts';

const REFERENCE =
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html';
const MISMATCH = "NotAuthorizedException: Invalid login token. Issuer doesn't match providerName";
const NOT_LINKED =
  'NotAuthorizedException: Token is not from a supported provider of this identity pool.';

const ways = {
  'entry original, login original': { entry: 'original', login: 'original', believed: MISMATCH },
  'entry original, login updated': { entry: 'original', login: 'updated', believed: NOT_LINKED },
  'entry updated, login original': { entry: 'updated', login: 'original', believed: MISMATCH },
  'entry updated, login updated': { entry: 'updated', login: 'updated', believed: 'accepted' },
} as const;

export const issuer: Probe = {
  name: 'issuer',
  does: 'Signs a user of a user pool with the updated issuer in to identity pools that have either name of that user pool.',
  beliefs: [
    {
      about: 'the issuer of the tokens',
      believed: 'https://issuer-cognito-idp.<region>.amazonaws.com/<pool>',
      source: REFERENCE,
    },
    ...Object.entries(ways).map(([about, { believed }]) => ({
      about,
      believed,
      source: `${ASSUMPTION}: AWS does not say which ProviderName an identity pool wants for such a user pool`,
    })),
  ],
  async observe(world) {
    const pool = await world.userPool({ IssuerConfiguration: { Type: 'UPDATED' } });
    const { UserPool } = await world.userPools.send(
      new DescribeUserPoolCommand({ UserPoolId: pool }),
    );
    if (UserPool?.IssuerConfiguration?.Type !== 'UPDATED') {
      const notTried = 'The user pool does not keep its issuer setting.';
      const abouts = ['the issuer of the tokens', ...Object.keys(ways)];
      return Object.fromEntries(abouts.map((about): [string, NotTried] => [about, { notTried }]));
    }
    const client = await world.appClient(pool);
    await world.user(pool, 'ada');
    const { IdToken } = await world.signIn(client, 'ada');
    const { iss = '' } = decodeJwt(IdToken);
    const original = world.providerName(pool);
    const names = { original, updated: `issuer-${original}` };
    const ids = { pool, region: world.a.region };
    const seen: Record<string, Seen> = {
      'the issuer of the tokens': { seen: withNames(iss, ids) },
    };
    for (const [about, { entry, login }] of Object.entries(ways)) {
      const identityPool = await world.identityPool({
        CognitoIdentityProviders: [{ ProviderName: names[entry], ClientId: client }],
      });
      seen[about] = await outcomeInWords(getId(world, identityPool, names[login], IdToken));
    }
    return seen;
  },
};
