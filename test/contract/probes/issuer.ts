import { DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { decodeJwt } from 'jose';
import { outcomeInWords, saw, withNames } from '../outcome.ts';
import { ASSUMPTION, type NotTried, type Probe, type Seen } from '../probe.ts';
import type { World } from '../world.ts';
import { getId } from './people.ts';
import { required, update } from './pool.ts';

const REFERENCE =
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html';
const MISMATCH = "NotAuthorizedException: Invalid login token. Issuer doesn't match providerName";
const NOT_LINKED =
  'NotAuthorizedException: Token is not from a supported provider of this identity pool.';

type Name = 'original' | 'updated';

interface Way {
  entries: Name[];
  login: Name;
  believed: string;
}

const ways: Way[] = [
  { entries: ['original'], login: 'original', believed: MISMATCH },
  { entries: ['original'], login: 'updated', believed: NOT_LINKED },
  { entries: ['updated'], login: 'original', believed: MISMATCH },
  { entries: ['updated'], login: 'updated', believed: 'accepted' },
  { entries: ['original', 'updated'], login: 'original', believed: MISMATCH },
  { entries: ['original', 'updated'], login: 'updated', believed: 'accepted' },
];

const aboutOf = ({ entries, login }: Way): string =>
  `entry ${entries.join(' and ')}, login ${login}`;

const TOKENS = 'the issuer of the tokens';

/** An identity pool with an entry for each name, or why AWS refuses one. */
async function linked(world: World, ClientId: string, names: string[]): Promise<string | Seen> {
  let id = '';
  const CognitoIdentityProviders = names.map((ProviderName) => ({ ProviderName, ClientId }));
  const pool = await required(world, await world.identityPool());
  const seen = await outcomeInWords(
    update(world, { ...pool, CognitoIdentityProviders }).then((answer) => {
      id = answer.IdentityPoolId ?? '';
      return answer;
    }),
  );
  return id === '' ? seen : id;
}

export const issuer: Probe = {
  name: 'issuer',
  does: 'Signs a user of a user pool with the updated issuer in to identity pools that have either name of that user pool, or both.',
  beliefs: [
    {
      about: TOKENS,
      believed: 'https://issuer-cognito-idp.<region>.amazonaws.com/<pool>',
      source: REFERENCE,
    },
    ...ways.map((way) => ({
      about: aboutOf(way),
      believed: way.believed,
      source: `${ASSUMPTION}: AWS does not say which ProviderName an identity pool wants for such a user pool`,
    })),
  ],
  async observe(world) {
    const pool = await world.userPool({ IssuerConfiguration: { Type: 'UPDATED' } });
    const described = await world.userPools.send(new DescribeUserPoolCommand({ UserPoolId: pool }));
    if (described.UserPool?.IssuerConfiguration?.Type !== 'UPDATED') {
      const notTried = 'The user pool does not keep its issuer setting.';
      const abouts = [TOKENS, ...ways.map(aboutOf)];
      return Object.fromEntries(abouts.map((about): [string, NotTried] => [about, { notTried }]));
    }
    const client = await world.appClient(pool);
    await world.user(pool, 'ada');
    const { IdToken } = await world.signIn(client, 'ada');
    const { iss = '' } = decodeJwt(IdToken);
    const original = world.providerName(pool);
    const names = { original, updated: `issuer-${original}` };
    const seen: Record<string, Seen> = {
      [TOKENS]: saw(withNames(iss, { pool, region: world.a.region }), described),
    };
    const pools = new Map<string, string | Seen>();
    for (const way of ways) {
      const key = way.entries.join();
      const made =
        pools.get(key) ??
        (await linked(
          world,
          client,
          way.entries.map((name) => names[name]),
        ));
      pools.set(key, made);
      seen[aboutOf(way)] =
        typeof made === 'string'
          ? await outcomeInWords(getId(world, made, names[way.login], IdToken))
          : made;
    }
    return seen;
  },
};
