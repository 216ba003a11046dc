import type { Call, Judged } from './call.ts';
import type { Principal } from './iam.ts';

/** One operation of a service. */
export interface Operation {
  /** Public operations need no signature, and IAM is not asked. */
  open?: boolean;
  /** The account that a public call counts for: the owner of the resource that the input names. */
  owner?(input: Record<string, unknown>): string | undefined;
  /** Whether CloudTrail records the call, as a management event that writes. */
  writes?: boolean;
  /** The questions to IAM, one per action, if the operation has resources, conditions or several actions. */
  judge?(call: Call): Judged | Judged[];
  // biome-ignore lint/suspicious/noConfusingVoidType: many operations return nothing
  run(call: Call): Promise<object | void> | object | void;
}

/** How CloudFormation creates a resource of one type. */
export interface ResourceType {
  /** The supported properties; others are refused. */
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
  /** The value of Ref. */
  ref: string;
  /** The values of Fn::GetAtt. */
  attributes?: Record<string, string>;
}

/** A service in one AWS: its operations and its CloudFormation resource types. */
export interface Service {
  operations: Record<string, Operation>;
  resources?: Record<string, ResourceType>;
  /** Throws for absent required members, given by path. If undefined, the error is ValidationException. */
  refuseAbsent?(absent: string[]): void;
  /** The public page at a path, such as a key set. */
  page?(path: string): Promise<object | undefined>;
  /** Stops schedules, executions and the like. */
  stop?(): Promise<void> | void;
}
