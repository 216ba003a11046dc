import { isDeepStrictEqual } from 'node:util';
import { CognitoIdentityClient, CreateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import { outcome, outcomeInWords, saw, withNames } from '../outcome.ts';
import { ASSUMPTION, type Observation, type Probe } from '../probe.ts';
import type { World } from '../world.ts';
import { described, entry, required, update } from './pool.ts';

const REFERENCE =
  'https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html';
const FULL_REPLACE = 'https://github.com/hashicorp/terraform-provider-aws/pull/9396';

/** A pool with every member that needs no other resource. */
const everything = (world: World) => ({
  AllowClassicFlow: true,
  SupportedLoginProviders: { 'graph.facebook.com': '7346241598935555' },
  DeveloperProviderName: 'login.contract.example',
  OpenIdConnectProviderARNs: [
    `arn:${world.b.partition}:iam::${world.b.account}:oidc-provider/server.example.com`,
  ],
  CognitoIdentityProviders: [
    entry(world, 'a'),
    { ProviderName: entry(world, 'b').ProviderName, ClientId: 'b', ServerSideTokenCheck: true },
  ],
  IdentityPoolTags: { team: 'contract', keep: 'yes' },
});

type Member = keyof ReturnType<typeof everything>;

const isSet = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);

export const omittedMembers: Probe = {
  name: 'omitted-members',
  does: 'Updates an identity pool with every member set, and sends only the required ones.',
  beliefs: [
    { about: 'AllowClassicFlow', believed: 'reset', source: REFERENCE },
    { about: 'SupportedLoginProviders', believed: 'reset', source: FULL_REPLACE },
    { about: 'OpenIdConnectProviderARNs', believed: 'reset', source: FULL_REPLACE },
    { about: 'CognitoIdentityProviders', believed: 'reset', source: FULL_REPLACE },
    {
      about: 'DeveloperProviderName',
      believed: 'kept',
      source: 'https://github.com/hashicorp/terraform-provider-aws/pull/49985',
    },
    {
      about: 'IdentityPoolTags',
      believed: 'kept',
      source: `${ASSUMPTION}: Terraform never sends them, and its tests of tags pass`,
    },
  ],
  async observe(world) {
    const id = await world.identityPool(everything(world));
    const before = await described(world, id);
    const answer = await update(world, await required(world, id));
    const after = await described(world, id);
    const seenOf = (member: Member): Observation => {
      if (isDeepStrictEqual(after[member], before[member])) return saw('kept', answer);
      const shown = `${JSON.stringify(before[member])} to ${JSON.stringify(after[member])}`;
      return saw(isSet(after[member]) ? 'changed' : 'reset', answer, shown);
    };
    const members = Object.keys(everything(world)) as Member[];
    return Object.fromEntries(members.map((member) => [member, seenOf(member)]));
  },
};

export const sentBackWhole: Probe = {
  name: 'sent-back-whole',
  does: 'Sends every member back as DescribeIdentityPool showed it.',
  beliefs: [{ about: 'the pool afterwards', believed: 'unchanged', source: REFERENCE }],
  async observe(world) {
    const id = await world.identityPool(everything(world));
    const before = await described(world, id);
    const { IdentityPoolName } = before;
    const answer = await update(world, { ...before, IdentityPoolId: id, IdentityPoolName });
    const after = await described(world, id);
    const same = isDeepStrictEqual(after, before);
    const detail = same ? undefined : JSON.stringify({ before, after });
    return { 'the pool afterwards': saw(same ? 'unchanged' : 'changed', answer, detail) };
  },
};

export const names: Probe = {
  name: 'names',
  does: 'Gives an identity pool other names.',
  beliefs: [
    {
      about: 'another name',
      believed: 'accepted',
      source: 'https://github.com/hashicorp/terraform-provider-aws/issues/49638',
    },
    {
      about: 'another developer provider name',
      believed: 'InvalidParameterException',
      source: `${REFERENCE} (it can't be changed; the error's name is an ${ASSUMPTION})`,
    },
    {
      about: 'a name that is not allowed',
      believed:
        "ValidationException: 1 validation error detected: Value 'what?' at 'identityPoolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w\\s+=,.@-]+",
      source: 'the API model, and moto',
    },
  ],
  async observe(world) {
    const id = await world.identityPool(everything(world));
    const pool = await required(world, id);
    const { IdentityPoolId, IdentityPoolName = '', AllowUnauthenticatedIdentities } = pool;
    const renamed = {
      IdentityPoolId,
      IdentityPoolName: `${IdentityPoolName}-renamed`,
      AllowUnauthenticatedIdentities,
    };
    return {
      'another name': await outcome(update(world, renamed)),
      'another developer provider name': await outcome(
        update(world, { ...renamed, DeveloperProviderName: 'other.contract.example' }),
      ),
      'a name that is not allowed': await outcomeInWords(
        world.b.client(CognitoIdentityClient).send(
          new CreateIdentityPoolCommand({
            IdentityPoolName: 'what?',
            AllowUnauthenticatedIdentities: false,
          }),
        ),
      ),
    };
  },
};

