import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import type { TrailRecord } from '../../kernel/cloudtrail.ts';
import { enforce } from '../../kernel/constraints.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { Service } from '../../kernel/service.ts';
import { rates } from './rates.ts';

interface LookupEvents {
  LookupAttributes?: { AttributeKey: string; AttributeValue: string }[];
  /** In epoch seconds, like all times in AWS JSON. */
  StartTime?: number;
  EndTime?: number;
  MaxResults?: number;
  NextToken?: string;
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const PAGE = 50;

const secondsOf = ({ eventTime }: TrailRecord): number => Date.parse(String(eventTime)) / 1000;

const matches = (record: TrailRecord, { LookupAttributes = [] }: LookupEvents): boolean =>
  LookupAttributes.every(({ AttributeKey, AttributeValue }) => {
    if (AttributeKey !== 'EventName') {
      throw new UnsupportedError(`looking events up by ${AttributeKey}`);
    }
    return record.eventName === AttributeValue;
  });

function usernameOf({ userIdentity }: TrailRecord): string | undefined {
  const { type, arn } = userIdentity as { type: string; arn?: string };
  return type === 'Root' ? 'root' : arn?.split('/').at(-1);
}

const shown = (record: TrailRecord) => ({
  EventId: record.eventID,
  EventName: record.eventName,
  ReadOnly: String(record['readOnly']),
  AccessKeyId: (record['userIdentity'] as { accessKeyId?: string }).accessKeyId,
  EventTime: secondsOf(record),
  EventSource: record['eventSource'],
  Username: usernameOf(record),
  Resources: [],
  CloudTrailEvent: JSON.stringify(record),
});

const TRAIL = 'management-events';

interface Trail {
  Name: string;
  TrailARN: string;
  HomeRegion: string;
  IsMultiRegionTrail: true;
  IsOrganizationTrail: boolean;
}

/** The parts of a trail's ARN. */
function trailIn(arn: string) {
  const [, , , region = '', account = '', ...path] = arn.split(':');
  return { region, account, name: path.join(':').replace('trail/', '') };
}

function start(aws: Aws): Service {
  const trailOf = ({ partition, region, account }: Call) =>
    `arn:${partition}:cloudtrail:${region}:${account}:trail/${TRAIL}`;

  function trailsSeenBy(call: Call): Trail[] {
    const own: Trail = {
      Name: TRAIL,
      TrailARN: trailOf(call),
      HomeRegion: call.region,
      IsMultiRegionTrail: true,
      IsOrganizationTrail: false,
    };
    const { enabled, organizationTrail } = aws.trail;
    const trails = enabled ? [own] : [];
    if (organizationTrail === undefined) return trails;
    const { name, region } = trailIn(organizationTrail);
    return [
      {
        Name: name,
        TrailARN: organizationTrail,
        HomeRegion: region,
        IsMultiRegionTrail: true,
        IsOrganizationTrail: true,
      },
      ...trails,
    ];
  }

  const isOwn = ({ TrailARN }: Trail, { account }: Call) => trailIn(TrailARN).account === account;

  /**
   * The trail that a call names. A member account must name an organization trail by ARN.
   * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
   *
   * @throws AwsError TrailNotFoundException if the account sees no such trail.
   */
  function known(call: Call, given: unknown): Trail {
    const trail = trailsSeenBy(call).find(
      (each) => each.TrailARN === given || (each.Name === given && isOwn(each, call)),
    );
    if (trail) return trail;
    throw unknownTrail(call, given);
  }

  const unknownTrail = ({ account }: Call, given: unknown) =>
    new AwsError('TrailNotFoundException', `Unknown trail: ${given} for the user: ${account}`);

  // AWS does not document which ARN IAM evaluates for a member account's call on an organization trail. An
  // assumption: only a policy on `*` allows it.
  const resourceOf = (call: Call, given: unknown): string =>
    given === aws.trail.organizationTrail && trailIn(String(given)).account !== call.account
      ? '*'
      : trailOf(call);

  return {
    operations: {
      // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html
      DescribeTrails: {
        run: (call) => ({ trailList: trailsSeenBy(call) }),
      },
      // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
      GetTrailStatus: {
        judge: (call) => ({ resource: resourceOf(call, call.input['Name']) }),
        run(call) {
          known(call, call.input['Name']);
          return { IsLogging: true };
        },
      },
      // A member account can't read the selectors of an organization trail. Users report this; AWS does not
      // document it: https://github.com/turbot/steampipe-plugin-aws/issues/577
      // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html
      GetEventSelectors: {
        judge: (call) => ({ resource: resourceOf(call, call.input['TrailName']) }),
        run(call) {
          const { TrailName: given } = call.input;
          const trail = known(call, given);
          if (!isOwn(trail, call)) throw unknownTrail(call, given);
          return {
            TrailARN: trail.TrailARN,
            EventSelectors: [{ ReadWriteType: 'WriteOnly', IncludeManagementEvents: true }],
          };
        },
      },
      LookupEvents: {
        run({ account, region, input: given }) {
          const input = given as LookupEvents;
          const { StartTime = 0, EndTime = Number.POSITIVE_INFINITY, NextToken } = input;
          const { MaxResults = PAGE, LookupAttributes } = input;
          enforce([
            ['maxResults', MaxResults, { min: 1, max: PAGE }],
            ['lookupAttributes', LookupAttributes, { max: 1 }],
          ]);
          if (StartTime > EndTime) {
            throw new AwsError('InvalidTimeRangeException', 'StartTime is after EndTime.');
          }
          // The newest event comes first, also among events in the same second.
          const found = aws.trail.records
            .filter(
              (record) =>
                record['recipientAccountId'] === account &&
                record['awsRegion'] === region &&
                secondsOf(record) >= Math.floor(StartTime) &&
                secondsOf(record) <= EndTime &&
                matches(record, input),
            )
            .reverse();
          // The token is the last event of the previous page, so new events do not shift the pages.
          const from = found.findIndex(({ eventID }) => eventID === NextToken) + 1;
          if (NextToken !== undefined && from === 0) {
            throw new AwsError(
              'InvalidNextTokenException',
              'The NextToken does not belong to this lookup.',
            );
          }
          const page = found.slice(from, from + MaxResults);
          return {
            Events: page.map(shown),
            ...(found.length > from + MaxResults && { NextToken: page.at(-1)?.eventID }),
          };
        },
      },
    },
  };
}

/** CloudTrail: the event history, without delay, and the trails that an account sees. */
export const cloudtrail = {
  name: 'cloudtrail',
  json: {
    // The SDK for JavaScript and the CLI use different names.
    targets: ['CloudTrail_20131101', 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101'],
    client: '@aws-sdk/client-cloudtrail',
  },
  rates,
  start,
} as const satisfies ServiceDefinition;
