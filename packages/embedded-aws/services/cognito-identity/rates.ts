import { each, type RequestRate } from '../../kernel/request-rates.ts';

/** A rate of one operation. AWS publishes the minimum: a Region can have a higher rate. */
const operation = <const Name extends string>(name: Name, perSecond: number) =>
  ({
    name,
    bucket: each(perSecond),
    page: 'https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html',
  }) as const;

// AWS publishes no rate for UpdateIdentityPool, DescribeIdentityPool and the other operations on pools.
export const rates = [
  operation('GetId', 25),
  operation('GetOpenIdToken', 200),
  operation('GetCredentialsForIdentity', 200),
  operation('TagResource', 5),
  operation('UntagResource', 5),
  operation('ListTagsForResource', 10),
] as const satisfies readonly RequestRate[];
