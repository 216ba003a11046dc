import { type Context, Hono, type HonoRequest } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { Finder } from '../../cli/executions/finder.ts';
import { type CommandLine, plainCommandLine } from '../../cli/output/command-line.ts';
import { Failure } from '../../cli/output/exit.ts';
import type { Session } from '../../cli/session.ts';
import { DeployedLinks } from '../../cli/settings/deployed-links.ts';
import type { Links } from '../../core/links/links.ts';
import { isObject, isOneOf, isText } from '../../core/shape.ts';
import { Abilities } from './abilities.ts';
import { Entries } from './entries.ts';
import { linksView } from './links.ts';
import { Live } from './live.ts';
import { newsOf } from './news.ts';
import { Plans } from './plans.ts';
import type { Action, SignIn } from './protocol.ts';

/** What the demo on the embedded AWS offers. */
export interface Demo {
  userPoolId: string;
  identityPoolId: string;
  /** @returns the app client's id. */
  createAppClient(name: string): Promise<string>;
  appClients(): Promise<{ clientId: string; name: string }[]>;
  signIn(clientId: string): Promise<SignIn>;
}

/** What a console is about. */
export interface ConsoleOptions {
  session: Session;
  stage: string;
  demo?: Demo;
  /** The file of links.yml, if it is not the usual one, and links that may be deployed without being in it. */
  links?: { file?: string; known?: Links[] };
  /** Makes the commands that messages name, for the same deployment. */
  commandLine?: CommandLine;
}

// Longer than any plan or reason.
const MOST_BYTES = 16 * 1024;

const usage = (message: string): Failure => new Failure('UsageError', message);

type Body = Record<string, unknown>;

/** The body of a POST, which is a small JSON object. */
async function bodyOf(request: HonoRequest): Promise<Body> {
  if (request.header('content-type') !== 'application/json') {
    throw new HTTPException(415, { message: 'The body must be JSON.' });
  }
  // Node reads no more bytes than the header announces.
  const length = request.header('content-length');
  if (length === undefined) {
    throw new HTTPException(411, { message: 'The header Content-Length is missing.' });
  }
  if (Number(length) > MOST_BYTES) {
    throw new HTTPException(413, { message: 'The request is too large.' });
  }
  const body: unknown = await request.json().catch(() => undefined);
  if (!isObject(body)) throw new HTTPException(400, { message: 'The body must be a JSON object.' });
  return body;
}

function text(body: Body, name: string): string {
  const value = body[name];
  if (isText(value) && value.trim() !== '') return value.trim();
  throw usage(`${name} is missing.`);
}

const optional = (body: Body, name: string): string =>
  isText(body[name]) ? body[name].trim() : '';

/** The identity pool that an action is limited to. */
function onlyIn(body: Body): { identityPoolId?: string } {
  const identityPoolId = optional(body, 'identityPoolId');
  return identityPoolId === '' ? {} : { identityPoolId };
}

const isKind = isOneOf<Action['kind']>(
  'link',
  'unlink',
  'undo',
  'repair',
  'approve',
  'deny',
  'pause',
  'resume',
);

function actionIn(body: Body): Action {
  const { kind } = body;
  if (!isKind(kind)) throw usage('This action does not exist.');
  switch (kind) {
    case 'link':
    case 'unlink': {
      const subject = { userPoolId: text(body, 'userPoolId'), clientId: text(body, 'clientId') };
      return { kind, ...subject, ...onlyIn(body) };
    }
    case 'repair':
      return { kind, link: text(body, 'link') };
    case 'undo':
      return { kind, execution: text(body, 'execution'), ...onlyIn(body) };
    case 'approve':
    case 'deny':
      return {
        kind,
        execution: text(body, 'execution'),
        identityPoolId: text(body, 'identityPoolId'),
      };
    default:
      return { kind };
  }
}

/**
 * The API of the console, below its path. The page that asks was checked before.
 *
 * @param patience how long AWS may take to answer before the page says so, in milliseconds.
 */
export function api(
  { session, stage, demo, links: linksAtHand, commandLine = plainCommandLine }: ConsoleOptions,
  patience: number,
): Hono {
  const abilities = new Abilities(session, stage);
  const about = demo && { userPoolId: demo.userPoolId, identityPoolId: demo.identityPoolId };
  const live = new Live({ session, stage, demo: about, commandLine }, abilities, patience);
  const plans = new Plans(session, stage, abilities);
  const finder = new Finder(session, stage, { commandLine });
  const entries = new Entries(session, stage);
  const links = new DeployedLinks(session, stage, linksAtHand);
  /** Answers with the result of an action, and refreshes the pages. */
  const refreshed = async (context: Context, done: Promise<object>): Promise<Response> => {
    try {
      return context.json(await done);
    } finally {
      live.look();
    }
  };
  const routes = new Hono()
    .get('/stream', (context) => newsOf(context, live, context.req.query('execution')))
    .get('/executions', async (context) => {
      const { machine, next } = context.req.query();
      const page = await live.lists.page(machine === 'reconcile' ? 'reconcile' : 'link', next);
      return context.json(await live.lists.withDetails(page));
    })
    .get('/links', async (context) => context.json(await linksView(links)))
    .get('/find', async (context) => {
      const execution = await finder.find(context.req.query('named') ?? '');
      return context.json({ execution });
    })
    .get('/data', async (context) => {
      const { execution = '', id } = context.req.query();
      return context.json(await live.details.data(execution, Number(id)));
    })
    .post('/plan', async (context) =>
      context.json(await plans.plan(actionIn(await bodyOf(context.req)))),
    )
    .post('/confirm', async (context) => {
      const body = await bodyOf(context.req);
      return refreshed(context, plans.confirm(text(body, 'id'), optional(body, 'reason')));
    })
    .post('/entries', async (context) => {
      const link = text(await bodyOf(context.req), 'link');
      return refreshed(context, entries.of(link));
    })
    .post('/look', async (context) => {
      await bodyOf(context.req);
      return refreshed(context, plans.look());
    });
  return demo ? routes.route('/demo', demoApi(demo)) : routes;
}

const demoApi = (demo: Demo): Hono =>
  new Hono()
    .get('/clients', async (context) => context.json({ clients: await demo.appClients() }))
    .post('/client', async (context) => {
      const name = text(await bodyOf(context.req), 'name');
      return context.json({ clientId: await demo.createAppClient(name) });
    })
    .post('/sign-in', async (context) => {
      const clientId = text(await bodyOf(context.req), 'clientId');
      const at = new Date().toISOString();
      return context.json({ ...(await demo.signIn(clientId)), at });
    });
