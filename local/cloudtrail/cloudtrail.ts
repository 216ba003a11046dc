import type { Aws, Call, Service } from '../kernel/aws.ts';
import type { TrailRecord } from '../kernel/cloudtrail.ts';
import { enforce } from '../kernel/constraints.ts';
import { AwsError, UnsupportedError } from '../kernel/errors.ts';

interface LookupEvents {
  LookupAttributes?: { AttributeKey: string; AttributeValue: string }[];
  /** In epoch seconds, as JSON has times on the wire. */
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

/** CloudTrail's event history, which shows every call at once, and the one trail, if there is one. */
export function cloudtrail(aws: Aws): Service {
  const trailOf = ({ partition, region, account }: Call) =>
    `arn:${partition}:cloudtrail:${region}:${account}:trail/${TRAIL}`;
  /** @throws AwsError where there is no trail, or another is meant. */
  const known = (call: Call, given: unknown): string => {
    const arn = trailOf(call);
    if (aws.trail.enabled && [arn, TRAIL].includes(String(given))) return arn;
    throw new AwsError('TrailNotFoundException', `Unknown trail: ${given}`);
  };
  return {
    operations: {
      // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html
      DescribeTrails: {
        run(call) {
          const trail = {
            ...{ Name: TRAIL, TrailARN: trailOf(call), HomeRegion: call.region },
            ...{ IsMultiRegionTrail: true, IsOrganizationTrail: false },
          };
          return { trailList: aws.trail.enabled ? [trail] : [] };
        },
      },
      // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
      GetTrailStatus: {
        judge: (call) => ({ resource: trailOf(call) }),
        run(call) {
          known(call, call.input['Name']);
          return { IsLogging: true };
        },
      },
      // https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html
      GetEventSelectors: {
        judge: (call) => ({ resource: trailOf(call) }),
        run: (call) => ({
          TrailARN: known(call, call.input['TrailName']),
          EventSelectors: [{ ReadWriteType: 'WriteOnly', IncludeManagementEvents: true }],
        }),
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
            throw new AwsError('InvalidTimeRangeException', 'The start is after the end.');
          }
          // Of several in one second the last comes first, too.
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
          // A page begins after the last event of the one before, whatever has come since.
          const from = found.findIndex(({ eventID }) => eventID === NextToken) + 1;
          if (NextToken !== undefined && from === 0) {
            throw new AwsError('InvalidNextTokenException', 'The token is not one of this lookup.');
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
