import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError, UnsupportedError } from './errors.ts';
import { parseNested } from './json.ts';

/** A request as the wire protocols carry it, before anybody has judged it. */
export interface WireRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An answer as the wire protocols carry it. */
export interface WireResponse {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** What a request asks for, whatever protocol it came in. */
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

/** Headers with an id of the request, which both kinds of SDKs find. */
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

/** How an answer or an error of one protocol is written. */
export type Codec = Pick<Decoded, 'encode' | 'encodeError'>;

/** AWS JSON 1.0 and 1.1: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
function jsonCodec(contentType: string): Codec {
  const headers = withRequestId({ 'content-type': contentType });
  return {
    encode: (answer) => ({ status: 200, headers, body: JSON.stringify(answer ?? {}) }),
    encodeError: ({ code, message, status, details }) => ({
      status,
      headers: { ...headers, 'x-amzn-errortype': code },
      // A denial by IAM spells it Message, a service's own error message; SDKs read both.
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

/** How requests for a service are known and read on the wire. */
export interface Wire {
  /** As endpoints and IAM actions have it. */
  name: string;
  /** Where it speaks AWS JSON. Services without this and without `rest` speak AWS query. */
  json?: {
    /** The interfaces that X-Amz-Target may name. */
    targets: readonly string[];
    /** The package of the SDK's client, whose model of each operation inputs are read by. */
    client: string;
  };
  /** Where it has a REST API of its own. */
  rest?: {
    /** What the paths of its requests begin with. */
    prefix: string;
    /** @throws AwsError for a request that it does not know. */
    decode(request: WireRequest): Pick<Decoded, 'operation' | 'input'> & Codec;
  };
}

type Read = Pick<Decoded, 'service' | 'operation' | 'input'> & Codec;

/** @param target what X-Amz-Target says. */
function decodeJson(request: WireRequest, target: string, services: readonly Wire[]): Read {
  const { headers, body } = request;
  // An interface's name may have dots: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.
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
  // Only STS takes requests without a signature.
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
 * Reads a request in whichever of AWS's protocols it came.
 *
 * @throws AwsError UnsupportedError for a protocol or service that is not implemented.
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
