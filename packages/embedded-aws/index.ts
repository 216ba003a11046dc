import type { Server } from 'node:http';
import { Aws, type KernelOptions } from './kernel/aws.ts';
import { listen } from './kernel/server.ts';
import { services } from './services.ts';

export { deployStack, readTemplate } from './kernel/cloudformation.ts';
export { AwsError } from './kernel/errors.ts';

type Definition = (typeof services)[number];

type StateKinds<Each> = Each extends { state: infer Kinds } ? Kinds : never;

type Both<Union> = (Union extends unknown ? (each: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

type AllKinds = Both<StateKinds<Definition>>;

/** The state of the services, under the names that each service gives: `identityPools`, `stateMachines`. */
type States = {
  readonly [Name in keyof AllKinds]: AllKinds[Name] extends new (
    aws: Aws,
  ) => infer State
    ? State
    : never;
};

type RateName<Each> = Each extends {
  name: infer Service extends string;
  rates: readonly { name: infer Name extends string }[];
}
  ? Service | `${Service}:${Name}`
  : never;

/** An AWS with all services, for code in the same process. */
export type EmbeddedAws = Aws & States;

export interface AwsOptions extends KernelOptions {
  /** Published rates to switch off: `states:DescribeExecution`, or `cognito-idp` for the whole service. */
  unlimited?: readonly RateName<Definition>[];
}

/** An embedded AWS that listens on this machine. */
export interface LocalAws {
  aws: EmbeddedAws;
  endpoint: string;
  close(): Promise<void>;
}

/** An embedded AWS that is called in process and opens no port. */
export function assembleAws(options: AwsOptions = {}): EmbeddedAws {
  const aws = new Aws(services, options);
  const kinds = services.flatMap((each) => Object.entries('state' in each ? each.state : {}));
  const states = Object.fromEntries(kinds.map(([name, Kind]) => [name, aws.state(Kind)]));
  // Each type comes from the `state` of its service's definition.
  return Object.assign(aws, states as States);
}

/**
 * Starts an embedded AWS.
 *
 * @param options.port the port on 127.0.0.1; a free port if absent.
 * @param options.patience the time limit for a client to send a request or to read an answer, in
 *   milliseconds; a minute if absent.
 * @throws Error if the port is in use.
 */
export async function startAws(
  options: AwsOptions & { port?: number; patience?: number } = {},
): Promise<LocalAws> {
  const aws = assembleAws(options);
  const server: Server = await listen(aws, options.port ?? 0, options.patience);
  return {
    aws,
    endpoint: aws.endpoint,
    async close() {
      await aws.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
