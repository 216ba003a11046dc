import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { AwsError } from '../../kernel/errors.ts';
import type { Service } from '../../kernel/service.ts';
import { rates } from './rates.ts';
import { type FunctionSettings, Sandbox } from './sandbox.ts';
import { decodeLambda, type InvokeAnswer } from './wire.ts';

interface LambdaFunction extends FunctionSettings {
  idle: Sandbox[];
  busy: Set<Sandbox>;
  /** Invocations that have no execution environment yet. */
  waiting: PromiseWithResolvers<Sandbox>[];
}

/** The functions of all accounts and Regions. */
class Functions {
  readonly #functions = new Map<string, LambdaFunction>();
  /** The folder with the zips that the S3Keys of templates name. */
  artifacts = '';
  // https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  concurrency = 1000;
  /** Functions that wait for the start of an environment. At most one starts per processor at a time. */
  #cold: LambdaFunction[] = [];
  readonly #starting = new Set<Sandbox>();
  readonly #aws: Aws;

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  put(fn: FunctionSettings): void {
    this.#functions.set(fn.arn, { ...fn, idle: [], busy: new Set(), waiting: [] });
  }

  all(): LambdaFunction[] {
    return [...this.#functions.values()];
  }

  /**
   * Finds a function by ARN or name.
   *
   * @throws AwsError ResourceNotFoundException
   */
  find({ account, region, partition }: Call, nameOrArn: string): LambdaFunction {
    const arn = nameOrArn.startsWith('arn:')
      ? nameOrArn
      : `arn:${partition}:lambda:${region}:${account}:function:${nameOrArn}`;
    const found = this.#functions.get(arn);
    if (found) return found;
    throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
  }

  /** A free warm environment, or the first one that becomes free or starts. */
  async #sandbox(fn: LambdaFunction): Promise<Sandbox> {
    for (let warm = fn.idle.pop(); warm; warm = fn.idle.pop()) {
      if (warm.usable) return warm;
      void warm.stop();
    }
    const waiting = Promise.withResolvers<Sandbox>();
    fn.waiting.push(waiting);
    this.#cold.push(fn);
    this.#startSome();
    return waiting.promise;
  }

  #startSome(): void {
    while (this.#starting.size < availableParallelism()) {
      const fn = this.#cold.shift();
      if (!fn) return;
      if (fn.waiting.length > 0) void this.#start(fn);
    }
  }

  async #start(fn: LambdaFunction): Promise<void> {
    try {
      const sandbox = new Sandbox(this.#aws, fn);
      this.#starting.add(sandbox);
      await sandbox.started;
      this.#starting.delete(sandbox);
      this.#give(fn, sandbox);
    } catch (error) {
      fn.waiting.shift()?.reject(error);
    }
    this.#startSome();
  }

  #give(fn: LambdaFunction, sandbox: Sandbox): void {
    const next = fn.waiting.shift();
    if (next) next.resolve(sandbox);
    else fn.idle.push(sandbox);
  }

  async invoke(fn: LambdaFunction, payload: string): Promise<InvokeAnswer> {
    const running = this.all()
      .filter(({ account, region }) => account === fn.account && region === fn.region)
      .reduce((sum, { busy, waiting }) => sum + busy.size + waiting.length, 0);
    if (running >= this.concurrency) {
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    }
    const sandbox = await this.#sandbox(fn);
    fn.busy.add(sandbox);
    const invoked = await sandbox.invoke(payload, randomUUID());
    fn.busy.delete(sandbox);
    if (sandbox.usable) this.#give(fn, sandbox);
    else void sandbox.stop();
    const version = '$LATEST';
    if ('payload' in invoked) return { payload: invoked.payload, version };
    return { payload: JSON.stringify(invoked.error), functionError: 'Unhandled', version };
  }

  /**
   * Invokes a function without waiting for it. If it fails, it is invoked again after one minute, and after two.
   * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
   */
  invokeLater(fn: LambdaFunction, payload: string, waits = [60_000, 120_000]): void {
    const attempt = async () => {
      const { functionError } = await this.invoke(fn, payload).catch(() => ({
        functionError: 'Unhandled',
      }));
      const [wait, ...others] = waits;
      if (functionError === undefined || wait === undefined) return;
      setTimeout(() => this.invokeLater(fn, payload, others), wait).unref();
    };
    void attempt();
  }

  async stop(): Promise<void> {
    this.#cold = [];
    const known = this.all().flatMap(({ idle, busy }) => [...idle, ...busy]);
    const sandboxes = [...known, ...this.#starting];
    await Promise.all(sandboxes.map((sandbox) => sandbox.stop()));
  }
}

