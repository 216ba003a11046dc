import { createRequire, enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

// The runtime inside an execution environment: loads the handler once, then invokes it.

interface Invocation {
  payload: string;
  requestId: string;
  deadline: number;
  arn: string;
  memory: number;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

const { code, handler } = workerData as { code: string; handler: string };
const port = parentPort;

function load(): Handler {
  // Beside the code, so that later environments reuse the compiled code.
  enableCompileCache(join(code, '.compiled'));
  const dot = handler.lastIndexOf('.');
  const file = join(code, `${handler.slice(0, dot)}.js`);
  const exported = createRequire(file)(file)[handler.slice(dot + 1)];
  if (typeof exported === 'function') return exported;
  throw Object.assign(new Error(`${handler} is undefined or not exported`), {
    name: 'Runtime.HandlerNotFound',
  });
}

const contextOf = ({ requestId, deadline, arn, memory }: Invocation) => ({
  awsRequestId: requestId,
  invokedFunctionArn: arn,
  functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
  functionVersion: process.env['AWS_LAMBDA_FUNCTION_VERSION'],
  memoryLimitInMB: String(memory),
  logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
  logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'],
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
});

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
function errorOf(error: unknown) {
  const { name, message, stack } =
    error instanceof Error ? error : { name: 'string', message: String(error), stack: '' };
  return { errorType: name, errorMessage: message, trace: (stack ?? '').split('\n') };
}

// Loading happens before the first invocation and does not count towards its timeout.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const loaded = Promise.resolve().then(load);
await loaded.catch(() => {});
port?.postMessage('loaded');

port?.on('message', async (invocation: Invocation) => {
  try {
    const handle = await loaded;
    const answer = await handle(JSON.parse(invocation.payload), contextOf(invocation));
    port.postMessage({ payload: JSON.stringify(answer ?? null) });
  } catch (error) {
    port.postMessage({ error: errorOf(error) });
  }
});
