import type {
  CognitoIdentityClient,
  CognitoIdentityClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-cognito-identity';
import type { Command, DeserializeMiddleware } from '@smithy/types';
import { AwsUnavailableError } from '../../core/errors.ts';

interface Response {
  body: Uint8Array | AsyncIterable<Uint8Array>;
}

async function bytesOf(body: Response['body']): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Sends a command and returns the answer as it came over the wire. The SDK keeps only the members that it was built
 * with. The next UpdateIdentityPool would reset what it drops.
 *
 * @throws AwsUnavailableError if the answer is not JSON in UTF-8: a guess can't be sent back.
 */
export async function answerOf<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
  client: CognitoIdentityClient,
  command: Command<
    ServiceInputTypes,
    I,
    ServiceOutputTypes,
    O,
    CognitoIdentityClientResolvedConfig
  >,
): Promise<unknown> {
  let answer: Uint8Array = new Uint8Array();
  const keep: DeserializeMiddleware<I, O> = (next) => async (args) => {
    const result = await next(args);
    const response = result.response as Response;
    answer = await bytesOf(response.body);
    response.body = answer;
    return result;
  };
  command.middlewareStack.addRelativeTo(keep, {
    relation: 'after',
    toMiddleware: 'deserializerMiddleware',
  });
  await client.send(command);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer));
  } catch (error) {
    throw new AwsUnavailableError(
      `The answer of Cognito is not JSON (${(error as Error).message}).`,
      { cause: error },
    );
  }
}
