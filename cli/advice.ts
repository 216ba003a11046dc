const unreachable =
  'Is anybody there? Check AWS_ENDPOINT_URL if it is set, the Region and the network.';

const deployed = 'Is it deployed to this account, Region and stage?';

const advice = new Map([
  [
    'Region is missing',
    'Set AWS_REGION or AWS_DEFAULT_REGION, or a region in your AWS profile, to the Region that Poolbridge is deployed to.',
  ],
  ['StateMachineDoesNotExist', deployed],
  ['ResourceNotFoundException', deployed],
  ['TaskTimedOut', 'It was decided meanwhile, or its time is over.'],
  [
    'CredentialsProviderError',
    'Sign in, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for the account that Poolbridge is deployed to.',
  ],
  ['ECONNREFUSED', unreachable],
  ['ENOTFOUND', unreachable],
]);

/** An error of a call to AWS in one line, with what to do where that is known. */
export function withAdvice({ name, message, code = '' }: Error & { code?: string }): string {
  const said = `${name}: ${message || code}`;
  const known = advice.get(message) ?? advice.get(name) ?? advice.get(code);
  return known === undefined ? said : `${said.replace(/\.?$/, '.')} ${known}`;
}
