import type { Call } from '../../kernel/call.ts';
import { enforce } from '../../kernel/constraints.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { Bus, Buses, Rule } from './buses.ts';
import { parsePattern } from './pattern.ts';
import { busArn } from './put-events.ts';
import { parseSchedule } from './schedule.ts';
import { checkTarget, parseArn, type Target } from './targets.ts';

type Place = Pick<Call, 'account' | 'region' | 'partition'>;

/** The input of PutRule. */
export interface RuleInput {
  Name?: string;
  EventBusName?: string;
  EventPattern?: string;
  ScheduleExpression?: string;
  State?: string;
  Description?: string;
  RoleArn?: string;
}

export const invalid = (message: string): never => {
  throw new AwsError('ValidationException', message);
};

const NAME = '[\\.\\-_A-Za-z0-9]+';
const states = ['ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'];

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const LONGEST_PATTERN = 2048;
const MOST_TARGETS = 5;

/** The name of a bus from its name or ARN. */
const busName = (named = 'default'): string => named.slice(named.indexOf('/') + 1);

export function ruleArn(
  { partition, region, account }: Place,
  name: unknown,
  bus?: string,
): string {
  const path = busName(bus) === 'default' ? '' : `${busName(bus)}/`;
  return `arn:${partition}:events:${region}:${account}:rule/${path}${name}`;
}

/** The rules on the buses, by the caller's account and Region. */
export class Rules {
  readonly #buses: Buses;

  constructor(buses: Buses) {
    this.#buses = buses;
  }

  /** @throws AwsError ResourceNotFoundException */
  bus(place: Place, named?: string): Bus {
    const arn = busArn(place, named);
    const { account, region } = parseArn(arn);
    if (account !== place.account || region !== place.region) {
      throw new UnsupportedError('rules on the event bus of another account or Region');
    }
    const bus = this.#buses.find(arn);
    if (bus) return bus;
    throw new AwsError('ResourceNotFoundException', `Event bus ${busName(named)} does not exist.`);
  }

  /** @throws AwsError ResourceNotFoundException */
  find(place: Place, name: unknown, named?: string): Rule {
    const bus = this.bus(place, named);
    const rule = bus.rules.get(String(name));
    if (rule) return rule;
    throw new AwsError(
      'ResourceNotFoundException',
      `Rule ${name} does not exist on EventBus ${bus.name}.`,
    );
  }

  /** Creates a rule, or replaces it and keeps its targets. */
  put(place: Place, input: RuleInput): Rule {
    const { Name = '', EventBusName, State = 'ENABLED', Description, RoleArn } = input;
    enforce([
      ['name', input.Name, { required: true, min: 1, max: 64, pattern: NAME }],
      ['description', Description, { max: 512 }],
      ['eventPattern', input.EventPattern, { max: 4096 }],
      ['scheduleExpression', input.ScheduleExpression, { max: 256 }],
      ['state', State, { pattern: states.join('|') }],
    ]);
    const bus = this.bus(place, EventBusName);
    const patternText = this.#pattern(Name, input.EventPattern);
    const schedule = this.#schedule(bus, input.ScheduleExpression);
    if (patternText === undefined && schedule === undefined) {
      invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.');
    }
    const rule: Rule = {
      name: Name,
      arn: ruleArn(place, Name, bus.name),
      bus,
      schedule,
      patternText,
      state: State,
      description: Description,
      roleArn: RoleArn,
      pattern: patternText === undefined ? undefined : parsePattern(patternText),
      targets: bus.rules.get(Name)?.targets ?? new Map<string, Target>(),
    };
    this.#buses.put(rule);
    return rule;
  }

  /** Adds targets to a rule, or replaces targets with the same id. Adds none if one is invalid. */
  putTargets(rule: Rule, targets: Target[]): void {
    const { region } = parseArn(rule.arn);
    for (const [index, target] of targets.entries()) checkTarget(target, index, region);
    if (new Set([...rule.targets.keys(), ...targets.map(({ Id }) => Id)]).size > MOST_TARGETS) {
      throw new AwsError(
        'LimitExceededException',
        'The requested resource exceeds the maximum number allowed.',
      );
    }
    for (const target of targets) rule.targets.set(target.Id, target);
  }

  /** Checks a pattern; undefined if it is empty. */
  #pattern(name: string, text = ''): string | undefined {
    if (text === '' || /^\s*\{\s*\}\s*$/.test(text)) return undefined;
    if (text.length <= LONGEST_PATTERN) return text;
    return invalid(`Parameter EventPattern for rule ${name} exceeds limit of ${LONGEST_PATTERN}.`);
  }

  #schedule(bus: Bus, expression = ''): string | undefined {
    if (expression === '') return undefined;
    if (bus.name !== 'default') {
      invalid('ScheduleExpression is supported only on the default event bus.');
    }
    parseSchedule(expression);
    return expression;
  }
}