export const missingPool: Probe = {
  name: 'missing-pool',
  does: 'Updates an identity pool that does not exist.',
  beliefs: [
    {
      about: 'the refusal',
      believed: "ResourceNotFoundException: IdentityPool '<pool>' not found.",
      source: `${ASSUMPTION}: the name is the model's, the text is from memory`,
    },
  ],
  async observe(world) {
    const pool = `${world.b.region}:00000000-0000-4000-8000-000000000000`;
    const missing = {
      IdentityPoolId: pool,
      IdentityPoolName: 'missing',
      AllowUnauthenticatedIdentities: false,
    };
    return { 'the refusal': await outcomeInWords(update(world, missing), { pool }) };
  },
};

const ROUNDS = 4;
const LOOKS = 12;

/** A time in milliseconds, as the next higher power of ten. */
const below = (ms: number): string =>
  ms === 0
    ? 'never'
    : ms < 1000
      ? 'for less than 1 s'
      : ms < 20_000
        ? 'for less than 20 s'
        : 'for 20 s or more';

export const readAfterWrite: Probe = {
  name: 'read-after-write',
  does: `Updates an identity pool ${ROUNDS} times, and describes it ${LOOKS} times after each.`,
  beliefs: [
    {
      about: 'an old state after an update',
      believed: 'never',
      source: `${ASSUMPTION}: AWS does not say; the safe write doubts an old state for 20 s (core/write/lease.ts)`,
    },
  ],
  async observe(world) {
    const id = await world.identityPool();
    let longest = 0;
    let answer = await update(world, await required(world, id));
    for (let round = 0; round < ROUNDS; round += 1) {
      const client = `round${round}`;
      const pool = await required(world, id);
      answer = await update(world, { ...pool, CognitoIdentityProviders: [entry(world, client)] });
      const written = Date.now();
      for (let look = 0; look < LOOKS; look += 1) {
        const { CognitoIdentityProviders: [seen] = [] } = await described(world, id);
        if (seen?.ClientId !== client) longest = Math.max(longest, Date.now() - written, 1);
      }
    }
    const detail = `${ROUNDS * LOOKS} looks, an old state for at most ${longest} ms`;
    return { 'an old state after an update': saw(below(longest), answer, detail) };
  },
};

export const stackPool: Probe = {
  name: 'stack-pool',
  does: 'Updates an identity pool that CloudFormation made, without the tags that only AWS may write.',
  beliefs: [
    {
      about: 'the tags of CloudFormation',
      believed: 'aws:cloudformation:logical-id aws:cloudformation:stack-name',
      source: `${ASSUMPTION}: CloudFormation tags most resources; those of the id are left out here`,
    },
    {
      about: 'those tags after the update',
      believed: 'kept',
      source: `${ASSUMPTION}: a caller can't send them, so AWS must keep them`,
    },
  ],
  async observe(world) {
    const id = await world.stack({
      Resources: {
        Pool: {
          Type: 'AWS::Cognito::IdentityPool',
          Properties: {
            IdentityPoolName: 'poolbridge-contract-stack',
            AllowUnauthenticatedIdentities: false,
            IdentityPoolTags: [{ Key: 'team', Value: 'contract' }],
          },
        },
      },
      Outputs: { Id: { Value: { Ref: 'Pool' } } },
    });
    const before = await described(world, id);
    const tags = Object.entries(before.IdentityPoolTags ?? {});
    const ours = Object.fromEntries(tags.filter(([key]) => !key.startsWith('aws:')));
    const pool = await required(world, id);
    const answer = await update(world, { ...pool, IdentityPoolTags: ours });
    const after = await described(world, id);
    const keys = tags
      .map(([key]) => key)
      .filter((key) => key.startsWith('aws:') && !key.endsWith(':stack-id'))
      .sort();
    const same = isDeepStrictEqual(after.IdentityPoolTags, before.IdentityPoolTags);
    const shown = withNames(JSON.stringify(after.IdentityPoolTags ?? {}), { pool: id });
    return {
      'the tags of CloudFormation': saw(keys.join(' ') || 'none', answer),
      'those tags after the update': saw(same ? 'kept' : 'changed', answer, shown),
    };
  },
};
