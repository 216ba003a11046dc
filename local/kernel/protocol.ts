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

// X-Amz-Target names an interface; IAM and this implementation name services.
const targets = new Map([
  ['AWSCognitoIdentityProviderService', 'cognito-idp'],
  ['AWSCognitoIdentityService', 'cognito-identity'],
  ['AWSEvents', 'events'],
  ['AWSStepFunctions', 'states'],
  ['AmazonSQS', 'sqs'],
  // As the SDK for JavaScript spells it, and as the CLI does.
  ['CloudTrail_20131101', 'cloudtrail'],
  ['com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101', 'cloudtrail'],
  ['DynamoDB_20120810', 'dynamodb'],
  ['Logs_20140328', 'logs'],
]);

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

const withRequestId = (headers: Record<string, string>): Record<string, string> => {
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

type Codec = Pick<Decoded, 'encode' | 'encodeError'>;

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

/** What Lambda's Invoke answers; its payload is the body itself. */
export interface InvokeAnswer {
  payload: string;
  functionError?: string;
  version: string;
}

function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new AwsError('InvalidParameterValueException', `${segment} is not a valid URI.`);
  }
}

/** Lambda's REST API: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
function decodeLambda(request: WireRequest): Pick<Decoded, 'operation' | 'input'> & Codec {
  const [path = ''] = request.path.split('?');
  const match = /^\/2015-03-31\/functions(?:\/([^/]+)(\/invocations)?)?\/?$/.exec(path);
  if (!match) throw new UnsupportedError(`lambda at ${request.method} ${path}`);
  const headers = withRequestId({ 'content-type': 'application/json' });
  const FunctionName = unescaped(match[1] ?? '');
  const codec: Codec = {
    encode: (answer) => ({ status: 200, headers, body: JSON.stringify(answer) }),
    encodeError: ({ code, message, status }) => ({
      status: code === 'AccessDeniedException' ? 403 : status,
      headers: { ...headers, 'x-amzn-errortype': code },
      body: JSON.stringify({ Type: 'User', message, Message: message }),
    }),
  };
  if (!match[2]) {
    return {
      operation: FunctionName ? 'GetFunction' : 'ListFunctions',
      input: { FunctionName },
      ...codec,
    };
  }
  const input = { FunctionName, Payload: request.body.toString('utf8') || '{}' };
  return {
    operation: 'Invoke',
    input,
    ...codec,
    encode(answer) {
      const { payload, functionError, version } = answer as InvokeAnswer;
      const extra = functionError === undefined ? {} : { 'x-amz-function-error': functionError };
      return {
        status: 200,
        headers: { ...headers, 'x-amz-executed-version': version, ...extra },
        body: payload,
      };
    },
  };
}

/**
 * Reads a request in whichever of AWS's protocols it came.
 *
 * @throws AwsError UnsupportedError for a protocol or service that is not implemented.
 */
export function decode(request: WireRequest): Decoded {
  const { headers } = request;
  const signature = signatureOf(headers);
  const token = headers['x-amz-security-token'];
  const caller = {
    ...(signature && { accessKeyId: signature.accessKeyId, region: signature.region }),
    ...(typeof token === 'string' && { sessionToken: token }),
    userAgent: headers['user-agent'] ?? 'unknown',
  };
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    // An interface's name may have dots: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.
    const dot = target.lastIndexOf('.');
    const service = targets.get(target.slice(0, dot));
    const operation = target.slice(dot + 1);
    if (service === undefined) {
      throw new UnsupportedError(`the service ${signature?.service ?? target.slice(0, dot)}`);
    }
    const type = headers['content-type'] ?? '';
    const codec = jsonCodec(`application/x-amz-json-1.${/json-1\.0/.test(type) ? 0 : 1}`);
    return { ...caller, service, operation, input: parseJson(request.body), ...codec };
  }
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    const {
      Action: operation = '',
      Version: version = '',
      ...input
    } = Object.fromEntries(new URLSearchParams(request.body.toString('utf8')));
    const service = signature?.service ?? 'sts';
    return { ...caller, service, operation, input, ...queryCodec(service, version, operation) };
  }
  if (signature?.service === 'lambda' || request.path.startsWith('/2015-03-31/')) {
    return { ...caller, service: 'lambda', ...decodeLambda(request) };
  }
  throw new UnsupportedError(`${request.method} ${request.path}`);
}
