import type { Aws } from '../../kernel/aws.ts';
import { AwsError } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/iam.ts';
import { StateMachines } from '../states/machines.ts';

/** An alarm from a template, on one metric. */
export interface Alarm {
  Namespace: string;
  MetricName: string;
  Dimensions: { Name: string; Value: string }[];
  AlarmName: string;
  AlarmDescription: string;
  Period: number;
  EvaluationPeriods: number | string;
  TreatMissingData: string;
  AlarmActions: string[];
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/**
 * The alarms of all accounts and Regions. The only metric is the count of succeeded executions. An alarm on
 * another metric keeps the state that SetAlarmState gave it.
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
    const isOverdue = this.#isOverdue(alarm);
    if (isOverdue !== undefined) await this.#become(arn, alarm, isOverdue ? 'ALARM' : 'OK');
  }

  #known(arn: string): Alarm {
    const alarm = this.get(arn);
    if (alarm) return alarm;
    throw new AwsError('ResourceNotFound', `There is no alarm ${arn}.`);
  }

  /** Whether no execution succeeded in the evaluated periods; undefined if the alarm can't be evaluated. */
  #isOverdue(alarm: Alarm): boolean | undefined {
    const { Namespace, MetricName, TreatMissingData, Dimensions, Period } = alarm;
    const isMeasured = `${Namespace} ${MetricName}` === 'AWS/States ExecutionsSucceeded';
    if (!isMeasured || TreatMissingData !== 'breaching') return undefined;
    const since = Date.now() / 1000 - Period * Number(alarm.EvaluationPeriods);
    return ![...this.#aws.state(StateMachines).executions.values()].some(
      ({ machine, status, stopDate = 0 }) =>
        machine.arn === Dimensions[0]?.Value && status === 'SUCCEEDED' && stopDate > since,
    );
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
