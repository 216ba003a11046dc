import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { sentenceOf } from '../../cli/output/advice.ts';
import { isObject } from '../../core/shape.ts';
import { Api, type ConsoleOptions } from './api.ts';
import { type Asset, assets } from './bundle.ts';
import type { News } from './protocol.ts';

/** A running console. */
export interface Console {
  /** The address, with the token that opens the console. */
  address: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

// Longer than any plan or reason.
const MOST_BYTES = 16 * 1024;

// More than the news of a minute.
const MOST_UNREAD = 16 * 1024 * 1024;

/** How long a client may take to send a request, in milliseconds. */
const PATIENCE = 30_000;

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // The page shows only text: no script can turn a string into HTML or a script.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** Why a request is refused. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refused';
    this.status = status;
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Refuses requests that do not come from the page of this console. */
function checkOrigin({ headers: sent }: IncomingMessage, port: number): void {
  const { host = '', origin, 'sec-fetch-site': site = 'none' } = sent;
  // Another host name is a DNS rebinding attack.
  if (![`${HOST}:${port}`, `localhost:${port}`].includes(host)) {
    throw new Refusal(421, 'The console does not serve this host name.');
  }
  const isOwn = origin === undefined || origin === `http://${host}`;
  if (!isOwn || !['same-origin', 'none'].includes(String(site))) {
    throw new Refusal(403, 'Requests from other pages are not allowed.');
  }
}

function checkToken({ headers: { authorization = '' } }: IncomingMessage, token: string): void {
  if (!timingSafeEqual(digest(authorization), digest(`Bearer ${token}`))) {
    throw new Refusal(401, 'Open the console with the address that it printed when it started.');
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (request.method !== 'POST') return {};
  if (request.headers['content-type'] !== 'application/json') {
    throw new Refusal(415, 'The body must be JSON.');
  }
  // Node reads no more bytes than the header announces.
  const length = request.headers['content-length'];
  if (length === undefined) throw new Refusal(411, 'The header Content-Length is missing.');
  if (Number(length) > MOST_BYTES) throw new Refusal(413, 'The request is too large.');
  const body = parsed(await text(request));
  if (!isObject(body)) throw new Refusal(400, 'The body must be an object.');
  return body;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Refusal(400, 'The body must be JSON.');
  }
}

function addressOf({ url = '/' }: IncomingMessage): URL {
  const base = 'http://console';
  if (!URL.canParse(url, base)) throw new Refusal(400, 'The address is not valid.');
  return new URL(url, base);
}

function send(response: ServerResponse, status: number, { type, body }: Asset): void {
  response.writeHead(status, {
    ...headers,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

const json = (value: object): Asset => ({
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

/** Keeps a page up to date with one line of JSON for each update, until it disconnects. */
function stream(response: ServerResponse, { live }: Api, execution: string | null): void {
  response.writeHead(200, { ...headers, 'content-type': 'application/x-ndjson; charset=utf-8' });
  response.flushHeaders();
  const leave = live.join({
    ...(execution !== null && { execution }),
    send: (news: News) => {
      // A page that does not read would fill the memory; a page that is disconnected connects again.
      if (response.writableLength > MOST_UNREAD) response.destroy();
      else response.write(`${JSON.stringify(news)}\n`);
    },
  });
  response.once('close', leave);
}

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
  const page = await assets();
  const api = new Api(options);

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request;
    checkOrigin(request, (server.address() as AddressInfo).port);
    const { pathname, searchParams: query } = addressOf(request);
    const asset = page.get(pathname);
    if (asset && method === 'GET') return send(response, 200, asset);
    checkToken(request, token);
    if (method === 'GET' && pathname === '/api/stream') {
      return stream(response, api, query.get('execution'));
    }
    const handler = api.handlerOf(method, pathname);
    if (!handler) throw new Refusal(404, 'This page does not exist.');
    send(response, 200, json(await handler({ query, body: await bodyOf(request) })));
  }

  const limits = {
    requestTimeout: patience,
    headersTimeout: Math.min(patience, 10_000),
    connectionsCheckingInterval: Math.min(patience, 2000),
  };
  const server = createServer(limits, (request, response) => {
    respond(request, response).catch((error: Error) => {
      if (response.headersSent) return response.destroy();
      const [name, message] = sentenceOf(error);
      const status = error instanceof Refusal ? error.status : 400;
      send(response, status, json({ error: name, message }));
    });
  });
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
