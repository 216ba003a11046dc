import type { Aws } from '../../kernel/aws.ts';
import { AwsError } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/iam.ts';
import { Buses } from '../events/buses.ts';
import { StateMachines } from '../states/machines.ts';
import { embeddedMetric, type Sample } from './embedded-metrics.ts';

/** An alarm from a template, on one metric. */
export interface Alarm {
  Namespace: string;
  MetricName: string;
  Dimensions?: { Name: string; Value: string }[];
  AlarmName: string;
  AlarmDescription: string;
  Period: number;
  EvaluationPeriods: number | string;
  Threshold: number | string;
  ComparisonOperator: string;
  TreatMissingData: string;
  AlarmActions: string[];
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

const comparisons = new Map<string, (sum: number, threshold: number) => boolean>([
  ['GreaterThanOrEqualToThreshold', (sum, threshold) => sum >= threshold],
  ['GreaterThanThreshold', (sum, threshold) => sum > threshold],
  ['LessThanOrEqualToThreshold', (sum, threshold) => sum <= threshold],
  ['LessThanThreshold', (sum, threshold) => sum < threshold],
]);

/**
 * The alarms of all accounts and Regions. The metrics are the counts of succeeded executions by state machine, of events
 * by the rule of a default bus that they triggered, and those that functions print. An alarm on another metric of AWS
 * keeps the state that SetAlarmState gave it.
 */
export class Alarms extends Map<string, Alarm> {
  readonly #aws: Aws;
  readonly #states = new Map<string, AlarmState>();

  constructor(aws: Aws) {
    super();
    this.#aws = aws;
  }

  /** The state of an alarm: INSUFFICIENT_DATA until it is set or evaluated. */
  state(arn: string): AlarmState {
    return this.#states.get(arn) ?? 'INSUFFICIENT_DATA';
  }

  /**
   * Sets a state until the next evaluation, which follows immediately.
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
   *
   * @throws AwsError ResourceNotFound
   */
  async setState(arn: string, state: AlarmState): Promise<void> {
    await this.#become(arn, this.#known(arn), state);
    await this.evaluate(arn);
  }

  /**
   * Evaluates an alarm. CloudWatch does this every minute.
   *
   * @throws AwsError ResourceNotFound
   */
  async evaluate(arn: string): Promise<void> {
    const alarm = this.#known(arn);
    const samples = this.#samples(arn, alarm);
    if (samples) await this.#become(arn, alarm, isBreached(alarm, samples) ? 'ALARM' : 'OK');
  }

  #known(arn: string): Alarm {
    const alarm = this.get(arn);
    if (alarm) return alarm;
    throw new AwsError('ResourceNotFound', `There is no alarm ${arn}.`);
  }

  /** The values of the alarm's metric; undefined if there is no such metric here. */
  #samples(arn: string, alarm: Alarm): readonly Sample[] | undefined {
    const { Namespace, MetricName, Dimensions = [] } = alarm;
    const [, partition, , region = '', account = ''] = arn.split(':');
    const value = Dimensions[0]?.Value ?? '';
    switch (`${Namespace} ${MetricName}`) {
      // https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
      case 'AWS/States ExecutionsSucceeded':
        return [...this.#aws.state(StateMachines).executions.values()]
          .filter(({ machine, status }) => machine.arn === value && status === 'SUCCEEDED')
          .map(({ stopDate = 0 }) => one(stopDate));
      // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
      case 'AWS/Events TriggeredRules': {
        const rule = `arn:${partition}:events:${region}:${account}:rule/${value}`;
        return this.#aws.state(Buses).triggered(rule).map(one);
      }
      default:
        // AWS publishes its own metrics in these namespaces, and no one else can.
        if (Namespace.startsWith('AWS/')) return undefined;
        return embeddedMetric(this.#aws, { account, region }, alarm);
    }
  }

  /** Sets the state. An alarm runs its actions only when it changes to ALARM. */
  async #become(arn: string, { AlarmName, AlarmActions }: Alarm, state: AlarmState): Promise<void> {
    const before = this.state(arn);
    this.#states.set(arn, state);
    if (state !== 'ALARM' || before === 'ALARM') return;
    const [, , , region = '', account = ''] = arn.split(':');
    const principal: Principal = {
      kind: 'service',
      account,
      arn: 'cloudwatch.amazonaws.com',
      sourceArn: arn,
    };
    const Message = JSON.stringify({ AlarmName, NewStateValue: state, OldStateValue: before });
    for (const TopicArn of AlarmActions) {
      const input = { TopicArn, Message };
      await this.#aws.call({ service: 'sns', operation: 'Publish', region, principal, input });
    }
  }
}

const one = (time: number): Sample => ({ time, value: 1 });

/**
 * Whether every evaluated period breaches the threshold.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
 */
function isBreached(alarm: Alarm, samples: readonly Sample[]): boolean {
  const { Period, Threshold, ComparisonOperator, TreatMissingData } = alarm;
  const now = Date.now() / 1000;
  const periodOf = ({ time }: Sample) => Math.floor((now - time) / Period);
  const periods = Array.from({ length: Number(alarm.EvaluationPeriods) }, (_, age) => age);
  return periods.every((period) => {
    const values = samples.filter((each) => periodOf(each) === period).map(({ value }) => value);
    if (values.length === 0) return TreatMissingData === 'breaching';
    const sum = values.reduce((total, value) => total + value, 0);
    return comparisons.get(ComparisonOperator)?.(sum, Number(Threshold)) ?? false;
  });
}
