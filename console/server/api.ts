import { Finder } from '../../cli/executions/finder.ts';
import { Failure } from '../../cli/output/exit.ts';
import type { Session } from '../../cli/session.ts';
import { isOneOf, isText } from '../../core/shape.ts';
import { Abilities } from './abilities.ts';
import { Live } from './live.ts';
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
}

/** A request to the API, without its path. */
interface ApiRequest {
  query: URLSearchParams;
  body: Record<string, unknown>;
}

type Handler = (request: ApiRequest) => Promise<object>;

const usage = (message: string): Failure => new Failure('UsageError', message);

function text(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (isText(value) && value.trim() !== '') return value.trim();
  throw usage(`${name} is missing.`);
}

const optional = (body: Record<string, unknown>, name: string): string =>
  isText(body[name]) ? body[name].trim() : '';

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

function actionIn(body: Record<string, unknown>): Action {
  const { kind } = body;
  if (!isKind(kind)) throw usage('This action does not exist.');
  switch (kind) {
    case 'link':
    case 'unlink': {
      const identityPoolId = optional(body, 'identityPoolId');
      const subject = { userPoolId: text(body, 'userPoolId'), clientId: text(body, 'clientId') };
      return { kind, ...subject, ...(identityPoolId !== '' && { identityPoolId }) };
    }
    case 'repair':
      return { kind, link: text(body, 'link') };
    case 'undo':
      return { kind, execution: text(body, 'execution') };
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

/** The handlers of the API by method and path, except the stream. */
export class Api {
  readonly live: Live;
  readonly #handlers: ReadonlyMap<string, Handler>;

  constructor({ session, stage, demo }: ConsoleOptions) {
    const abilities = new Abilities(session, stage);
    const about = demo && {
      userPoolId: demo.userPoolId,
      identityPoolId: demo.identityPoolId,
    };
    const live = new Live({ session, stage, demo: about }, abilities);
    const plans = new Plans(session, stage, abilities);
    const finder = new Finder(session, stage);
    /** Refreshes the pages after an action. */
    const refreshed = async <T>(done: Promise<T>): Promise<T> => {
      try {
        return await done;
      } finally {
        live.look();
      }
    };
    this.live = live;
    this.#handlers = new Map<string, Handler>([
      [
        'GET /api/executions',
        async ({ query }) => {
          const machine = query.get('machine') === 'reconcile' ? 'reconcile' : 'link';
          const page = await live.lists.page(machine, query.get('next') ?? undefined);
          return live.lists.withDetails(page);
        },
      ],
      [
        'GET /api/find',
        async ({ query }) => ({ execution: await finder.find(query.get('named') ?? '') }),
      ],
      [
        'GET /api/data',
        ({ query }) => live.details.data(query.get('execution') ?? '', Number(query.get('id'))),
      ],
      ['POST /api/plan', ({ body }) => plans.plan(actionIn(body))],
      [
        'POST /api/confirm',
        ({ body }) => refreshed(plans.confirm(text(body, 'id'), optional(body, 'reason'))),
      ],
      ['POST /api/look', () => refreshed(plans.look())],
      ...(demo ? demoHandlers(demo) : []),
    ]);
  }

  /** The handler of a method and path, if there is one. */
  handlerOf(method: string, path: string): Handler | undefined {
    return this.#handlers.get(`${method} ${path}`);
  }
}

const demoHandlers = (demo: Demo): [string, Handler][] => [
  ['GET /api/demo/clients', async () => ({ clients: await demo.appClients() })],
  [
    'POST /api/demo/client',
    async ({ body }) => ({ clientId: await demo.createAppClient(text(body, 'name')) }),
  ],
  ['POST /api/demo/sign-in', ({ body }) => demo.signIn(text(body, 'clientId'))],
];
