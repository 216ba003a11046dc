import type {
  AdvancedEventSelector,
  CloudTrail,
  EventSelector,
  Trail,
} from '@aws-sdk/client-cloudtrail';
import { parseArn } from '../../core/arn.ts';
import type { Links } from '../../core/links/links.ts';
import { userPoolRegion } from '../../core/user-pool.ts';
import type { Session } from '../session.ts';
import { AGAIN, bad, type Check, isDenied, made, ok } from './checks.ts';

const SOURCE = 'cognito-idp.amazonaws.com';

/** Whether an advanced selector lets CloudTrail log writes of Cognito. */
function selects({ FieldSelectors = [] }: AdvancedEventSelector): boolean {
  const fields = new Map(FieldSelectors.map((each) => [each.Field, each]));
  const { Equals: sources = [SOURCE], NotEquals: others = [] } = fields.get('eventSource') ?? {};
  return (
    fields.get('eventCategory')?.Equals?.includes('Management') === true &&
    fields.get('readOnly')?.Equals?.includes('true') !== true &&
    sources.includes(SOURCE) &&
    !others.includes(SOURCE)
  );
}

/** Whether a selector lets CloudTrail log management events that write; by default it does. */
const logsWrites = ({ IncludeManagementEvents = true, ReadWriteType = 'All' }: EventSelector) =>
  IncludeManagementEvents && ReadWriteType !== 'ReadOnly';

/** Whether a trail logs, and whether EventBridge gets the calls that create app clients from it. */
async function logs(trails: CloudTrail, arn: string): Promise<boolean> {
  const { IsLogging = false } = await trails.getTrailStatus({ Name: arn });
  if (!IsLogging) return false;
  const { EventSelectors = [], AdvancedEventSelectors = [] } = await trails.getEventSelectors({
    TrailName: arn,
  });
  return EventSelectors.some(logsWrites) || AdvancedEventSelectors.some(selects);
}

/** A trail that could not be looked at. */
interface Unread {
  trail: Trail;
  error: Error;
}

// Seen in member accounts, which DescribeTrails shows the organization's trail and GetEventSelectors does not.
// https://github.com/turbot/steampipe-plugin-aws/issues/577
const isHidden = ({ trail, error }: Unread): boolean =>
  trail.IsOrganizationTrail === true &&
  ['TrailNotFoundException', 'CloudTrailARNInvalidException'].includes(error.name);

/** What to do about a trail that could not be looked at. */
function todoAbout(unread: Unread): string {
  const { TrailARN = '' } = unread.trail;
  if (isHidden(unread)) {
    return `${TrailARN} is the organization's, and only account ${parseArn(TrailARN).account} can read what it logs. Ask there whether it logs management events that write, or make a trail of this account that does.`;
  }
  return isDenied(unread.error)
    ? `Have cloudtrail:GetTrailStatus and cloudtrail:GetEventSelectors on ${TrailARN} allowed, or have someone check who may.`
    : AGAIN;
}

const checkTrail = (session: Session, region: string): Promise<Check[]> =>
  made(`trail in ${region}`, AGAIN, async () => {
    const check = `trail in ${region}`;
    const trails = await session.trails(region);
    const { trailList = [] } = await trails.describeTrails({});
    const unread: Unread[] = [];
    for (const trail of trailList) {
      const { TrailARN = '', Name = '' } = trail;
      try {
        if (await logs(trails, TrailARN)) return [ok(check, `${Name} logs management events`)];
      } catch (error) {
        unread.push({ trail, error: error as Error });
      }
    }
    if (unread.length > 0) {
      const found = unread.map(({ trail, error }) => `${trail.Name}: ${error.name}`).join(', ');
      const todo = [...new Set(unread.map(todoAbout))].join(' ');
      const isUnknown = unread.some((each) => isHidden(each) || isDenied(each.error));
      return [bad(isUnknown ? 'unknown' : 'failed', check, `can't be read: ${found}`, todo)];
    }
    const found =
      trailList.length > 0
        ? `of ${trailList.length} trails none logs management events that write`
        : 'there is none';
    const todo =
      'Make one that logs write management events: without one Poolbridge receives no events of app clients.';
    return [bad('failed', check, found, todo)];
  });

/** A trail in the deployment's Region and in those of user pools that links name in this account. */
export async function checkTrails(session: Session, links: Links): Promise<Check[]> {
  const { region } = await session.caller();
  const own = Object.values(links).filter(({ userPoolRoleArn }) => userPoolRoleArn === undefined);
  const named = own.flatMap(({ userPools = [] }) => userPools.map(userPoolRegion));
  const checks = [...new Set([region, ...named])].map((each) => checkTrail(session, each));
  return (await Promise.all(checks)).flat();
}
