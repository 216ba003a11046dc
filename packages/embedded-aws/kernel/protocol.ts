import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError, UnsupportedError } from './errors.ts';
import { parseNested } from './json.ts';

/** A request as received, before it is decoded. */
export interface WireRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A response as sent. */
export interface WireResponse {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** A decoded request, independent of its protocol. */
export interface Decoded {
  service: string;
  operation: string;
  input: Record<string, unknown>;
  region?: string;
  accessKeyId?: string;
  sessionToken?: string;
  userAgent: string;
  encode(answer: unknown): WireResponse;
  encodeError(error: AwsError): WireResponse;
}

interface Signature {
  accessKeyId: string;
  region: string;
  service: string;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html */
function signatureOf(headers: IncomingHttpHeaders): Signature | undefined {
  const scope = /Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(
    headers.authorization ?? '',
  );
  if (!scope) return undefined;
  const [, accessKeyId = '', region = '', service = ''] = scope;
  return { accessKeyId, region, service };
}

/** Headers with a request id under both names that SDKs read. */
export const withRequestId = (headers: Record<string, string>): Record<string, string> => {
  const id = randomUUID();
  return { 'x-amzn-requestid': id, 'x-amz-request-id': id, ...headers };
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = parseNested(utf8.decode(body));
  } catch {
    throw new AwsError('SerializationException', 'The request body is not valid JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new AwsError('SerializationException', 'The request body is not a JSON object.');
  }
  return { ...parsed };
}

/** Encodes answers and errors of one protocol. */
export type Codec = Pick<Decoded, 'encode' | 'encodeError'>;

/** AWS JSON 1.0 and 1.1: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
function jsonCodec(contentType: string): Codec {
  const headers = withRequestId({ 'content-type': contentType });
  return {
    encode: (answer) => ({ status: 200, headers, body: JSON.stringify(answer ?? {}) }),
    encodeError: ({ code, message, status, details }) => ({
      status,
      headers: { ...headers, 'x-amzn-errortype': code },
      // IAM denials use `Message`, errors of services use `message`. SDKs read both.
      body: JSON.stringify({
        ...details,
        __type: code,
        message,
        ...(/^AccessDenied/.test(code) && { Message: message }),
      }),
    }),
  };
}

const escapeXml = (text: string): string =>
  text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);

function toXml(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((v) => `<member>${toXml(v)}</member>`).join('');
  if (typeof value !== 'object') return escapeXml(String(value));
  return Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .map(([k, v]) => `<${k}>${toXml(v)}</${k}>`)
    .join('');
}

/** AWS query: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html */
function queryCodec(service: string, version: string, operation: string): Codec {
  const headers = withRequestId({ 'content-type': 'text/xml' });
  const xmlns = `https://${service}.amazonaws.com/doc/${version}/`;
  const metadata = `<ResponseMetadata><RequestId>${headers['x-amzn-requestid']}</RequestId></ResponseMetadata>`;
  return {
    encode: (answer) => ({
      status: 200,
      headers,
      body: `<${operation}Response xmlns="${xmlns}"><${operation}Result>${toXml(answer)}</${operation}Result>${metadata}</${operation}Response>`,
    }),
    encodeError: ({ code, message, status }) => ({
      status,
      headers,
      body: `<ErrorResponse xmlns="${xmlns}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${headers['x-amzn-requestid']}</RequestId></ErrorResponse>`,
    }),
  };
}

/** How requests for a service are recognized and decoded. */
export interface Wire {
  /** The name in endpoints and IAM actions. */
  name: string;
  /** Set if the service speaks AWS JSON. Services without `json` and `rest` speak AWS query. */
  json?: {
    /** The interfaces that X-Amz-Target may name. */
    targets: readonly string[];
    /** The SDK client package, whose model describes the inputs. */
    client: string;
  };
  /** Set if the service has a REST API. */
  rest?: {
    /** The prefix of its paths. */
    prefix: string;
    /** @throws AwsError for an unknown request. */
    decode(request: WireRequest): Pick<Decoded, 'operation' | 'input'> & Codec;
  };
}

type Read = Pick<Decoded, 'service' | 'operation' | 'input'> & Codec;

/** @param target the value of X-Amz-Target. */
function decodeJson(request: WireRequest, target: string, services: readonly Wire[]): Read {
  const { headers, body } = request;
  // An interface name can contain dots: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.
  const dot = target.lastIndexOf('.');
  const called = services.find(({ json }) => json?.targets.includes(target.slice(0, dot)));
  if (!called) {
    const service = signatureOf(headers)?.service ?? target.slice(0, dot);
    throw new UnsupportedError(`the service ${service}`);
  }
  const type = headers['content-type'] ?? '';
  const codec = jsonCodec(`application/x-amz-json-1.${/json-1\.0/.test(type) ? 0 : 1}`);
  const operation = target.slice(dot + 1);
  return { service: called.name, operation, input: parseJson(body), ...codec };
}

function decodeQuery({ headers, body }: WireRequest): Read {
  const {
    Action: operation = '',
    Version: version = '',
    ...input
  } = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
  // Only STS accepts query requests without a signature.
  const service = signatureOf(headers)?.service ?? 'sts';
  return { service, operation, input, ...queryCodec(service, version, operation) };
}

function decodeBody(request: WireRequest, services: readonly Wire[]): Read {
  const { method, path, headers } = request;
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return decodeJson(request, target, services);
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return decodeQuery(request);
  }
  const signed = signatureOf(headers)?.service;
  for (const { name, rest } of services) {
    if (rest && (signed === name || path.startsWith(rest.prefix))) {
      return { service: name, ...rest.decode(request) };
    }
  }
  throw new UnsupportedError(`${method} ${path}`);
}

/**
 * Decodes a request in any of AWS's protocols.
 *
 * @throws UnsupportedError for a protocol or service that is not implemented.
 * @throws AwsError SerializationException for an invalid body.
 */
export function decode(request: WireRequest, services: Iterable<Wire>): Decoded {
  const { headers } = request;
  const signature = signatureOf(headers);
  const token = headers['x-amz-security-token'];
  return {
    ...(signature && { accessKeyId: signature.accessKeyId, region: signature.region }),
    ...(typeof token === 'string' && { sessionToken: token }),
    userAgent: headers['user-agent'] ?? 'unknown',
    ...decodeBody(request, [...services]),
  };
}
