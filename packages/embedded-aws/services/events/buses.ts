import { randomUUID } from 'node:crypto';
import type { Aws } from '../../kernel/aws.ts';
import type { BusEvent } from '../../kernel/call.ts';
import { AwsError } from '../../kernel/errors.ts';
import { type Context, denial, type PolicyDocument, type Principal } from '../../kernel/iam.ts';
import { Deliveries } from './delivery.ts';
import { type EventPattern, matches } from './pattern.ts';
import { every, parseSchedule } from './schedule.ts';
import { type BusRecord, type Delivery, isoSeconds, parseArn, type Target } from './targets.ts';

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly bus: Bus;
  readonly description?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly patternText?: string | undefined;
  readonly pattern?: EventPattern | undefined;
  readonly schedule?: string | undefined;
  readonly state: string;
  readonly targets: Map<string, Target>;
}

export interface Bus {
  readonly arn: string;
  readonly name: string;
  policy?: PolicyDocument;
  readonly rules: Map<string, Rule>;
}

const isOn = ({ state }: Rule): boolean => state !== 'DISABLED';

/**
 * The event buses of all accounts and Regions.
 *
 * Tests in the same process can disturb deliveries with `duplicate`, `drop`, `hold` and `release`, in the ways that
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html describes. `fire` runs a
 * scheduled rule, and `settled` waits for running deliveries. A delivery is one event for one target.
 */
export class Buses {
  readonly #buses = new Map<string, Bus>();
  readonly #schedules = new Map<string, () => void>();
  readonly #triggered = new Map<string, number[]>();
  readonly #aws: Aws;
  readonly #deliveries: Deliveries;

