import type { IncomingHttpHeaders } from 'node:http';

// Browsers call Cognito directly, and AWS answers pages of any origin. The embedded AWS does not verify
// signatures, so it answers only pages from this machine.
const OWN = /^(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Whether a host, with or without port, is a name of this machine that DNS can't redirect. */
export const isOwnHost = (host: string): boolean => OWN.test(host);

/** Whether an origin belongs to this machine. */
export const isOwnOrigin = (origin: string): boolean =>
  /^https?:\/\//.test(origin) && isOwnHost(origin.replace(/^https?:\/\//, ''));

const EXPOSED = ['x-amzn-requestid', 'x-amz-request-id', 'x-amzn-errortype', 'date'].join(', ');

/**
 * The headers that let a page of this machine read an answer; none for other origins.
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

/** The headers of the answer to a browser's preflight request. */
export function preflightHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const asked = headers['access-control-request-headers'];
  return {
    ...corsHeaders(headers),
    'access-control-allow-methods': 'GET, POST',
    'access-control-max-age': '600',
    ...(asked !== undefined && { 'access-control-allow-headers': asked }),
  };
}
