import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { sentenceOf } from '../../cli/output/advice.ts';
import { api, type ConsoleOptions } from './api.ts';
import type { Asset } from './bundle.ts';

/** The only address that the console listens on. */
export const HOST = '127.0.0.1';

type Env = { Bindings: HttpBindings };

const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    // The page shows only text: no script can turn a string into HTML or a script.
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: ["'none'"],
  },
  permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
  xFrameOptions: 'DENY',
  // The console is served without TLS, on this machine only.
  strictTransportSecurity: false,
});

const notKept: MiddlewareHandler = async (context, next) => {
  await next();
  context.header('cache-control', 'no-store');
};

/** Refuses requests that do not come from the page of this console. */
const checkOrigin: MiddlewareHandler<Env> = async ({ env, req }, next) => {
  const { host = '', origin, 'sec-fetch-site': site = 'none' } = req.header();
  const { localPort } = env.incoming.socket;
  // Another host name is a DNS rebinding attack.
  if (![`${HOST}:${localPort}`, `localhost:${localPort}`].includes(host)) {
    throw new HTTPException(421, { message: 'The console does not serve this host name.' });
  }
  const isOwn = origin === undefined || origin === `http://${host}`;
  if (!isOwn || !['same-origin', 'none'].includes(site)) {
    throw new HTTPException(403, { message: 'Requests from other pages are not allowed.' });
  }
  await next();
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const checkToken = (token: string): MiddlewareHandler => {
  const wanted = digest(`Bearer ${token}`);
  return async ({ req }, next) => {
    if (!timingSafeEqual(digest(req.header('authorization') ?? ''), wanted)) {
      const message = 'Open the console with the address that it printed when it started.';
      throw new HTTPException(401, { message });
    }
    await next();
  };
};

/** Everything that the console answers: the files of its page without a token, all else with it. */
export function appOf(
  options: ConsoleOptions,
  { token, page, patience }: { token: string; page: ReadonlyMap<string, Asset>; patience: number },
): Hono<Env> {
  const app = new Hono<Env>();
  app.use(headers, notKept, checkOrigin);
  for (const [path, { type, body }] of page) {
    app.get(path, (context) => context.body(body, 200, { 'content-type': type }));
  }
  app.use(checkToken(token));
  app.route('/api', api(options, patience));
  app.notFound((context) =>
    context.json({ error: 'Refused', message: 'This page does not exist.' }, 404),
  );
  app.onError((error, context) => {
    const isRefusal = error instanceof HTTPException;
    const [name, message] = isRefusal
      ? ['Refused', error.message]
      : sentenceOf(error, options.commandLine);
    return context.json({ error: name, message }, isRefusal ? error.status : 400);
  });
  return app;
}
