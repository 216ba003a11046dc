import { each, type RequestRate } from '../../kernel/request-rates.ts';

const operation = <const Name extends string>(name: Name, perSecond: number) =>
  ({
    name,
    bucket: each(perSecond),
    page: 'https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html',
  }) as const;

export const rates = [
  operation('LookupEvents', 2),
  operation('DescribeTrails', 10),
  operation('GetTrailStatus', 10),
  operation('GetEventSelectors', 10),
] as const satisfies readonly RequestRate[];