const seen = ({ name, arn, roleArn, handler, runtime, memory, timeout }: LambdaFunction) => ({
  FunctionName: name,
  FunctionArn: arn,
  Role: roleArn,
  Handler: handler,
  Runtime: runtime,
  MemorySize: memory,
  Timeout: timeout,
  Version: '$LATEST',
  PackageType: 'Zip',
});

function start(aws: Aws): Service {
  const functions = aws.state(Functions);
  const judge = (call: Call) => ({
    resource: functions.find(call, String(call.input['FunctionName'])).arn,
  });
  return {
    stop: () => functions.stop(),

    operations: {
      Invoke: {
        judge: (call) => ({ ...judge(call), action: 'lambda:InvokeFunction' }),
        run(call) {
          const { FunctionName, Payload, InvocationType } = call.input as {
            FunctionName: string;
            Payload: string;
            InvocationType?: string;
          };
          const fn = functions.find(call, FunctionName);
          if (InvocationType !== 'Event') return functions.invoke(fn, Payload);
          functions.invokeLater(fn, Payload);
          return { payload: '', version: '$LATEST' };
        },
      },
      GetFunction: {
        judge,
        run: (call) => ({
          Configuration: seen(functions.find(call, String(call.input['FunctionName']))),
        }),
      },
      ListFunctions: {
        run: ({ account, region }) => ({
          Functions: functions
            .all()
            .filter((fn) => fn.account === account && fn.region === region)
            .map(seen),
        }),
      },
    },

    resources: {
      'AWS::Lambda::Function': {
        properties: [
          ...['Architectures', 'Code', 'Environment', 'FunctionName', 'Handler', 'MemorySize'],
          ...['Role', 'Runtime', 'Timeout', 'TracingConfig'],
        ],
        create(properties, { account, region, partition }) {
          const { FunctionName, Role, Handler, Runtime, Code, Environment } = properties as {
            FunctionName: string;
            Role: string;
            Handler: string;
            Runtime: string;
            Code: { S3Key: string };
            Environment?: { Variables: Record<string, string> };
          };
          if (!/^nodejs\d+\.x$/.test(Runtime)) {
            throw new AwsError(
              'InvalidParameterValueException',
              `The embedded AWS runs Node.js, not ${Runtime}.`,
            );
          }
          const arn = `arn:${partition}:lambda:${region}:${account}:function:${FunctionName}`;
          functions.put({
            name: FunctionName,
            arn,
            account,
            region,
            roleArn: Role,
            handler: Handler,
            runtime: Runtime,
            zip: join(functions.artifacts, basename(Code.S3Key)),
            memory: Number(properties['MemorySize'] ?? 128),
            timeout: Number(properties['Timeout'] ?? 3),
            environment: Environment?.Variables ?? {},
            logGroupArn: `arn:${partition}:logs:${region}:${account}:log-group:/aws/lambda/${FunctionName}`,
          });
          return { ref: FunctionName, attributes: { Arn: arn } };
        },
      },
    },
  };
}

/** AWS Lambda: runs packaged handlers, each execution environment in its own thread. */
export const lambda = {
  name: 'lambda',
  rest: { prefix: '/2015-03-31/', decode: decodeLambda },
  rates,
  // https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
  throttled: { code: 'TooManyRequestsException', status: 429 },
  state: { functions: Functions },
  start,
} as const satisfies ServiceDefinition;
