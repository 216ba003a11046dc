import { sentence } from '../../core/sentence.ts';
import { type CommandLine, plainCommandLine } from './command-line.ts';

const unreachable =
  'AWS does not answer. Check the network, the Region and, if one is set, the endpoint (AWS_ENDPOINT_URL or --endpoint).';

// The code of a socket that speaks another protocol than the URL says.
const noTls =
  'The endpoint does not speak TLS: if it is the embedded AWS, its URL begins with http:// (AWS_ENDPOINT_URL or --endpoint).';

const untrusted =
  'The certificate of the endpoint is not trusted. If a proxy or the endpoint has an authority of its own, name its certificates with AWS_CA_BUNDLE.';

const noAws =
  'What answers is not AWS. Check the endpoint (AWS_ENDPOINT_URL or --endpoint), and that no proxy answers in its place.';

const expired =
  'Sign in again. If the credentials come from environment variables, set new ones and start the command again.';

const advice = new Map([
  [
    'Region is missing',
    'Name the Region that Poolbridge is deployed to, with --region, AWS_REGION, AWS_DEFAULT_REGION or a region in your AWS profile.',
  ],
  [
    'CredentialsProviderError',
    'Sign in, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for the account that Poolbridge is deployed to.',
  ],
  ['ExpiredToken', expired],
  ['ExpiredTokenException', expired],
  [
    'UnrecognizedClientException',
    'Check the credentials. The Region may also be one that the account has not enabled, or of another partition.',
  ],
  [
    'InvalidClientTokenId',
    'Check the credentials. The Region may also be one that the account has not enabled, or of another partition.',
  ],
  [
    'ERR_INVALID_URL',
    'The endpoint (AWS_ENDPOINT_URL, or endpoint_url of the AWS profile) must be a URL like http://localhost:4566.',
  ],
  [
    'EADDRINUSE',
    'The port is taken, maybe by the same command in another terminal. End that one, or name another port with --port.',
  ],
  ['ECONNREFUSED', unreachable],
  ['ECONNRESET', unreachable],
  ['ENOTFOUND', unreachable],
  ['EAI_AGAIN', unreachable],
  ['EHOSTUNREACH', unreachable],
  ['ENETUNREACH', unreachable],
  ['ETIMEDOUT', unreachable],
  ['TimeoutError', unreachable],
  ['EPROTO', noTls],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted],
]);

// The SDK says so of an answer in HTML or plain text.
const UNREADABLE = /Deserialization error: to see the raw response/;

// For example states.us-esat-1.amazonaws.com.
const HOST = /\bENOTFOUND \S+?\.([a-z0-9-]+)\.(?:amazonaws|api\.aws|on\.aws)\b/;

/** What to do about a Region that is none. */
function regionAdvice(message: string): string | undefined {
  // A variable that is set, but empty.
  if (message.startsWith('Region not accepted: region=""')) {
    return advice.get('Region is missing');
  }
  if (message.startsWith('Region not accepted')) {
    return 'Name a Region by its code, such as us-east-1.';
  }
  const [, region] = HOST.exec(message) ?? [];
  return region === undefined
    ? undefined
    : `AWS has no such host: check that ${region} is the Region, and check the network.`;
}

const denials = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);

// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
const DENIED = /is not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?/;

/** Which permission the caller lacks, and where the permissions of every command are listed. */
function deniedAdvice(name: string, message: string): string | undefined {
  if (!denials.has(name)) return undefined;
  const all = 'docs/permissions.md lists what each command needs.';
  const [, action, resource] = DENIED.exec(message) ?? [];
  if (action === undefined) return `You lack a permission. ${all}`;
  const what = resource === undefined ? action : `${action} on ${resource}`;
  return message.includes('explicit deny')
    ? `A policy denies you ${what}. ${all}`
    : `You need ${what}. ${all}`;
}

/** What to do about something that AWS does not have. */
function absentAdvice(name: string, message: string, commandLine: CommandLine): string | undefined {
  if (name === 'ExecutionDoesNotExist') {
    return `To list those that exist: ${commandLine('history')}`;
  }
  // AWS has one error for every kind of resource.
  if (name === 'ResourceNotFoundException' && message.startsWith('User pool ')) {
    return 'Check its id and the account.';
  }
  if (name === 'ResourceNotFoundException' && message.startsWith('IdentityPool ')) {
    return 'Check its id, and that the credentials are those of its account.';
  }
  return name === 'StateMachineDoesNotExist' || name === 'ResourceNotFoundException'
    ? `Check that Poolbridge is deployed to this account, Region and stage: ${commandLine('check')}`
    : undefined;
}

/**
 * An error's name and message, followed by what to do if that is known.
 *
 * @param commandLine makes the commands that it names.
 */
export function sentenceOf(
  { name, message, code = '' }: Error & { code?: string },
  commandLine: CommandLine = plainCommandLine,
): [name: string, sentence: string] {
  const text = message || code;
  const known =
    regionAdvice(message) ??
    (UNREADABLE.test(message) ? noAws : undefined) ??
    absentAdvice(name, message, commandLine) ??
    deniedAdvice(name, message) ??
    advice.get(message) ??
    advice.get(name) ??
    advice.get(code);
  return [name, known === undefined ? text : `${sentence(text)} ${known}`];
}
