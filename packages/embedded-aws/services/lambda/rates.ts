import { each, type RequestRate } from '../../kernel/request-rates.ts';

const page = 'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html';

export const rates = [
  { name: 'GetFunction', bucket: each(100), page },
  // All control plane operations except GetFunction and GetPolicy.
  { name: 'control plane', operations: ['ListFunctions'], bucket: each(15), page },
] as const satisfies readonly RequestRate[];
