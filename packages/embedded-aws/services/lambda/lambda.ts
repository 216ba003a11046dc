import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { transformSync } from 'esbuild';
import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { AwsError } from '../../kernel/errors.ts';
import type { Service } from '../../kernel/service.ts';
import { LogGroups } from '../logs/logs.ts';
import { rates } from './rates.ts';
import { unpacked } from './unpacked.ts';
import { decodeLambda, type InvokeAnswer } from './wire.ts';

interface LambdaFunction {
  name: string;
  arn: string;
  account: string;
  region: string;
  roleArn: string;
  handler: string;
  runtime: string;
  /** The zip with its code. */
  zip: string;
  memory: number;
  /** Seconds. */
  timeout: number;
  environment: Record<string, string>;
  logGroupArn: string;
  idle: Sandbox[];
  busy: Set<Sandbox>;
  /** Invocations that have no execution environment yet. */
  waiting: PromiseWithResolvers<Sandbox>[];
}

/** What a handler's invocation came to. */
type Invoked = { payload: string } | { error: { errorType: string; errorMessage: string } };

let runtime: URL | undefined;

/** The runtime without its types: to take them away in each thread costs more than all else there. */
function runtimeOnce(): URL {
  if (runtime) return runtime;
  const source = readFileSync(new URL('./runtime.ts', import.meta.url), 'utf8');
  const { code } = transformSync(source, { loader: 'ts' });
  runtime = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  return runtime;
}

/** One execution environment: a worker thread with the function's code loaded, kept while warm. */
class Sandbox {
  readonly #worker: Worker;
  readonly #fn: LambdaFunction;
  readonly #aws: Aws;
  readonly #stream: string;
  /** When its role's credentials end, in epoch milliseconds. */
  readonly #expiration: number;
  #settle: ((invoked: Invoked) => void) | undefined;
  #crashed: Invoked | undefined;
  readonly #started = Promise.withResolvers<void>();
  /** When the code is loaded, or has failed to load: that is not of an invocation's time. */
  readonly started = this.#started.promise;
  #alive = true;

  constructor(aws: Aws, fn: LambdaFunction) {
    this.#aws = aws;
    this.#fn = fn;
    const { arn, region, name } = fn;
    const code = unpacked(fn.zip);
    const { session } = aws.iam.assumeByService(fn.roleArn, 'lambda.amazonaws.com', name, arn);
    this.#expiration = session.expiration;
    const [, partition] = arn.split(':');
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    this.#stream = `${day}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
    this.#worker = new Worker(runtimeOnce(), {
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: fn.memory },
      workerData: { code, handler: fn.handler },
      // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
      env: {
        AWS_ENDPOINT_URL: aws.endpoint,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: session.accessKeyId,
        AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
        AWS_SESSION_TOKEN: session.sessionToken,
        AWS_EXECUTION_ENV: `AWS_Lambda_${fn.runtime}`,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memory),
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
        AWS_LAMBDA_LOG_STREAM_NAME: this.#stream,
        AWS_PARTITION: partition,
        LAMBDA_TASK_ROOT: code,
        TZ: ':UTC',
        ...fn.environment,
      },
    });
    for (const output of [this.#worker.stdout, this.#worker.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => this.#log(text.split('\n')));
    }
    this.#worker.once('message', () => {
      this.#worker.on('message', (invoked: Invoked) => this.#end(invoked));
      this.#started.resolve();
    });
    this.#worker.on('error', (error) => this.#crash(error.message));
    this.#worker.on('exit', (code) =>
      this.#crash(`Runtime exited with error: exit status ${code}`),
    );
    this.#worker.unref();
  }

  #log(lines: string[]): void {
    const said = lines.filter((line) => line !== '');
    this.#aws.state(LogGroups).write(this.#fn.logGroupArn, this.#stream, said);
  }

  #crash(errorMessage: string): void {
    this.#alive = false;
    this.#crashed ??= { error: { errorType: 'Runtime.ExitError', errorMessage } };
    this.#end(this.#crashed);
    this.#started.resolve();
  }

  #end(invoked: Invoked): void {
    this.#settle?.(invoked);
    this.#settle = undefined;
  }

  /** Whether it can take another invocation, whose credentials must last until its end. */
  get usable(): boolean {
    return this.#alive && this.#expiration > Date.now() + this.#fn.timeout * 1000;
  }

  async invoke(payload: string, requestId: string): Promise<Invoked> {
    if (this.#crashed) return this.#crashed;
    const { timeout, memory, arn } = this.#fn;
    const started = performance.now();
    this.#log([`START RequestId: ${requestId} Version: $LATEST`]);
    const invoked = await new Promise<Invoked>((resolve) => {
      this.#settle = resolve;
      const limit = setTimeout(() => {
        // https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
        const seconds = timeout.toFixed(2);
        const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`;
        this.#end({ error: { errorType: 'Sandbox.Timedout', errorMessage } });
        this.stop();
      }, timeout * 1000);
      const settle = this.#settle;
      this.#settle = (answer) => {
        clearTimeout(limit);
        settle(answer);
      };
      this.#worker.ref();
      const deadline = Date.now() + timeout * 1000;
      this.#worker.postMessage({ payload, requestId, deadline, arn, memory });
    });
    this.#worker.unref();
    const duration = (performance.now() - started).toFixed(2);
    this.#log([
      `END RequestId: ${requestId}`,
      `REPORT RequestId: ${requestId}\tDuration: ${duration} ms\tMemory Size: ${memory} MB`,
    ]);
    return invoked;
  }

  stop(): Promise<unknown> {
    this.#alive = false;
    return this.#worker.terminate();
  }
}

/** The functions of every account and Region. */
class Functions {
  readonly #functions = new Map<string, LambdaFunction>();
  /** The folder with the zips that a template's S3Keys name. */
  artifacts = '';
  // https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  concurrency = 1000;
  /** For which functions an environment is to start; as many do at a time as there are processors. */
  #cold: LambdaFunction[] = [];
  readonly #starting = new Set<Sandbox>();
  readonly #aws: Aws;

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  put(fn: Omit<LambdaFunction, 'idle' | 'busy' | 'waiting'>): void {
    this.#functions.set(fn.arn, { ...fn, idle: [], busy: new Set(), waiting: [] });
  }

  all(): LambdaFunction[] {
    return [...this.#functions.values()];
  }

  /** By ARN or by name. */
  find({ account, region, partition }: Call, nameOrArn: string): LambdaFunction {
    const arn = nameOrArn.startsWith('arn:')
      ? nameOrArn
      : `arn:${partition}:lambda:${region}:${account}:function:${nameOrArn}`;
    const found = this.#functions.get(arn);
    if (found) return found;
    throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
  }

  /** A warm execution environment if one is free, or is so before a cold one has started. */
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
          const { FunctionName, Payload } = call.input as { FunctionName: string; Payload: string };
          return functions.invoke(functions.find(call, FunctionName), Payload);
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

/** AWS Lambda: the packaged handlers, each execution environment in a thread of its own. */
export const lambda = {
  name: 'lambda',
  rest: { prefix: '/2015-03-31/', decode: decodeLambda },
  rates,
  // https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
  throttled: { code: 'TooManyRequestsException', status: 429 },
  state: { functions: Functions },
  start,
} as const satisfies ServiceDefinition;
