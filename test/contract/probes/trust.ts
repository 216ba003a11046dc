import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type Credentials,
  STSClient,
} from '@aws-sdk/client-sts';
import { outcome } from '../outcome.ts';
import type { Place } from '../place.ts';
import { ASSUMPTION, type Probe } from '../probe.ts';
import type { World } from '../world.ts';

const ASSUME_ROLE = 'https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html';
const CONTEXT_KEYS =
  'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html';
const STS_KEYS =
  'https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html';
const EXTERNAL_ID = 'a-pairing-value';
const NOTHING = { Effect: 'Deny', Action: '*', Resource: '*' };

const rootOf = ({ partition, account }: Place): string => `arn:${partition}:iam::${account}:root`;

const assume = (place: Place, input: Partial<AssumeRoleCommandInput>) =>
  place
    .client(STSClient)
    .send(new AssumeRoleCommand({ RoleArn: undefined, RoleSessionName: 'contract', ...input }));

const sessionOf = (place: Place, credentials: Credentials | undefined): Place =>
  place.as({
    accessKeyId: credentials?.AccessKeyId ?? '',
    secretAccessKey: credentials?.SecretAccessKey ?? '',
    sessionToken: credentials?.SessionToken ?? '',
  });

/** A role of Account-A under the path of Poolbridge's functions, and a session of it. */
async function caller(world: World): Promise<Place> {
  const RoleArn = await world.role(
    world.a,
    { Effect: 'Allow', Principal: { AWS: rootOf(world.a) }, Action: 'sts:AssumeRole' },
    [{ Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Resource: '*' }],
    '/poolbridge/',
  );
  const session = await world.eventually(() => assume(world.a, { RoleArn }).catch(() => undefined));
  return sessionOf(world.a, session?.Credentials);
}

/** A role of Account-B that trusts the roles of Poolbridge's functions. */
function trusting(world: World, paired: string[], unpaired: string[] = []): Promise<string> {
  const { partition, account } = world.a;
  const ArnLike = { 'aws:PrincipalArn': `arn:${partition}:iam::${account}:role/poolbridge/*` };
  const allow = (Action: string[], Condition: object) => ({
    Effect: 'Allow',
    Principal: { AWS: rootOf(world.a) },
    Action,
    Condition,
  });
  const statements = [
    allow(paired, { ArnLike, StringEquals: { 'sts:ExternalId': EXTERNAL_ID } }),
    allow(unpaired, { ArnLike }),
  ];
  return world.role(
    world.b,
    statements.filter(({ Action }) => Action.length > 0),
    [NOTHING],
  );
}

export const trust: Probe = {
  name: 'trust',
  does: 'Assumes roles that trust Account-A as resources/account-b.yml does, and one without sts:SetSourceIdentity.',
  beliefs: [
    {
      about: 'a role under /poolbridge/, with the external id',
      believed: 'accepted',
      source: `${ASSUMPTION}: aws:PrincipalArn of a role session is the ARN of its role with its path (${CONTEXT_KEYS})`,
    },
    {
      about: 'with a source identity',
      believed: 'accepted',
      source: ASSUME_ROLE,
    },
    {
      about: 'with a source identity, where sts:SetSourceIdentity asks for the external id',
      believed: 'AccessDenied',
      source: `${ASSUMPTION}: the reference does not list sts:ExternalId for sts:SetSourceIdentity (${STS_KEYS}); the strictest reading`,
    },
    {
      about: 'with a source identity that the trust does not allow',
      believed: 'AccessDenied',
      source: ASSUME_ROLE,
    },
    { about: 'without the external id', believed: 'AccessDenied', source: ASSUME_ROLE },
    { about: 'another principal of Account-A', believed: 'AccessDenied', source: CONTEXT_KEYS },
    {
      about: 'a session of more than an hour, from a session',
      believed: 'ValidationError',
      source: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html (role chaining)',
    },
  ],
  async observe(world) {
    const from = await caller(world);
    const RoleArn = await trusting(world, ['sts:AssumeRole'], ['sts:SetSourceIdentity']);
    const strict = await trusting(world, ['sts:AssumeRole', 'sts:SetSourceIdentity']);
    const bare = await trusting(world, ['sts:AssumeRole']);
    const paired = { RoleArn, ExternalId: EXTERNAL_ID };
    const SourceIdentity = 'contract';
    // STS knows a new trust only after a while.
    for (const role of [RoleArn, strict, bare]) {
      await world.eventually(() =>
        assume(from, { RoleArn: role, ExternalId: EXTERNAL_ID }).catch(() => undefined),
      );
    }
    return {
      'a role under /poolbridge/, with the external id': await outcome(assume(from, paired)),
      'with a source identity': await outcome(assume(from, { ...paired, SourceIdentity })),
      'with a source identity, where sts:SetSourceIdentity asks for the external id': await outcome(
        assume(from, { RoleArn: strict, ExternalId: EXTERNAL_ID, SourceIdentity }),
      ),
      'with a source identity that the trust does not allow': await outcome(
        assume(from, { RoleArn: bare, ExternalId: EXTERNAL_ID, SourceIdentity }),
      ),
      'without the external id': await outcome(assume(from, { RoleArn })),
      'another principal of Account-A': await outcome(assume(world.a, paired)),
      'a session of more than an hour, from a session': await outcome(
        assume(from, { ...paired, DurationSeconds: 7200 }),
      ),
    };
  },
};
