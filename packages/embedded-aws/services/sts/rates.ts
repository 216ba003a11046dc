import { each, type RequestRate } from '../../kernel/request-rates.ts';

const page = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html';

export const rates = [
  {
    name: 'requests with AWS credentials',
    operations: ['AssumeRole', 'GetCallerIdentity'],
    bucket: each(600),
    page,
  },
] as const satisfies readonly RequestRate[];
