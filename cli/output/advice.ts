const unreachable =
  'AWS does not answer. Check the network, the Region and, if one is set, the endpoint (AWS_ENDPOINT_URL or --endpoint).';

const deployed = 'Check that Poolbridge is deployed to this account, Region and stage.';

const expired =
  'Sign in again. If the credentials come from environment variables, set new ones and start the command again.';

const advice = new Map([
  [
    'Region is missing',
    'Name the Region that Poolbridge is deployed to, with --region, AWS_REGION, AWS_DEFAULT_REGION or a region in your AWS profile.',
  ],
  ['StateMachineDoesNotExist', deployed],
  ['ResourceNotFoundException', deployed],
  ['ExecutionDoesNotExist', 'To list those that exist: poolbridge history'],
  ['TaskTimedOut', 'The change is already approved or denied, or the time to decide is over.'],
  [
    'CredentialsProviderError',
    'Sign in, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for the account that Poolbridge is deployed to.',
  ],
  ['ExpiredToken', expired],
  ['ExpiredTokenException', expired],
  ['ECONNREFUSED', unreachable],
  ['ECONNRESET', unreachable],
  ['ENOTFOUND', unreachable],
]);

/** An error's name and message, followed by what to do if that is known. */
export function sentenceOf({
  name,
  message,
  code = '',
}: Error & { code?: string }): [name: string, sentence: string] {
  const text = message || code;
  const known = advice.get(message) ?? advice.get(name) ?? advice.get(code);
  return [name, known === undefined ? text : `${text.replace(/\.?$/, '.')} ${known}`];
}
