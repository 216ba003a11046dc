/** AWS credentials. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

/** Finds credentials when a client needs them. The client says how it reaches AWS. */
export type Provider = (context?: object) => Promise<Credentials>;

/** Which credentials a session uses. */
export interface CredentialOptions {
  profile?: string;
  /** Used instead of the credentials in the environment. */
  credentials?: Credentials;
  /** Asks for the code of an MFA device, by its serial number or ARN. */
  mfaCode?: (serial: string) => Promise<string>;
}

/** The program that a profile names for its credentials has failed. */
class CredentialProcessError extends Error {
  override readonly name = 'CredentialProcessError';
}

// The SDK's message begins with the command line, which may hold a secret.
const COMMAND_FAILED = /^Command failed: .*\n?/;

/** The failure of a profile's program, by its cause: what it wrote to its error output. */
function processFailure(profile: string, error: unknown): CredentialProcessError {
  const cause = (error as Error).message.replace(COMMAND_FAILED, '').trim();
  return new CredentialProcessError(
    `The credential_process of the AWS profile ${profile} failed: ${cause || 'it wrote no reason'}. Correct it in the config file of the AWS CLI, or run it by hand to see more.`,
  );
}

// The SDK renews credentials this long before they expire.
const RENEWED_BEFORE_MS = 300_000;

const isLasting = ({ expiration }: Credentials): boolean =>
  expiration === undefined || expiration.getTime() - Date.now() > RENEWED_BEFORE_MS;

/** One provider for all clients of a session: a person types one code, and AWS takes each code once. */
function shared(provider: Provider): Provider {
  let last: Promise<Credentials> | undefined;
  return async (context) => {
    const before = last;
    const known = await before;
    if (known && isLasting(known)) return known;
    if (last === before) {
      last = provider(context);
      last.catch(() => {
        last = undefined;
      });
    }
    return last ?? provider(context);
  };
}

/** The settings of the profiles in a file of the AWS CLI. */
type Profiles = Record<string, Record<string, string | undefined>>;

/** The profile whose program gives a profile its credentials: its own, or that of a profile that it builds on. */
function profileWithProgram(
  name: string,
  profiles: Profiles,
  seen: string[] = [],
): string | undefined {
  const { credential_process: program, source_profile: source } = profiles[name] ?? {};
  if (program !== undefined) return name;
  return source === undefined || seen.includes(source)
    ? undefined
    : profileWithProgram(source, profiles, [...seen, name]);
}

/** Whether the program itself has failed: the SDK names it, or the command line that it ran. */
const isOfProgram = (error: unknown): boolean =>
  error instanceof Error && /^Command failed: |credential_process/.test(error.message);

/** Credentials of a profile that assumes a role or runs a program; undefined if it does neither. */
async function ofProfile({ profile, mfaCode }: CredentialOptions): Promise<Provider | undefined> {
  const name = profile ?? process.env['AWS_PROFILE'] ?? 'default';
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const profiles: Profiles = { ...configFile };
  for (const [each, own] of Object.entries(credentialsFile)) {
    profiles[each] = { ...profiles[each], ...own };
  }
  const { credential_process: program, role_arn: role } = profiles[name] ?? {};
  if (program === undefined && role === undefined) return undefined;
  const running = profileWithProgram(name, profiles);
  const { fromIni } = await import('@aws-sdk/credential-provider-ini');
  const provider = fromIni({ profile: name, ...(mfaCode && { mfaCodeProvider: mfaCode }) });
  return shared(async (context) => {
    try {
      return await provider(context as Parameters<typeof provider>[0]);
    } catch (error) {
      throw running !== undefined && isOfProgram(error) ? processFailure(running, error) : error;
    }
  });
}

/**
 * The credentials of a session; nothing if the SDK finds them as the AWS CLI does. The SDK goes on to the next source
 * if the program of a profile fails, and then hides the cause. It prefers the profile in the environment to keys
 * there. The AWS CLI does neither.
 *
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-authentication.html
 */
export async function credentialsOf(
  options: CredentialOptions,
): Promise<{ credentials?: Credentials | Provider }> {
  const { profile, credentials } = options;
  if (credentials) return { credentials };
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (profile === undefined && AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    return {
      credentials: {
        accessKeyId: AWS_ACCESS_KEY_ID,
        secretAccessKey: AWS_SECRET_ACCESS_KEY,
        ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
      },
    };
  }
  const provider = await ofProfile(options);
  return provider ? { credentials: provider } : {};
}
