import type { IncomingHttpHeaders } from 'node:http';

// Browsers call Cognito directly, and AWS answers pages of any origin. The embedded AWS has no
// signatures to rely on, so that it answers pages that come from this machine only.
const OWN = /^(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Whether a host, with or without its port, is a name of this machine that no DNS can give away. */
export const isOwnHost = (host: string): boolean => OWN.test(host);

/** Whether an origin is a page of this machine. */
export const isOwnOrigin = (origin: string): boolean =>
  /^https?:\/\//.test(origin) && isOwnHost(origin.replace(/^https?:\/\//, ''));

const EXPOSED = ['x-amzn-requestid', 'x-amz-request-id', 'x-amzn-errortype', 'date'].join(', ');

/**
 * What lets a page of this machine read an answer; nothing for any other origin.
 *
 * @see https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS
 */
export function corsHeaders({ origin }: IncomingHttpHeaders): Record<string, string> {
  if (origin === undefined || !isOwnOrigin(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED,
    vary: 'Origin',
  };
}

/** What a browser is told before it sends a request of a page of this machine. */
export function preflightHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const asked = headers['access-control-request-headers'];
  return {
    ...corsHeaders(headers),
    'access-control-allow-methods': 'GET, POST',
    'access-control-max-age': '600',
    ...(asked !== undefined && { 'access-control-allow-headers': asked }),
  };
}
