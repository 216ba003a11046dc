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

/** How long others may take, in milliseconds. */
export interface Patience {
  /** A client, to send a request. */
  request: number;
  /** AWS, to answer before the page says that it does not. */
  aws: number;
}

const PATIENCE: Patience = { request: 30_000, aws: 30_000 };

/**
 * Serves the console, on 127.0.0.1 only.
 *
 * @param port 0 for any free one.
 * @throws if the port is taken.
 */
export async function serveConsole(
  options: ConsoleOptions,
  port = 0,
  patience: Partial<Patience> = {},
): Promise<Console> {
  const { request, aws } = { ...PATIENCE, ...patience };
  const token = randomBytes(32).toString('base64url');
  const app = appOf(options, { token, page: await assets(), patience: aws });
  const limits = {
    requestTimeout: request,
    headersTimeout: Math.min(request, 10_000),
    connectionsCheckingInterval: Math.min(request, 2000),
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
