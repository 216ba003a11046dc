import type { RequestRate } from '../../kernel/request-rates.ts';

type Size = readonly [size: number, perSecond: number];

/** A rate of one operation. The three largest Regions can have a larger bucket. */
function operation<const Name extends string>(name: Name, [size, perSecond]: Size, largest?: Size) {
  const large = largest && { size: largest[0], perSecond: largest[1] };
  return {
    name,
    bucket: { size, perSecond },
    regions: large ? { 'us-east-1': large, 'us-west-2': large, 'eu-west-1': large } : {},
    page: 'https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html',
  } as const;
}

export const rates = [
  operation('StartExecution', [800, 150], [1300, 300]),
  operation('StopExecution', [500, 25], [1000, 200]),
  operation('DescribeExecution', [250, 10], [300, 15]),
  operation('GetExecutionHistory', [400, 20]),
  operation('ListExecutions', [100, 2], [200, 5]),
  operation('SendTaskSuccess', [1500, 300], [3000, 500]),
  operation('SendTaskFailure', [1500, 300], [3000, 500]),
  operation('SendTaskHeartbeat', [1500, 300], [3000, 500]),
  operation('RedriveExecution', [800, 150], [1300, 300]),
  operation('DescribeStateMachine', [200, 20]),
  operation('DescribeStateMachineForExecution', [200, 1]),
  operation('ListStateMachines', [100, 5]),
] as const satisfies readonly RequestRate[];
