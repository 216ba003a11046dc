import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { ConsoleOptions } from './api.ts';
import { appOf, HOST } from './app.ts';
import { assets } from './bundle.ts';

/** A running console. */
export interface Console {
  /** The address, with the token that opens the console. */
  address: string;
  close(): Promise<void>;
}

/** How long a client may take to send a request, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Serves the console, on 127.0.0.1 only.
 *
 * @param port 0 for any free one.
 * @param patience how long a client may take to send a request, in milliseconds.
 * @throws if the port is taken.
 */
export async function serveConsole(
  options: ConsoleOptions,
  port = 0,
  patience = PATIENCE,
): Promise<Console> {
  const token = randomBytes(32).toString('base64url');
  const app = appOf(options, { token, page: await assets() });
  const limits = {
    requestTimeout: patience,
    headersTimeout: Math.min(patience, 10_000),
    connectionsCheckingInterval: Math.min(patience, 2000),
  };
  // The AWS SDK keeps Node's own Request and Response.
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(limits, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  return {
    // The token is in the fragment, so that no request and no log holds it.
    address: `http://${HOST}:${(server.address() as AddressInfo).port}/#${token}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
