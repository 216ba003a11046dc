import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { transformSync } from 'esbuild';
import type { Aws } from '../../kernel/aws.ts';
import { LogGroups } from '../logs/logs.ts';
import { unpacked } from './unpacked.ts';

/** The code and the settings of a function. */
export interface FunctionSettings {
  name: string;
  arn: string;
  account: string;
  region: string;
  roleArn: string;
  handler: string;
  runtime: string;
  /** The path of the zip with its code. */
  zip: string;
  /** In MB. */
  memory: number;
  /** In seconds. */
  timeout: number;
  environment: Record<string, string>;
  logGroupArn: string;
}

/** The result of an invocation. */
type Invoked = { payload: string } | { error: { errorType: string; errorMessage: string } };

let runtime: URL | undefined;

/** The runtime as JavaScript. Stripping its types in each thread would take most of the start time. */
function runtimeOnce(): URL {
  if (runtime) return runtime;
  const source = readFileSync(new URL('./runtime.ts', import.meta.url), 'utf8');
  const { code } = transformSync(source, { loader: 'ts' });
  runtime = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  return runtime;
}

/** One execution environment: a worker thread that has loaded the function's code. */
export class Sandbox {
  readonly #worker: Worker;
  readonly #fn: FunctionSettings;
  readonly #aws: Aws;
  readonly #stream: string;
  /** The expiry of its role's credentials, in epoch milliseconds. */
  readonly #expiration: number;
  #settle: ((invoked: Invoked) => void) | undefined;
  #crashed: Invoked | undefined;
  readonly #started = Promise.withResolvers<void>();
  /** Resolves when loading the code has ended, even if it failed. Loading does not count towards the timeout. */
  readonly started = this.#started.promise;
  #alive = true;

  constructor(aws: Aws, fn: FunctionSettings) {
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

  /** Whether it can take another invocation: it is alive and its credentials outlast the timeout. */
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
