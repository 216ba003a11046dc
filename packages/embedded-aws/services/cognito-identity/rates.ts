import { each, type RequestRate } from '../../kernel/request-rates.ts';

/** A rate of one operation. AWS publishes the least: a Region may have more. */
const operation = <const Name extends string>(name: Name, perSecond: number) =>
  ({
    name,
    bucket: each(perSecond),
    page: 'https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html',
  }) as const;

// AWS publishes none for UpdateIdentityPool, DescribeIdentityPool and the other operations of pools.
export const rates = [
  operation('GetId', 25),
  operation('GetOpenIdToken', 200),
  operation('GetCredentialsForIdentity', 200),
  operation('TagResource', 5),
  operation('UntagResource', 5),
  operation('ListTagsForResource', 10),
] as const satisfies readonly RequestRate[];
