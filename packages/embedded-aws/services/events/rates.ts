import { each, type RequestRate } from '../../kernel/request-rates.ts';

const page = 'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html';

export const rates = [
  {
    name: 'PutEvents',
    bucket: each(400),
    regions: {
      'us-east-1': each(10_000),
      'us-east-2': each(2400),
      'us-west-1': each(1200),
      'us-west-2': each(10_000),
      'ap-east-1': each(600),
      'ap-northeast-1': each(1200),
      'ap-northeast-2': each(600),
      'ap-south-1': each(600),
      'ap-southeast-1': each(1200),
      'ap-southeast-2': each(1200),
      'ca-central-1': each(600),
      'eu-central-1': each(2400),
      'eu-north-1': each(600),
      'eu-south-2': each(2400),
      'eu-west-1': each(10_000),
      'eu-west-2': each(1200),
      'eu-west-3': each(600),
      'sa-east-1': each(600),
    },
    page,
  },
  {
    name: 'control plane',
    operations: 'others',
    bucket: each(50),
    page,
  },
] as const satisfies readonly RequestRate[];
