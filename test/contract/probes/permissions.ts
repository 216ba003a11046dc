import {
  CognitoIdentityClient,
  ListIdentityPoolsCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutPermissionCommand,
} from '@aws-sdk/client-eventbridge';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { outcome, outcomeByIam } from '../outcome.ts';
import type { Place } from '../place.ts';
import { ASSUMPTION, type Probe, type Seen } from '../probe.ts';
import type { World } from '../world.ts';
import { required } from './pool.ts';

const REFERENCE = 'https://docs.aws.amazon.com/service-authorization/latest/reference';
const TAGS = `${REFERENCE}/list_amazoncognitoidentity.html`;

/** A role of Account-B that its own account may assume; sessions get a part of its permissions. */
const role = (world: World): Promise<string> =>
  world.shared('role', () =>
    world.role(
      world.b,
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:${world.b.partition}:iam::${world.b.account}:root` },
        Action: 'sts:AssumeRole',
      },
      [
        {
          Effect: 'Allow',
          Action: [
            'cognito-identity:UpdateIdentityPool',
            'cognito-identity:TagResource',
            'cognito-identity:UntagResource',
            'events:PutPermission',
          ],
          Resource: '*',
        },
      ],
    ),
  );

/** Assumes the role, with a policy for the session. */
async function assume(world: World, Action: string[], Resource: string) {
  const RoleArn = await role(world);
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource }],
  });
  return world.b
    .client(STSClient)
    .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'contract', Policy }));
}

/** Account-B, as a principal with only the given actions. */
async function restricted(world: World, actions: string[], resource = '*'): Promise<Place> {
  // STS knows a new role only after a while.
  const session = await world.eventually(() =>
    assume(world, actions, resource).catch((error: Error) => {
      if (error.name === 'AccessDenied') return undefined;
      throw error;
    }),
  );
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = session?.Credentials ?? {};
  return world.b.as({
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  });
}

const UPDATE = 'cognito-identity:UpdateIdentityPool';
const TAG = 'cognito-identity:TagResource';
const UNTAG = 'cognito-identity:UntagResource';

export const tagPermissions: Probe = {
  name: 'tag-permissions',
  does: 'Updates an identity pool that has tags, with roles that lack a permission for tags.',
  beliefs: [
    {
      about: 'tags omitted, without TagResource and UntagResource',
      believed: `denied: ${TAG}`,
      source: `${ASSUMPTION}: ${TAGS} lists three actions for the call and does not say when each is asked for; the strictest reading`,
    },
    {
      about: 'the same tags, without UntagResource',
      believed: `denied: ${UNTAG}`,
      source: `${ASSUMPTION}: as above`,
    },
    {
      about: 'the same tags, without TagResource and UntagResource',
      believed: `denied: ${TAG}`,
      source: `${ASSUMPTION}: as above`,
    },
    {
      about: 'fewer tags, without UntagResource',
      believed: `denied: ${UNTAG}`,
      source: `${ASSUMPTION}: as above`,
    },
  ],
  async observe(world) {
    const all = { team: 'contract', keep: 'yes' };
    const pool = await required(world, await world.identityPool({ IdentityPoolTags: all }));
    const sent = (place: Place, IdentityPoolTags?: Record<string, string>) => {
      const tags = IdentityPoolTags ? { IdentityPoolTags } : {};
      const command = new UpdateIdentityPoolCommand({ ...pool, ...tags });
      return outcomeByIam(place.client(CognitoIdentityClient).send(command));
    };
    // Until the role's policy is in effect everywhere, a denial proves nothing.
    const full = await restricted(world, [UPDATE, TAG, UNTAG]);
    await world.eventually(async () =>
      (await sent(full, all)).seen === 'accepted' ? true : undefined,
    );
    const untagless = await restricted(world, [UPDATE, TAG]);
    const tagless = await restricted(world, [UPDATE]);
    return {
      'tags omitted, without TagResource and UntagResource': await sent(tagless),
      'the same tags, without UntagResource': await sent(untagless, all),
      'the same tags, without TagResource and UntagResource': await sent(tagless, all),
      'fewer tags, without UntagResource': await sent(untagless, { keep: 'yes' }),
    };
  },
};

export const busPermissions: Probe = {
  name: 'bus-permissions',
  does: 'Calls PutPermission on a separate event bus, with roles that may do so on that bus and on every bus.',
  beliefs: [
    {
      about: 'allowed on the ARN of the bus',
      believed: 'denied: events:PutPermission',
      source: `${REFERENCE}/list_amazoneventbridge.html (the action has no resource type)`,
    },
    {
      about: 'allowed on *',
      believed: 'accepted',
      source: `${REFERENCE}/list_amazoneventbridge.html`,
    },
  ],
  async observe(world) {
    const name = await world.make(world.b, 'event bus', async (Name) => {
      await world.b.client(EventBridgeClient).send(new CreateEventBusCommand({ Name }));
      return Name;
    });
    const { partition, region, account } = world.b;
    const arn = `arn:${partition}:events:${region}:${account}:event-bus/${name}`;
    const permitted = (place: Place) =>
      outcomeByIam(
        place.client(EventBridgeClient).send(
          new PutPermissionCommand({
            EventBusName: name,
            StatementId: 'contract',
            Action: 'events:PutEvents',
            Principal: account,
          }),
        ),
      );
    const everywhere = await restricted(world, ['events:PutPermission']);
    const onBus = await restricted(world, ['events:PutPermission'], arn);
    const allowed = await world.eventually(async () => {
      const seen = await permitted(everywhere);
      return seen.seen === 'accepted' ? seen : undefined;
    });
    return {
      'allowed on the ARN of the bus': await permitted(onBus),
      'allowed on *': allowed ?? (await permitted(everywhere)),
    };
  },
};

// Regions that an account has to enable before it can use them.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
const OPT_IN = ['af-south-1', 'ap-east-1', 'eu-south-1', 'il-central-1', 'me-south-1'];

const AT_STS = 'GetCallerIdentity in a Region that is not enabled';
const AT_COGNITO = 'ListIdentityPools in a Region that is not enabled';

export const disabledRegion: Probe = {
  name: 'disabled-region',
  does: 'Reads in a Region that the account has not enabled, as most accounts have not enabled all. It makes nothing there.',
  beliefs: [
    {
      about: AT_STS,
      believed: 'InvalidClientTokenId',
      source: 'https://repost.aws/knowledge-center/iam-validate-access-credentials',
    },
    {
      about: AT_COGNITO,
      believed: 'UnrecognizedClientException',
      source: `${ASSUMPTION}: other services that speak JSON answer so: https://github.com/aws/chalice/issues/1445`,
    },
  ],
  async observe(world) {
    for (const region of OPT_IN) {
      const place = world.b.in(region);
      const atSts = await outcome(place.client(STSClient).send(new GetCallerIdentityCommand({})));
      if (atSts.seen === 'accepted') continue;
      const atCognito = await outcome(
        place.client(CognitoIdentityClient).send(new ListIdentityPoolsCommand({ MaxResults: 1 })),
      );
      const inRegion = (seen: Seen): Seen => ({ ...seen, detail: `${region}: ${seen.detail}` });
      return { [AT_STS]: inRegion(atSts), [AT_COGNITO]: inRegion(atCognito) };
    }
    const notTried = `The account can use each of ${OPT_IN.join(', ')}.`;
    return { [AT_STS]: { notTried }, [AT_COGNITO]: { notTried } };
  },
};
