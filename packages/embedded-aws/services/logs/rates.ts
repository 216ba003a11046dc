import { each, type RequestRate } from '../../kernel/request-rates.ts';

const page = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html';

export const rates = [
  {
    name: 'FilterLogEvents',
    bucket: each(10),
    regions: {
      'us-east-1': each(25),
      'ap-northeast-3': each(5),
      'ap-southeast-3': each(5),
      'ca-west-1': each(5),
      'eu-central-1': each(5),
      'il-central-1': each(5),
    },
    page,
  },
  { name: 'DescribeLogGroups', bucket: each(10), page },
] as const satisfies readonly RequestRate[];
