#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { startAws } from './index.ts';

const PORT = 4566;
const USAGE = `Usage: embedded-aws [--port NUMBER]

Starts an empty AWS on 127.0.0.1. The default port is ${PORT}; 0 picks a free port. Ctrl-C stops it.`;

/** @throws Error if the text is not a port number. */
function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port;
  throw new Error(`--port ${text} is not a port. Give a number from 0 to 65535.`);
}

/** @throws Error for an unknown option or a port that is in use. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(PORT) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { endpoint, close } = await startAws({ port: portOf(values.port) });
  console.log(`An empty AWS is running. It creates nothing in your AWS account. To use it:

  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=local

The access key id is the account id: any twelve digits. Ctrl-C stops it.`);
  process.once('SIGINT', close).once('SIGTERM', close);
}

try {
  await main();
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const taken = code === 'EADDRINUSE' ? ' Choose another with --port.' : '';
  console.error(`${message}${taken}`);
  process.exitCode = 2;
}
