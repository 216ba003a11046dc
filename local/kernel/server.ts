import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Aws } from './aws.ts';
import { corsHeaders, preflightHeaders } from './cors.ts';
import { AwsError } from './errors.ts';
import { type Decoded, decode, type WireRequest, type WireResponse } from './protocol.ts';

// Larger than any request that AWS takes.
const MOST_BYTES = 8 * 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES)
      throw new AwsError('RequestEntityTooLarge', 'The request is too large.', 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const json = (status: number, value: object): WireResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

/** A failure of the embedded AWS itself is an internal error for the caller, and seen here. */
function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  console.error(error);
  return new AwsError('InternalFailure', String(error), 500);
}

async function page(aws: Aws, path: string): Promise<WireResponse> {
  for (const service of aws.services.values()) {
    const found = await service.page?.(path);
    if (found) return json(200, found);
  }
  return json(404, { message: `The embedded AWS has no page ${path}.` });
}

async function answer(aws: Aws, decoded: Decoded): Promise<WireResponse> {
  const { service, operation, input, accessKeyId, sessionToken, userAgent } = decoded;
  try {
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

/** Answers a request, whichever of AWS's protocols it speaks. */
export async function speak(aws: Aws, request: WireRequest): Promise<WireResponse> {
  const signed = request.headers.authorization !== undefined;
  if (request.method === 'GET' && !signed) return page(aws, request.path);
  try {
    return await answer(aws, decode(request));
  } catch (error) {
    const { code, message, status } = asAwsError(error);
    return json(status, { __type: code, message });
  }
}

async function respond(aws: Aws, request: IncomingMessage): Promise<WireResponse> {
  const { method = 'GET', url: path = '/', headers } = request;
  if (method === 'OPTIONS') return { status: 204, headers: preflightHeaders(headers), body: '' };
  try {
    return await speak(aws, { method, path, headers, body: await bodyOf(request) });
  } catch (error) {
    const { code, message, status } = asAwsError(error);
    return json(status, { __type: code, message });
  }
}

/**
 * Speaks AWS's wire protocols on 127.0.0.1, and nowhere else.
 *
 * @param port 0 for any free one.
 */
export async function listen(aws: Aws, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { status, headers, body } = await respond(aws, request);
    const length = { 'content-length': Buffer.byteLength(body) };
    response
      .writeHead(status, { ...headers, ...corsHeaders(request.headers), ...length })
      .end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  aws.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return server;
}
