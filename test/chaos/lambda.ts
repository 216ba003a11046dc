import { AsyncLocalStorage } from 'node:async_hooks';
import type { Handlers } from './bundle.ts';
import type { Scene } from './scene.ts';

/** One run of a handler. */
export interface Invocation {
  name: string;
  execution: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  skew: number;
  dead: boolean;
  /** Whether it has neither answered nor been killed. */
  running: boolean;
  /** Ends the invocation with an error, as Lambda does. */
  die(error: { errorType: string; errorMessage: string }): void;
}

/** The current invocation. */
export const invocations = new AsyncLocalStorage<Invocation>();

/** Runs the handlers as Lambda does: with a timeout and the credentials of the role. */
export class Lambda {
  readonly #scene: Scene;
  readonly #handlers: Handlers;

  constructor(scene: Scene, handlers: Handlers) {
    this.#scene = scene;
    this.#handlers = handlers;
  }

  async invoke(
    {
      name,
      roleArn,
      arn,
      timeout,
    }: { name: string; roleArn: string; arn: string; timeout: number },
    payload: string,
  ) {
    const { session } = this.#scene.aws.iam.assumeByService(
      roleArn,
      'lambda.amazonaws.com',
      name,
      arn,
    );
    const event = JSON.parse(payload);
    const ended = Promise.withResolvers<{
      payload: string;
      functionError?: string;
      version: string;
    }>();
    const version = '$LATEST';
    const skew =
      this.#scene.faults.skew === 0
        ? 0
        : this.#scene.random.between(-this.#scene.faults.skew / 2, this.#scene.faults.skew / 2);
    const deadline = this.#scene.clock.elapsed + timeout * 1000;
    const invocation: Invocation = {
      name: name.replace('poolbridge-dev-', ''),
      execution: String(event.execution).split(':').at(-1) ?? '',
      credentials: session,
      skew,
      dead: false,
      running: true,
      die: (error) => {
        invocation.dead = true;
        invocation.running = false;
        ended.resolve({ payload: JSON.stringify(error), functionError: 'Unhandled', version });
      },
    };
    setTimeout(() => {
      const errorMessage = `Task timed out after ${timeout}.00 seconds`;
      invocation.die({ errorType: 'Sandbox.Timedout', errorMessage });
    }, timeout * 1000);
    const context = {
      functionName: name,
      invokedFunctionArn: arn,
      awsRequestId: this.#scene.random.uuid(),
      functionVersion: version,
      memoryLimitInMB: '512',
      getRemainingTimeInMillis: () => Math.max(0, deadline - this.#scene.clock.elapsed),
    };
    const handler = this.#handlers.steps[invocation.name];
    if (!handler) throw new Error(`There is no handler ${invocation.name}.`);
    invocations.run(invocation, async () => {
      try {
        const answer = await handler(event, context);
        invocation.running = false;
        ended.resolve({ payload: JSON.stringify(answer ?? null), version });
      } catch (error) {
        const { name: errorType, message: errorMessage } = error as Error;
        invocation.running = false;
        this.#scene.tell(
          `${invocation.execution.slice(0, 8)} ${invocation.name} throws ${errorType}`,
        );
        const thrown = JSON.stringify({ errorType, errorMessage });
        ended.resolve({ payload: thrown, functionError: 'Unhandled', version });
      }
    });
    return ended.promise;
  }
}
