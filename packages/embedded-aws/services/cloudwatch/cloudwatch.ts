import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { enforce } from '../../kernel/constraints.ts';
import type { Service } from '../../kernel/service.ts';
import { type Alarm, type AlarmState, Alarms } from './alarms.ts';

type Place = Pick<Call, 'partition' | 'region' | 'account'>;

const arnOf = ({ partition, region, account }: Place, name: unknown): string =>
  `arn:${partition}:cloudwatch:${region}:${account}:alarm:${name}`;

const STATES: AlarmState[] = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];

class Dashboards {
  /** The dashboards' bodies by name. */
  readonly bodies = new Map<string, string>();
}

interface SetAlarmState {
  AlarmName: string;
  StateValue: AlarmState;
  StateReason: string;
}

function start(aws: Aws): Service {
  const alarms = aws.state(Alarms);
  const dashboards = aws.state(Dashboards);
  return {
    operations: {
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
      SetAlarmState: {
        writes: true,
        judge: (call) => ({ resource: arnOf(call, call.input['AlarmName']) }),
        async run(call) {
          const { AlarmName, StateValue, StateReason } = call.input as unknown as SetAlarmState;
          enforce([
            ['alarmName', AlarmName, { required: true, min: 1, max: 255 }],
            ['stateValue', StateValue, { required: true, oneOf: STATES }],
            ['stateReason', StateReason, { required: true, max: 1023 }],
          ]);
          await alarms.setState(arnOf(call, AlarmName), StateValue);
        },
      },
    },
    resources: {
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
      'AWS::CloudWatch::Alarm': {
        properties: [
          ...['AlarmName', 'AlarmDescription', 'AlarmActions', 'Namespace', 'MetricName'],
          ...['Dimensions', 'Statistic', 'Period', 'EvaluationPeriods', 'ComparisonOperator'],
          ...['Threshold', 'TreatMissingData'],
        ],
        create(properties, place) {
          const alarm = properties as unknown as Alarm;
          const arn = arnOf(place, alarm.AlarmName);
          alarms.set(arn, alarm);
          return { ref: alarm.AlarmName, attributes: { Arn: arn } };
        },
      },
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-dashboard.html
      'AWS::CloudWatch::Dashboard': {
        properties: ['DashboardName', 'DashboardBody'],
        create({ DashboardName, DashboardBody }) {
          dashboards.bodies.set(String(DashboardName), String(DashboardBody));
          return { ref: String(DashboardName), attributes: {} };
        },
      },
    },
  };
}

/** Amazon CloudWatch: alarms and dashboards. */
export const cloudwatch = {
  name: 'cloudwatch',
  state: { alarms: Alarms, dashboards: Dashboards },
  start,
} as const satisfies ServiceDefinition;
