import { randomUUID } from 'node:crypto';
import { Alarms } from '../cloudwatch/alarms.ts';
import { IdentityPools } from '../cognito-identity/pools.ts';
import { UserPools } from '../cognito-idp/pools.ts';
import { Tables } from '../dynamodb/dynamodb.ts';
import { Buses } from '../events/buses.ts';
import { Functions } from '../lambda/lambda.ts';
import { LogGroups } from '../logs/logs.ts';
import { Schedules } from '../scheduler/scheduler.ts';
import { StateMachines } from '../states/machines.ts';
import { CloudTrail } from './cloudtrail.ts';
import { AwsError, UnsupportedError } from './errors.ts';
import { type Context, denial, Iam, type PolicyDocument, type Principal } from './iam.ts';
import { partitionOf } from './partitions.ts';
import { Throttle, type ThrottleOptions } from './throttle.ts';

/** One call of an operation: who, where, with what. */
export interface Call<Input = Record<string, unknown>> {
  service: string;
  operation: string;
  input: Input;
  principal: Principal | undefined;
  account: string;
  region: string;
  partition: string;
  requestId: string;
  userAgent: string;
}

/** What IAM is asked about a call. */
export interface Judged {
  action?: string;
  resource?: string;
  context?: Context;
  resourcePolicy?: PolicyDocument | undefined;
  bothMustAllow?: boolean;
}

/** One operation of a service. */
export interface Operation {
  /** Public operations are not signed and IAM is not asked. */
  open?: boolean;
  /** The account whose requests a public operation counts as: the one that owns what it is about. */
  owner?(input: Record<string, unknown>): string | undefined;
  /** CloudTrail records it as a management event that writes. */
  writes?: boolean;
  /** Resources and conditions, where the operation has any; several, if it is several actions. */
  judge?(call: Call): Judged | Judged[];
  // biome-ignore lint/suspicious/noConfusingVoidType: many operations answer nothing
  run(call: Call): Promise<object | void> | object | void;
}

/** A service, and the CloudFormation resources that it can make. */
export interface Service {
  operations: Record<string, Operation>;
  resources?: Record<string, ResourceType>;
  /** Refuses an input that lacks required members, named by their paths, unless as most services do. */
  refuseAbsent?(absent: string[]): void;
  /** A page that the service shows to anyone who GETs it, such as a key set. */
  page?(path: string): Promise<object | undefined>;
}

/** An event before a bus has taken it. */
export interface BusEvent {
  source: string;
  'detail-type': string;
  time: string;
  resources: string[];
  detail: object;
}

/** How CloudFormation makes a resource of one type. */
export interface ResourceType {
  /** The properties it understands; any other is refused. */
  properties: string[];
  create(
    properties: Record<string, unknown>,
    at: {
      account: string;
      region: string;
      partition: string;
      logicalId: string;
      stack: string;
      deployer?: Principal | undefined;
    },
  ): Promise<CreatedResource> | CreatedResource;
}

export interface CreatedResource {
  /** What Ref gives. */
  ref: string;
  /** What Fn::GetAtt gives. */
  attributes?: Record<string, string>;
}

/** A call as another service or the wire makes it. */
export type Asked = Pick<Call, 'service' | 'operation' | 'input' | 'region'> &
  Partial<Pick<Call, 'userAgent'>> & { principal?: Principal | undefined };

export interface AwsOptions extends ThrottleOptions {
  /** How long CloudTrail takes to show a call on the bus, in milliseconds, from and to. */
  trailDelay?: [number, number];
  /** Whether each account has a trail that logs write management events. */
  trail?: boolean;
  /** How long a call takes, in milliseconds, by service; no time unless asked for. */
  latency?: Record<string, number>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The services, and what lies beneath them all: identities, policies, the trail. */
export class Aws {
  readonly iam = new Iam();
  /** The event buses, and the ways to disturb their deliveries. */
  readonly buses = new Buses(this);
  readonly trail: CloudTrail;
  /** By ARN. */
  readonly alarms = new Alarms(this);
  /** Bodies of dashboards, by name. */
  readonly dashboards = new Map<string, string>();
  readonly functions = new Functions(this);
  readonly identityPools = new IdentityPools();
  readonly logGroups = new LogGroups();
  readonly schedules = new Schedules(this);
  readonly stateMachines = new StateMachines(this);
  readonly tables = new Tables();
  readonly userPools = new UserPools();
  readonly throttle: Throttle;
  readonly services = new Map<string, Service>();
  /** Where the zips are that a template's S3Keys stand for. */
  artifacts = '';
  /** Where the wire protocols are spoken, once they are. */
  endpoint = '';
  /** Puts an event of AWS's own on the default bus of an account and Region. */
  emit: (account: string, region: string, event: BusEvent) => void = () => {};
  /** Regions that an account has not enabled, as `ACCOUNT REGION`. */
  readonly disabledRegions = new Set<string>();
  readonly #latency: Record<string, number>;

  constructor(options: AwsOptions = {}) {
    this.#latency = options.latency ?? {};
    this.throttle = new Throttle(options);
    this.trail = new CloudTrail(this, options.trailDelay ?? [800, 1600], options.trail ?? true);
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
      if (!found.open) this.#authorize(call, found);
      const output = (await found.run(call)) ?? {};
      if (found.writes) this.trail.record(call, output);
      return output;
    } catch (error) {
      if (found.writes && error instanceof AwsError) this.trail.record(call, undefined, error);
      throw error;
    }
  }

  #authorize(call: Call, operation: Operation): void {
    const { principal, service } = call;
    if (!principal) {
      throw new AwsError('MissingAuthenticationToken', 'Missing Authentication Token', 403);
    }
    // STS judges by the account that is asked for credentials. That others answer so is an assumption.
    if (service !== 'sts' && this.disabledRegions.has(`${call.account} ${call.region}`)) {
      const message = 'The security token included in the request is invalid.';
      throw new AwsError('UnrecognizedClientException', message, 403);
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