  constructor(aws: Aws) {
    this.#aws = aws;
    this.#deliveries = new Deliveries(aws, (delivery, principal) =>
      this.forward(delivery, principal),
    );
  }

  /** Makes each of the next `count` deliveries twice. */
  duplicate(count: number): void {
    this.#deliveries.duplicate(count);
  }

  /** Drops the next `count` deliveries: they are not retried and reach no dead-letter queue. */
  drop(count: number): void {
    this.#deliveries.drop(count);
  }

  /** Holds all deliveries until `release`. */
  hold(): void {
    this.#deliveries.hold();
  }

  /** The number of held deliveries. */
  get held(): number {
    return this.#deliveries.held;
  }

  /** Makes the held deliveries, in the given order. Later deliveries are no longer held. */
  release(order: (held: readonly Delivery[]) => readonly Delivery[] = (held) => held): void {
    this.#deliveries.release(order);
  }

  /** Waits for all running deliveries, except held ones and ones that wait for a retry. */
  settled(): Promise<void> {
    return this.#deliveries.settled();
  }

  /** When events triggered a rule, in seconds. */
  triggered(ruleArn: string): readonly number[] {
    return this.#triggered.get(ruleArn) ?? [];
  }

  /**
   * Runs a scheduled rule now, even if it is disabled.
   *
   * @throws AwsError ResourceNotFoundException if no such rule has a schedule.
   */
  fire(ruleArn: string): void {
    const rules = [...this.#buses.values()].flatMap(({ rules }) => [...rules.values()]);
    const rule = rules.find(({ arn, schedule }) => arn === ruleArn && schedule !== undefined);
    if (!rule)
      throw new AwsError('ResourceNotFoundException', `No rule ${ruleArn} has a schedule.`);
    const { account, region } = parseArn(ruleArn);
    const event = {
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      resources: [ruleArn],
      detail: {},
      time: isoSeconds(Date.now()),
    };
    this.#run(rule, record(account, region, event), false);
  }

  /** Stops all schedules and deliveries permanently. */
  stop(): void {
    for (const end of this.#schedules.values()) end();
    this.#deliveries.stop();
  }

  /** Puts an event that AWS itself creates on a bus. */
  emit(busArn: string, event: BusEvent): void {
    const { account, region } = parseArn(busArn);
    const bus = this.find(busArn);
    if (bus) this.accept(bus, record(account, region, event));
  }

  /** Finds a bus. Every account has a default bus in every Region. */
  find(arn: string): Bus | undefined {
    return (
      this.#buses.get(arn) ?? (arn.endsWith(':event-bus/default') ? this.create(arn) : undefined)
    );
  }

  create(arn: string): Bus {
    const bus: Bus = { arn, name: arn.slice(arn.indexOf('/') + 1), rules: new Map() };
    this.#buses.set(arn, bus);
    return bus;
  }

  delete(bus: Bus): void {
    this.#buses.delete(bus.arn);
  }

  put(rule: Rule): void {
    rule.bus.rules.set(rule.name, rule);
    this.#schedules.get(rule.arn)?.();
    const period = rule.schedule === undefined ? undefined : parseSchedule(rule.schedule);
    if (period === undefined || !isOn(rule)) this.#schedules.delete(rule.arn);
    else
      this.#schedules.set(
        rule.arn,
        every(period, () => this.fire(rule.arn)),
      );
  }

  remove(rule: Rule): void {
    rule.bus.rules.delete(rule.name);
    this.#schedules.get(rule.arn)?.();
    this.#schedules.delete(rule.arn);
  }

  /** Delivers an event to the targets of all matching rules. */
  accept(bus: Bus, event: BusRecord, forwarded = false): void {
    for (const rule of bus.rules.values()) {
      if (isOn(rule) && rule.pattern && matches(rule.pattern, event)) {
        this.#run(rule, event, forwarded);
      }
    }
  }

  /**
   * Forwards an event unchanged to another bus.
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
   *
   * @throws AwsError if the event was already forwarded, the bus does not exist or its policy does not allow it.
   */
  forward({ event, rule, target, forwarded }: Delivery, principal: Principal): void {
    if (forwarded) {
      const hop =
        parseArn(rule.arn).account === parseArn(target.Arn).account ? 'REGION' : 'ACCOUNT';
      throw new AwsError(
        `THIRD_${hop}_HOP_DETECTED`,
        'The event was already forwarded from another bus.',
      );
    }
    const bus = this.find(target.Arn);
    const question = {
      principal,
      action: 'events:PutEvents',
      resource: target.Arn,
      context: contextOf(event.source, event['detail-type'], true),
      ...(bus?.policy && { resourcePolicy: bus.policy }),
    };
    if (!this.#aws.iam.allows(question)) {
      throw new AwsError('AccessDeniedException', denial(question));
    }
    if (!bus) {
      throw new AwsError('ResourceNotFoundException', `Event bus ${target.Arn} does not exist.`);
    }
    this.accept(bus, event, true);
  }

  #run(rule: Rule, event: BusRecord, forwarded: boolean): void {
    const ingested = Date.now();
    const times = this.#triggered.get(rule.arn) ?? [];
    times.push(ingested / 1000);
    this.#triggered.set(rule.arn, times);
    for (const target of rule.targets.values()) {
      this.#deliveries.start({ event, rule, target, ingested, forwarded, retries: 0 });
    }
  }
}

/**
 * The condition keys for an event, which a bus's policy can test.
 *
 * @param byRule whether a rule forwards the event, instead of a call of PutEvents.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
 */
export const contextOf = (
  source: string | undefined,
  detailType: string | undefined,
  byRule: boolean,
): Context => ({
  'events:source': source,
  'events:detail-type': detailType,
  'events:eventBusInvocation': String(byRule),
});

/** An event as a bus accepts it, with a new id. The detail is copied through JSON. */
export const record = (account: string, region: string, event: BusEvent): BusRecord => ({
  version: '0',
  id: randomUUID(),
  'detail-type': event['detail-type'],
  source: event.source,
  account,
  time: event.time,
  region,
  resources: event.resources,
  detail: JSON.parse(JSON.stringify(event.detail)),
});
