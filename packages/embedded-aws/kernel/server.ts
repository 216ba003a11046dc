import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Aws } from './aws.ts';
import { corsHeaders, isOwnHost, isOwnOrigin, preflightHeaders } from './cors.ts';
import { AwsError } from './errors.ts';
import { readInput } from './model.ts';
import { type Decoded, decode, type WireRequest, type WireResponse } from './protocol.ts';

// Larger than any request that AWS accepts.
const MOST_BYTES = 8 * 1024 * 1024;

// The total of all request bodies in memory.
const MOST_BYTES_AT_ONCE = 128 * 1024 * 1024;
const MOST_CONNECTIONS = 2000;

/** The time limit for a client to send a request or to read an answer, in milliseconds. */
const PATIENCE = 60_000;

/** Counts the bytes of all request bodies, so that many clients together can't exhaust the memory. */
class Room {
  #free = MOST_BYTES_AT_ONCE;

  take(bytes: number): void {
    if (bytes > this.#free) {
      throw new AwsError(
        'ServiceUnavailable',
        'Too many large requests at the same time. Try again.',
        503,
      );
    }
    this.#free -= bytes;
  }

  giveBack(bytes: number): void {
    this.#free += bytes;
  }
}

/** One request and its response object. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

async function bodyOf({ request, response }: Exchange, room: Room): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  response.once('close', () => room.giveBack(size));
  // A refused request must not close the connection, so keep the stream.
  const read: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of read) {
    if (size + chunk.length > MOST_BYTES) {
      throw new AwsError('RequestEntityTooLargeException', 'The request is too large.', 413);
    }
    room.take(chunk.length);
    size += chunk.length;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const json = (status: number, value: object): WireResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

/** Prints a failure of the embedded AWS itself, which the caller gets as an internal error. */
function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  // The client disconnected during its request.
  if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') {
    return new AwsError('RequestAborted', 'The request ended early.');
  }
  console.error(error);
  return new AwsError('InternalFailure', String(error), 500);
}

function refusal(error: unknown): WireResponse {
  const { code, message, status } = asAwsError(error);
  return json(status, { __type: code, message });
}

async function page(aws: Aws, path: string): Promise<WireResponse> {
  for (const service of aws.services.values()) {
    const found = await service.page?.(path);
    if (found) return json(200, found);
  }
  return json(404, { message: `The embedded AWS has no page ${path}.` });
}

async function answer(aws: Aws, decoded: Decoded): Promise<WireResponse> {
  const { service, operation, accessKeyId, sessionToken, userAgent } = decoded;
  try {
    const client = aws.definitions.get(service)?.json?.client;
    const input = readInput(decoded, client, aws.services.get(service));
    const principal =
      accessKeyId === undefined ? undefined : aws.iam.principalOf(accessKeyId, sessionToken);
    const region = decoded.region ?? '';
    return decoded.encode(
      await aws.call({ service, operation, input, principal, region, userAgent }),
    );
  } catch (error) {
    return decoded.encodeError(asAwsError(error));
  }
}

/** Answers a request in any of AWS's protocols. */
export async function speak(aws: Aws, request: WireRequest): Promise<WireResponse> {
  const signed = request.headers.authorization !== undefined;
  try {
    if (request.method === 'GET' && !signed) return await page(aws, request.path);
    return await answer(aws, decode(request, aws.definitions.values()));
  } catch (error) {
    return refusal(error);
  }
}

/**
 * Refuses requests that a page of another site makes a browser send. Such a request has a foreign origin, or a
 * foreign host name that resolves to this machine.
 */
function checkOrigin({ headers: { host = '', origin } }: IncomingMessage): void {
  if (!isOwnHost(host)) {
    throw new AwsError(
      'MisdirectedRequest',
      'The embedded AWS answers to 127.0.0.1 and localhost only.',
      421,
    );
  }
  if (origin !== undefined && !isOwnOrigin(origin)) {
    throw new AwsError(
      'ForbiddenOrigin',
      'Pages of other sites may not call the embedded AWS.',
      403,
    );
  }
}

async function respond(aws: Aws, exchange: Exchange, room: Room): Promise<WireResponse> {
  const { method = 'GET', url: path = '/', headers } = exchange.request;
  try {
    checkOrigin(exchange.request);
    if (method === 'OPTIONS') return { status: 204, headers: preflightHeaders(headers), body: '' };
    return await speak(aws, { method, path, headers, body: await bodyOf(exchange, room) });
  } catch (error) {
    return refusal(error);
  }
}

async function exchanged(aws: Aws, exchange: Exchange, room: Room, patience: number) {
  const { request, response } = exchange;
  const { status, headers, body } = await respond(aws, exchange, room);
  // Node closes connections that send slowly, but not connections that read slowly.
  request.socket.setTimeout(patience);
  const length = { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...corsHeaders(request.headers), ...length }).end(body);
  // Discard the rest of a refused request: the next request on the connection follows it.
  request.resume();
}

/**
 * Serves AWS's wire protocols on 127.0.0.1 only. Answers malformed requests as AWS does, closes slow connections
 * and limits memory.
 *
 * @param port 0 for any free port.
 * @param patience the time limit for a client to send a request or to read an answer, in milliseconds.
 * @throws Error if the port is in use.
 */
export async function listen(aws: Aws, port: number, patience = PATIENCE): Promise<Server> {
  const room = new Room();
  const limits = {
    requestTimeout: patience,
    headersTimeout: Math.min(patience, 10_000),
    connectionsCheckingInterval: Math.min(patience, 2000),
  };
  const server = createServer(limits, (request, response) => {
    exchanged(aws, { request, response }, room, patience).catch(() => request.socket.destroy());
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  aws.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return server;
}
