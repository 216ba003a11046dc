import type { Aws, Service } from '../kernel/aws.ts';

/** An alarm as a template describes it. */
export interface Alarm {
  AlarmName: string;
  AlarmDescription: string;
  Namespace: string;
  MetricName: string;
  Dimensions: { Name: string; Value: string }[];
  Period: number;
  EvaluationPeriods: number | string;
  TreatMissingData: string;
  AlarmActions: string[];
}

/**
 * Amazon CloudWatch, as far as alarms and dashboards are there to be looked at: nothing is measured, none
 * rings.
 */
export function cloudwatch(aws: Aws): Service {
  return {
    operations: {},
    resources: {
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
      'AWS::CloudWatch::Alarm': {
        properties: [
          ...['AlarmName', 'AlarmDescription', 'AlarmActions', 'Namespace', 'MetricName'],
          ...['Dimensions', 'Statistic', 'Period', 'EvaluationPeriods', 'ComparisonOperator'],
          ...['Threshold', 'TreatMissingData'],
        ],
        create(properties, { account, region, partition }) {
          const alarm = properties as unknown as Alarm;
          const arn = `arn:${partition}:cloudwatch:${region}:${account}:alarm:${alarm.AlarmName}`;
          aws.alarms.set(arn, alarm);
          return { ref: alarm.AlarmName, attributes: { Arn: arn } };
        },
      },
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-dashboard.html
      'AWS::CloudWatch::Dashboard': {
        properties: ['DashboardName', 'DashboardBody'],
        create({ DashboardName, DashboardBody }) {
          aws.dashboards.set(String(DashboardName), String(DashboardBody));
          return { ref: String(DashboardName), attributes: {} };
        },
      },
    },
  };
}
