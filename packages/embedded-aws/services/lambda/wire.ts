import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import {
  type Codec,
  type Decoded,
  type WireRequest,
  withRequestId,
} from '../../kernel/protocol.ts';

/** The answer of Invoke. On the wire, the payload is the body. */
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
export function decodeLambda(request: WireRequest): Pick<Decoded, 'operation' | 'input'> & Codec {
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
  const InvocationType = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (InvocationType !== 'RequestResponse' && InvocationType !== 'Event') {
    throw new UnsupportedError(`the invocation type ${InvocationType}`);
  }
  const input = { FunctionName, InvocationType, Payload: request.body.toString('utf8') || '{}' };
  return {
    operation: 'Invoke',
    input,
    ...codec,
    encode(answer) {
      const { payload, functionError, version } = answer as InvokeAnswer;
      const extra = functionError === undefined ? {} : { 'x-amz-function-error': functionError };
      return {
        status: InvocationType === 'Event' ? 202 : 200,
        headers: { ...headers, 'x-amz-executed-version': version, ...extra },
        body: payload,
      };
    },
  };
}
