import type { SignIn } from '../server/protocol.ts';
import { get, post } from './client.ts';
import { type Child, h } from './dom.ts';
import { badge, button, code, panel, problem, sentenceOf, time, unseen } from './words.ts';

interface AppClient {
  clientId: string;
  name: string;
}

/** The demo on the embedded AWS: app clients and the results of their sign-ins. */
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

  #resultOf({ clientId }: AppClient): Child {
    const signIn = this.#signIns.get(clientId);
    if (!signIn) return false;
    if (!signIn.session) return h('p', {}, badge('bad', 'refused'), ` ${signIn.refusal}`);
    const { arn, expires } = signIn.session;
    return h('p', {}, badge('good', 'allowed'), ' as ', code(arn), ', until ', time(expires));
  }

  view(): Child {
    return panel(
      { id: 'try', title: 'Try it' },
      h(
        'p',
        { class: 'dim' },
        'This uses the embedded AWS on this machine. Create an app client: it is linked automatically. Sign in with it, and the identity pool returns credentials.',
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
            h('div', { role: 'status' }, this.#resultOf(client)),
          ),
        ),
      ),
    );
  }
}
