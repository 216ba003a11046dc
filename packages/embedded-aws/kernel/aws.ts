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

/** A class of what a service keeps, such as its queues; each AWS has one instance of its own. */
export type StateKind<State> = new (aws: Aws) => State;

/** A service: what is true of it in every AWS, and how it starts in one. */
export interface ServiceDefinition extends Wire, Limited {
  /** What it keeps, under the names by which code in the same process reaches it. */
  state?: Readonly<Record<string, StateKind<unknown>>>;
  start(aws: Aws): Service;
}

export interface KernelOptions extends ThrottleOptions {
  /** How long CloudTrail takes to show a call on the bus, in milliseconds, from and to. */
  trailDelay?: [number, number];
  /** Whether each account has a trail that logs write management events. */
  trail?: boolean;
  /** How long a call takes, in milliseconds, by service; no time unless asked for. */
  latency?: Record<string, number>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What lies beneath all services: identities, policies, request rates, the trail, and calls. */
export class Aws {
  readonly iam = new Iam();
  readonly trail: CloudTrail;
  readonly throttle: Throttle;
  /** The services by their names, as endpoints and IAM actions have them. */
  readonly definitions: ReadonlyMap<string, ServiceDefinition>;
  readonly services: Map<string, Service>;
  /** Where the wire protocols are spoken, once they are. */
  endpoint = '';
  /** Puts an event of AWS's own on the default bus of an account and Region. */
  emit: Emit = () => {};
  /** Regions that an account has not enabled, as `ACCOUNT REGION`. */
  readonly disabledRegions = new Set<string>();
  readonly #latency: Record<string, number>;
  readonly #states = new Map<StateKind<unknown>, unknown>();

  /** @throws Error for a rate that AWS does not publish, or publishes otherwise. */
  constructor(definitions: readonly ServiceDefinition[], options: KernelOptions = {}) {
    this.#latency = options.latency ?? {};
    this.throttle = new Throttle(definitions, options);
    // By its name: tests put another in its place.
    const emit: Emit = (account, region, event) => this.emit(account, region, event);
    this.trail = new CloudTrail(emit, options.trailDelay ?? [800, 1600], options.trail ?? true);
    this.definitions = new Map(definitions.map((definition) => [definition.name, definition]));
    this.services = new Map(definitions.map(({ name, start }) => [name, start(this)]));
  }

  /** What a service keeps in this AWS: the one instance of a class, made when it is first asked for. */
  state<State>(Kind: StateKind<State>): State {
    const known = this.#states.get(Kind);
    // Each instance is kept under its own class.
    if (known !== undefined) return known as State;
    const made = new Kind(this);
    this.#states.set(Kind, made);
    return made;
  }

  /** Ends all that runs by itself. */
  async stop(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.stop?.()));
  }

  /**
   * Makes a call: finds the operation, counts the request, asks IAM, runs it, and records it.
   *
   * @throws AwsError as AWS would answer it.
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
    // AWS counts a request before it asks IAM. That CloudTrail shows none that is refused for its
    // rate is an assumption.
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
   * A Region that the caller's account has not enabled does not know its credentials. STS documents the code, and
   * users report that of services that speak JSON; that identity pools use it is an assumption.
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
