import type {
  AdvancedEventSelector,
  CloudTrail,
  EventSelector,
  Trail,
} from '@aws-sdk/client-cloudtrail';
import { parseArn } from '../../core/arn.ts';
import type { Links } from '../../core/links/links.ts';
import { userPoolRegion } from '../../core/user-pool.ts';
import { isDenied } from '../denied.ts';
import type { Session } from '../session.ts';
import { AGAIN, bad, type Check, ok, runChecks } from './checks.ts';

const SOURCE = 'cognito-idp.amazonaws.com';

/** Whether an advanced selector makes CloudTrail log write events of Cognito. */
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

/** Whether a selector makes CloudTrail log write management events, as it does by default. */
const logsWrites = ({ IncludeManagementEvents = true, ReadWriteType = 'All' }: EventSelector) =>
  IncludeManagementEvents && ReadWriteType !== 'ReadOnly';

/** Whether a trail logs the calls that create app clients, so that EventBridge receives them. */
async function logs(trails: CloudTrail, arn: string): Promise<boolean> {
  const { IsLogging = false } = await trails.getTrailStatus({ Name: arn });
  if (!IsLogging) return false;
  const { EventSelectors = [], AdvancedEventSelectors = [] } = await trails.getEventSelectors({
    TrailName: arn,
  });
  return EventSelectors.some(logsWrites) || AdvancedEventSelectors.some(selects);
}

/** A trail that could not be read. */
interface Unread {
  trail: Trail;
  error: Error;
}

// In a member account DescribeTrails lists the organization's trail, but GetEventSelectors does not find it.
// https://github.com/turbot/steampipe-plugin-aws/issues/577
const isHidden = ({ trail, error }: Unread): boolean =>
  trail.IsOrganizationTrail === true &&
  ['TrailNotFoundException', 'CloudTrailARNInvalidException'].includes(error.name);

/** What to do about a trail that could not be read. */
function todoAbout(unread: Unread): string {
  const { TrailARN = '' } = unread.trail;
  if (isHidden(unread)) {
    return `${TrailARN} is the organization's trail, and only account ${parseArn(TrailARN).account} can read what it logs. Ask its owner whether it logs write management events, or create a trail in this account that does.`;
  }
  return isDenied(unread.error)
    ? `Ask for cloudtrail:GetTrailStatus and cloudtrail:GetEventSelectors on ${TrailARN}, or ask someone who has them to check.`
    : AGAIN;
}

/** That no trail logs something, as the beginning of a sentence. */
const noneOf = (count: number): string =>
  count === 1 ? 'the only trail does not log' : `none of the ${count} trails logs`;

const checkTrail = (session: Session, region: string): Promise<Check[]> =>
  runChecks(`trail in ${region}`, AGAIN, async () => {
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
        ? `${noneOf(trailList.length)} write management events`
        : 'there is no trail';
    const todo =
      'Create a trail that logs write management events: without one, Poolbridge receives no events about app clients.';
    return [bad('failed', check, found, todo)];
  });

/** Checks for a trail in the Region of the deployment, and in those of the user pools of this account in links.yml. */
export async function checkTrails(session: Session, links: Links): Promise<Check[]> {
  const { region } = await session.caller();
  const own = Object.values(links).filter(({ userPoolRoleArn }) => userPoolRoleArn === undefined);
  const named = own.flatMap(({ userPools = [] }) => userPools.map(userPoolRegion));
  const checks = [...new Set([region, ...named])].map((each) => checkTrail(session, each));
  return (await Promise.all(checks)).flat();
}
