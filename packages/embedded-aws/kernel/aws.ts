import { randomUUID } from 'node:crypto';
import type { Asked, Call, Emit } from './call.ts';
import { CloudTrail } from './cloudtrail.ts';
import { AwsError, UnsupportedError } from './errors.ts';
import { denial, Iam } from './iam.ts';
import { partitionOf } from './partitions.ts';
import type { Wire } from './protocol.ts';
import type { Limited } from './request-rates.ts';
import type { Operation, Service } from './service.ts';
import { Throttle, type ThrottleOptions } from './throttle.ts';

/** A class that holds state of a service, such as its queues. Each AWS has its own instance. */
export type StateKind<State> = new (aws: Aws) => State;

/** A service: what is the same in every AWS, and how it starts in one. */
export interface ServiceDefinition extends Wire, Limited {
  /** Its state, under the names by which code in the same process reads it. */
  state?: Readonly<Record<string, StateKind<unknown>>>;
  start(aws: Aws): Service;
}

export interface KernelOptions extends ThrottleOptions {
  /** The delay between a call and its CloudTrail event on the bus: minimum and maximum, in milliseconds. */
  trailDelay?: [number, number];
  /** Whether each account has a trail that logs write management events. */
  trail?: boolean;
  /** The latency of a call, in milliseconds, by service; 0 by default. */
  latency?: Record<string, number>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The base of all services: identities, policies, request rates, CloudTrail and calls. */
export class Aws {
  readonly iam = new Iam();
  readonly trail: CloudTrail;
  readonly throttle: Throttle;
  /** The services by name, as in endpoints and IAM actions. */
  readonly definitions: ReadonlyMap<string, ServiceDefinition>;
  readonly services: Map<string, Service>;
  /** The endpoint URL, once the server listens. */
  endpoint = '';
  /** Puts an event that AWS itself creates on the default bus of an account and Region. */
  emit: Emit = () => {};
  /** Regions that an account has not enabled, as `ACCOUNT REGION`. */
  readonly disabledRegions = new Set<string>();
  readonly #latency: Record<string, number>;
  readonly #states = new Map<StateKind<unknown>, unknown>();

  /** @throws Error if `unlimited` or `rates` contradict the rates that AWS publishes. */
  constructor(definitions: readonly ServiceDefinition[], options: KernelOptions = {}) {
    this.#latency = options.latency ?? {};
    this.throttle = new Throttle(definitions, options);
    // Look `emit` up for every event: tests replace it.
    const emit: Emit = (account, region, event) => this.emit(account, region, event);
    this.trail = new CloudTrail(emit, options.trailDelay ?? [800, 1600], options.trail ?? true);
    this.definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.services = new Map(definitions.map(({ name, start }) => [name, start(this)]));
  }

  /** The state of a service in this AWS: one instance per class, created on first use. */
  state<State>(Kind: StateKind<State>): State {
    const known = this.#states.get(Kind);
    // The key of each instance is its class.
    if (known !== undefined) return known as State;
    const made = new Kind(this);
    this.#states.set(Kind, made);
    return made;
  }

  /** Stops all timers, schedules and executions. */
  async stop(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.stop?.()));
  }

  /**
   * Makes a call: finds the operation, counts the request, asks IAM, runs the operation and records it.
   *
   * @throws AwsError that AWS answers.
   */
  async call(asked: Asked): Promise<object> {
    const way = (this.#latency[asked.service] ?? 0) / 2;
    if (way === 0) return this.#call(asked);
    await sleep(way);
    try {
      return await this.#call(asked);
    } finally {
      await sleep(way);
    }
  }

  async #call(asked: Asked): Promise<object> {
    const { service, operation, principal, region, input, userAgent = 'aws-internal' } = asked;
    const known = this.services.get(service)?.operations;
    const found = known && Object.hasOwn(known, operation) ? known[operation] : undefined;
    if (!found) throw new UnsupportedError(`${service}:${operation}`);
    const account = principal?.account ?? '';
    const partition = partitionOf(region);
    const requestId = randomUUID();
    const call: Call = {
      service,
      operation,
      input,
      principal,
      account,
      region,
      partition,
      requestId,
      userAgent,
    };
    // AWS counts a request before it asks IAM. An assumption: CloudTrail does not record a throttled
    // request.
    if (found.open || principal) this.throttle.admit(call, found.owner?.(input) ?? account);
    try {
      this.#refuseDisabledRegion(call);
      if (!found.open) this.#authorize(call, found);
      const output = (await found.run(call)) ?? {};
      if (found.writes) this.trail.record(call, output);
      return output;
    } catch (error) {
      if (found.writes && error instanceof AwsError) this.trail.record(call, undefined, error);
      throw error;
    }
  }

  /**
   * A Region that the caller's account has not enabled refuses its credentials. STS documents its code. Users
   * report the code of JSON services; an assumption: identity pools use it too.
   *
   * @see https://repost.aws/knowledge-center/iam-validate-access-credentials
   * @see https://github.com/aws/chalice/issues/1445
   */
  #refuseDisabledRegion({ principal, service, account, region }: Call): void {
    if (!principal || !this.disabledRegions.has(`${account} ${region}`)) return;
    const code = service === 'sts' ? 'InvalidClientTokenId' : 'UnrecognizedClientException';
    throw new AwsError(code, 'The security token included in the request is invalid.', 403);
  }

  #authorize(call: Call, operation: Operation): void {
    const { principal, service } = call;
    if (!principal) {
      throw new AwsError('MissingAuthenticationToken', 'Missing Authentication Token', 403);
    }
    for (const judged of [operation.judge?.(call) ?? {}].flat()) {
      const { action = `${service}:${call.operation}`, resource = '*', ...rest } = judged;
      const { resourcePolicy, ...others } = rest;
      const policy = resourcePolicy ? { resourcePolicy } : {};
      const question = { principal, action, resource, ...others, ...policy };
      if (this.iam.allows(question)) continue;
      const code = service === 'sts' ? 'AccessDenied' : 'AccessDeniedException';
      throw new AwsError(code, denial(question), service === 'sts' ? 403 : 400);
    }
  }
}
