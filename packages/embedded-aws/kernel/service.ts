import type { Call, Judged } from './call.ts';
import type { Principal } from './iam.ts';

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

/** A service as it runs in one AWS: its operations, and the CloudFormation resources that it can make. */
export interface Service {
  operations: Record<string, Operation>;
  resources?: Record<string, ResourceType>;
  /** Refuses an input that lacks required members, named by their paths, unless as most services do. */
  refuseAbsent?(absent: string[]): void;
  /** A page that the service shows to anyone who GETs it, such as a key set. */
  page?(path: string): Promise<object | undefined>;
  /** Ends what runs by itself, such as schedules and executions. */
  stop?(): Promise<void> | void;
}
