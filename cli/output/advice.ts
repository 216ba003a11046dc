const unreachable =
  'Is anybody there? Check the endpoint (AWS_ENDPOINT_URL, --endpoint) if one is set, the Region and the network.';

const deployed = 'Is it deployed to this account, Region and stage?';

const expired =
  'Sign in again. What has its credentials from the environment must be started again with new ones.';

const advice = new Map([
  [
    'Region is missing',
    'Give --region, or set AWS_REGION or AWS_DEFAULT_REGION, or a region in your AWS profile, to the Region that Poolbridge is deployed to.',
  ],
  ['StateMachineDoesNotExist', deployed],
  ['ResourceNotFoundException', deployed],
  [
    'ExecutionDoesNotExist',
    'Step Functions forgets an execution after 90 days; poolbridge audit reads of older ones in the log group.',
  ],
  ['TaskTimedOut', 'It was decided meanwhile, or its time is over.'],
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

/** An error's name and its sentence, of a call to AWS with what to do where that is known. */
export function sentenceOf({
  name,
  message,
  code = '',
}: Error & { code?: string }): [name: string, sentence: string] {
  const said = message || code;
  const known = advice.get(message) ?? advice.get(name) ?? advice.get(code);
  return [name, known === undefined ? said : `${said.replace(/\.?$/, '.')} ${known}`];
}
