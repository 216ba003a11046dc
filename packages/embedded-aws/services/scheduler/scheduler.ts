import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { Service } from '../../kernel/service.ts';
import { every, parseSchedule } from '../events/schedule.ts';

/** A schedule that calls one operation of the AWS API. */
interface Schedule {
  arn: string;
  target: { service: string; operation: string; roleArn: string; input: Record<string, unknown> };
}

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html */
interface Target {
  Arn: string;
  RoleArn: string;
  Input?: string;
}

/**
 * Parses a universal target.
 *
 * @throws UnsupportedError for another kind of target.
 * @throws AwsError ValidationException for an operation that only reads.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
 */
function targetIn({ Arn, RoleArn, Input = '{}' }: Target): Schedule['target'] {
  const [, service, action] = /^arn:[\w-]+:scheduler:::aws-sdk:(\w+):(\w+)$/.exec(Arn) ?? [];
  if (service === undefined || action === undefined) {
    throw new UnsupportedError(`schedules whose target is ${Arn}`);
  }
  if (/^(get|describe|list|poll|receive|search|scan|query|select|read|lookup)/.test(action)) {
    throw new AwsError('ValidationException', `Provided Arn ${Arn} is not supported.`);
  }
  const operation = `${action.charAt(0).toUpperCase()}${action.slice(1)}`;
  return { service, operation, roleArn: RoleArn, input: JSON.parse(Input) };
}

/** The schedules of all accounts and Regions. */
class Schedules {
  readonly #aws: Aws;
  readonly #all = new Map<string, { schedule: Schedule; end: () => void }>();

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  put(schedule: Schedule, expression: string): void {
    this.#all.get(schedule.arn)?.end();
    const period = parseSchedule(expression);
    // A failed run is not retried.
    const run = () => void this.run(schedule.arn).catch(() => {});
    this.#all.set(schedule.arn, {
      schedule,
      end: period === undefined ? () => {} : every(period, run),
    });
  }

  /** The ARNs of all schedules. */
  arns(): string[] {
    return [...this.#all.keys()];
  }

  /**
   * Runs a schedule now, with its role.
   *
   * @throws AwsError ResourceNotFoundException for an unknown schedule, or the error of the call.
   */
  async run(arn: string): Promise<void> {
    const found = this.#all.get(arn);
    if (!found) throw new AwsError('ResourceNotFoundException', `There is no schedule ${arn}.`);
    const { service, operation, roleArn, input } = found.schedule.target;
    const [, , , region = ''] = arn.split(':');
    const principal = this.#aws.iam.assumeByService(
      roleArn,
      'scheduler.amazonaws.com',
      'schedule',
      arn.replace(/:schedule\/([^/]+)\/.*$/, ':schedule-group/$1'),
    );
    await this.#aws.call({ service, operation, region, principal, input });
  }

  /** Stops all schedules permanently. */
  stop(): void {
    for (const { end } of this.#all.values()) end();
  }
}

function start(aws: Aws): Service {
  const schedules = aws.state(Schedules);
  return {
    operations: {},
    stop: () => schedules.stop(),
    resources: {
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html
      'AWS::Scheduler::Schedule': {
        properties: ['Name', 'Description', 'ScheduleExpression', 'FlexibleTimeWindow', 'Target'],
        create({ Name, ScheduleExpression, Target }, { partition, region, account }) {
          const arn = `arn:${partition}:scheduler:${region}:${account}:schedule/default/${Name}`;
          const target = targetIn(Target as Target);
          schedules.put({ arn, target }, String(ScheduleExpression));
          return { ref: String(Name), attributes: { Arn: arn } };
        },
      },
    },
  };
}

/** Amazon EventBridge Scheduler: schedules of the default group, created by CloudFormation. */
export const scheduler = {
  name: 'scheduler',
  state: { schedules: Schedules },
  start,
} as const satisfies ServiceDefinition;
