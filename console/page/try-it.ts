import type { SignIn } from '../server/protocol.ts';
import { get, post } from './client.ts';
import { type Child, h } from './dom.ts';
import { badge, button, code, panel, problem, sentenceOf, time, unseen } from './words.ts';

interface AppClient {
  clientId: string;
  name: string;
}

/** What can be tried out on the embedded AWS, and what came of it. */
export class TryIt {
  readonly #changed: () => void;
  #clients: AppClient[] = [];
  readonly #signIns = new Map<string, SignIn>();
  #problem = '';

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  read(): Promise<void> {
    return this.#try(async () => {
      const { clients } = await get<{ clients: AppClient[] }>('/api/demo/clients');
      this.#clients = clients.toSorted((a, b) => a.name.localeCompare(b.name));
    });
  }

  create(name: string): Promise<void> {
    return this.#try(async () => {
      await post('/api/demo/client', { name });
      await this.read();
    });
  }

  signIn(clientId: string): Promise<void> {
    return this.#try(async () => {
      this.#signIns.set(clientId, await post<SignIn>('/api/demo/sign-in', { clientId }));
    });
  }

  async #try(action: () => Promise<void>): Promise<void> {
    try {
      this.#problem = '';
      await action();
    } catch (error) {
      this.#problem = sentenceOf(error);
    }
    this.#changed();
  }

  #cameOf({ clientId }: AppClient): Child {
    const came = this.#signIns.get(clientId);
    if (!came) return false;
    if (!came.session) return h('p', {}, badge('bad', 'refused'), ` ${came.refusal}`);
    const { arn, expires } = came.session;
    return h('p', {}, badge('good', 'let in'), ' as ', code(arn), ', until ', time(expires));
  }

  view(): Child {
    return panel(
      { id: 'try', title: 'Try it' },
      h(
        'p',
        { class: 'dim' },
        'On this machine’s own AWS. Create an app client: it is linked by itself. Sign in with it, and the identity pool gives credentials.',
      ),
      h(
        'form',
        { 'data-do': 'create' },
        h(
          'label',
          {},
          'Name of a new app client',
          h('input', { name: 'name', required: true, maxlength: 128, autocomplete: 'off' }),
        ),
        h('p', { class: 'buttons' }, h('button', { type: 'submit' }, 'Create the app client')),
      ),
      this.#problem !== '' && problem(this.#problem),
      h(
        'ul',
        { class: 'clients', 'aria-label': 'App clients' },
        this.#clients.map((client) =>
          h(
            'li',
            { 'data-key': client.clientId },
            h('p', {}, h('strong', {}, client.name), h('br'), code(client.clientId)),
            button(
              'sign-in',
              { class: 'small', 'data-client': client.clientId },
              'Sign in and get credentials',
              unseen(` with ${client.name}`),
            ),
            h('div', { role: 'status' }, this.#cameOf(client)),
          ),
        ),
      ),
    );
  }
}
