import { Machines } from '../../cli/executions/machines.ts';
import { Failure } from '../../cli/output/exit.ts';
import type { Session } from '../../cli/session.ts';
import { isOneOf, isText } from '../../core/shape.ts';
import { Abilities } from './abilities.ts';
import { Live } from './live.ts';
import { Plans } from './plans.ts';
import type { Action, SignIn } from './protocol.ts';

/** Where one may try it out, on an AWS that is there for it. */
export interface Demo {
  userPoolId: string;
  identityPoolId: string;
  /** @returns the app client's id. */
  createAppClient(name: string): Promise<string>;
  appClients(): Promise<{ clientId: string; name: string }[]>;
  signIn(clientId: string): Promise<SignIn>;
}

/** What a console shows. */
export interface Shown {
  session: Session;
  stage: string;
  demo?: Demo;
}

/** What is asked of the API, beside its path. */
interface Question {
  query: URLSearchParams;
  body: Record<string, unknown>;
}

type Answer = (question: Question) => Promise<object>;

const usage = (message: string): Failure => new Failure('UsageError', message);

function text(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (isText(value) && value.trim() !== '') return value.trim();
  throw usage(`${name} is missing.`);
}

const optional = (body: Record<string, unknown>, name: string): string =>
  isText(body[name]) ? body[name].trim() : '';

const isKind = isOneOf<Action['kind']>(
  ...(['link', 'unlink', 'undo', 'repair', 'approve', 'deny', 'pause', 'resume'] as const),
);

function actionIn(body: Record<string, unknown>): Action {
  const { kind } = body;
  if (!isKind(kind)) throw usage('There is no such action.');
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

/** What the page may ask for, by method and path; the stream apart. */
export class Api {
  readonly live: Live;
  readonly #answers: ReadonlyMap<string, Answer>;

  constructor({ session, stage, demo }: Shown) {
    const abilities = new Abilities(session, stage);
    const about = demo && {
      userPoolId: demo.userPoolId,
      identityPoolId: demo.identityPoolId,
    };
    const live = new Live({ session, stage, demo: about }, abilities);
    const plans = new Plans(session, stage, abilities);
    const machines = new Machines(session, stage);
    /** What is done is seen at once. */
    const seen = async <T>(done: Promise<T>): Promise<T> => {
      try {
        return await done;
      } finally {
        live.look();
      }
    };
    this.live = live;
    this.#answers = new Map<string, Answer>([
      [
        'GET /api/executions',
        async ({ query }) => {
          const machine = query.get('machine') === 'reconcile' ? 'reconcile' : 'link';
          const page = await live.lists.page(machine, query.get('next') ?? undefined);
          return live.lists.filled(page);
        },
      ],
      [
        'GET /api/find',
        async ({ query }) => ({ execution: await machines.executionArn(query.get('named') ?? '') }),
      ],
      [
        'GET /api/data',
        ({ query }) => live.details.data(query.get('execution') ?? '', Number(query.get('id'))),
      ],
      ['POST /api/plan', ({ body }) => plans.plan(actionIn(body))],
      [
        'POST /api/confirm',
        ({ body }) => seen(plans.confirm(text(body, 'id'), optional(body, 'reason'))),
      ],
      ['POST /api/look', () => seen(plans.look())],
      ...(demo ? demoAnswers(demo) : []),
    ]);
  }

  /** How a request is answered; nothing where there is no such request. */
  answerTo(method: string, path: string): Answer | undefined {
    return this.#answers.get(`${method} ${path}`);
  }
}

const demoAnswers = (demo: Demo): [string, Answer][] => [
  ['GET /api/demo/clients', async () => ({ clients: await demo.appClients() })],
  [
    'POST /api/demo/client',
    async ({ body }) => ({ clientId: await demo.createAppClient(text(body, 'name')) }),
  ],
  ['POST /api/demo/sign-in', ({ body }) => demo.signIn(text(body, 'clientId'))],
];
