import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';

/** The agents of a client that is reached through a proxy, or whose certificates are of an authority of one's own. */
interface Handler {
  requestHandler: { httpAgent: Agent; httpsAgent: SecureAgent };
}

type Environment = Record<string, string | undefined>;

const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

// As many connections at once as the SDK opens by default.
const MOST_SOCKETS = 50;

function bundleIn({ AWS_CA_BUNDLE: file }: Environment): { ca?: Buffer } {
  if (!file) return {};
  try {
    return { ca: readFileSync(file) };
  } catch (error) {
    throw new Error(
      `AWS_CA_BUNDLE names ${file}, which can't be read (${(error as NodeJS.ErrnoException).code}). Correct it, or unset it.`,
    );
  }
}

/**
 * What the AWS CLI reads of the network's settings and the SDK does not: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and
 * `AWS_CA_BUNDLE`.
 *
 * @returns nothing if none is set: the SDK then does as it does by default.
 * @throws Error if the bundle of certificates can't be read.
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html
 * @see https://nodejs.org/api/http.html#built-in-proxy-support
 */
export function networkOf(env: Environment = process.env): Partial<Handler> {
  if (!env['AWS_CA_BUNDLE'] && !PROXIES.some((name) => env[name])) return {};
  const common = { keepAlive: true, maxSockets: MOST_SOCKETS, proxyEnv: env };
  return {
    requestHandler: {
      httpAgent: new Agent(common),
      httpsAgent: new SecureAgent({ ...common, ...bundleIn(env) }),
    },
  };
}
