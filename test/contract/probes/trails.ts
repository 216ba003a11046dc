import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
} from '@aws-sdk/client-cloudtrail';
import { outcome } from '../outcome.ts';
import type { Probe } from '../probe.ts';
import type { World } from '../world.ts';

const accountOf = (arn = ''): string | undefined => arn.split(':')[4];

async function trailsOf(world: World) {
  const { trailList = [] } = await world.a
    .client(CloudTrailClient)
    .send(new DescribeTrailsCommand({ includeShadowTrails: true }));
  return trailList;
}

/** Whether a trail of Account-A is logging. Otherwise EventBridge gets no records. */
export async function hasTrail(world: World): Promise<boolean> {
  const client = world.a.client(CloudTrailClient);
  for (const { TrailARN } of await trailsOf(world)) {
    const status = await client
      .send(new GetTrailStatusCommand({ Name: TrailARN }))
      .catch(() => undefined);
    if (status?.IsLogging) return true;
  }
  return false;
}

export const organizationTrail: Probe = {
  name: 'organization-trail',
  does: "Reads the event selectors of an organization's trail from a member account. It makes nothing.",
  beliefs: [
    {
      about: 'GetEventSelectors in a member account',
      believed: 'TrailNotFoundException',
      source: 'https://github.com/turbot/steampipe-plugin-aws/issues/577',
    },
  ],
  async observe(world) {
    const about = 'GetEventSelectors in a member account';
    const foreign = (await trailsOf(world)).find(
      ({ IsOrganizationTrail, TrailARN }) =>
        IsOrganizationTrail && accountOf(TrailARN) !== world.a.account,
    );
    if (!foreign) {
      return { [about]: { notTried: 'Account-A has no trail of an organization above it.' } };
    }
    const TrailName = foreign.TrailARN;
    const answer = world.a
      .client(CloudTrailClient)
      .send(new GetEventSelectorsCommand({ TrailName }));
    return { [about]: await outcome(answer) };
  },
};
