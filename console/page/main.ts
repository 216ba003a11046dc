import type {
  Action,
  Data,
  Done,
  ExecutionView,
  News,
  Overview,
  Rows,
} from '../server/protocol.ts';
import { get, listen, NotOpenError, post, takeToken } from './client.ts';
import { become, type Child, h } from './dom.ts';
import { type Chosen, executionView } from './execution-view.ts';
import { banners, type Frame, header } from './frame.ts';
import { type Looks, overviewView } from './overview-view.ts';
import { closePlan, openPlan } from './plan-dialog.ts';
import { TryIt } from './try-it.ts';
import { button, problem, sentenceOf } from './words.ts';

// How long to wait before connecting again, in milliseconds.
const RECONNECT_MS = 2000;

/** The state of the page; everything is rendered from it. */
const page: Frame & { view?: ExecutionView; looks: Looks; chosen: Chosen } = {
  isLive: false,
  looks: { machine: 'link', older: { link: undefined, reconcile: undefined }, allPools: false },
  chosen: {},
};

const tryIt = new TryIt(() => render());

const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no ${id}.`);
  return found;
};

/** The execution that the address names. */
const route = (): string | undefined => /^#\/execution\/(.+)$/.exec(window.location.hash)?.[1];

/** Shows a message or, with `isSeen` false, gives it to screen readers only. */
function say(text: string, isSeen = true): void {
  const news = byId('news');
  news.className = isSeen && text !== '' ? 'news' : 'unseen';
  const dismiss = isSeen && button('dismiss', { class: 'small' }, 'Close');
  become(news, h('p', {}, text, text !== '' && dismiss));
}

const heading = (text: string): HTMLElement => h('h1', { tabindex: -1 }, text);

const loading = (what: string): Child[] => [heading(what), h('p', { class: 'dim' }, 'Loading …')];

function content(): Child[] {
  const { overview, view, looks, chosen } = page;
  const execution = route();
  if (page.problem !== undefined) {
    const back = execution !== undefined && h('p', {}, h('a', { href: '#/' }, '← All executions'));
    return [back, heading('Poolbridge'), problem(page.problem)];
  }
  if (!overview) return loading('Poolbridge');
  // Nothing is known yet but an error, which a banner shows.
  if (overview.about.account === '') return [heading('Poolbridge')];
  if (execution === undefined) {
    return overviewView(overview, looks, overview.about.demo && tryIt.view());
  }
  if (view?.row.execution !== execution) return loading('Execution');
  return executionView(view, overview, chosen);
}

function render(): void {
  become(byId('header'), h('header', {}, header(page)));
  become(byId('main'), h('main', {}, banners(page), content()));
}

/** Announces an execution that has ended since the last update. */
function announce({ link }: Overview): void {
  const before = new Map(page.overview?.link.rows.map((row) => [row.execution, row.status]));
  if (before.size === 0) return;
  const ended = link.rows.filter(
    ({ execution, status, outcome }) =>
      status !== 'RUNNING' && outcome !== undefined && before.get(execution) === 'RUNNING',
  );
  const [first] = ended;
  if (!first) return;
  say(`${first.operation ?? 'An execution'} ${first.clientId ?? ''}: ${first.outcome}`, false);
}

function receive(news: News): void {
  page.isLive = true;
  if ('overview' in news) {
    announce(news.overview);
    const isFirst = page.overview === undefined;
    page.overview = news.overview;
    if (isFirst && news.overview.about.demo) void tryIt.read();
  } else if ('execution' in news) {
    page.view = news.execution;
  } else {
    page.problem = news.failure.message;
  }
  render();
}

let listening = new AbortController();

/** Receives updates while the page is visible, and connects again when it was disconnected. */
async function keepListening(): Promise<void> {
  listening.abort();
  const own = new AbortController();
  listening = own;
  while (!own.signal.aborted && !document.hidden) {
    try {
      await listen(route(), own.signal, receive);
    } catch (error) {
      if (own.signal.aborted) return;
      if (error instanceof NotOpenError) {
        page.problem = error.message;
        return render();
      }
    }
    if (own.signal.aborted) return;
    page.isLive = false;
    render();
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

function go(): void {
  page.chosen = {};
  delete page.problem;
  if (byId('news').className === 'news') say('');
  render();
  document.title = route() === undefined ? 'Poolbridge' : 'Execution · Poolbridge';
  byId('main').querySelector('h1')?.focus();
  window.scrollTo(0, 0);
  void keepListening();
}

function done({ message, execution }: Done): void {
  // If the page goes to the execution, the message is for screen readers only.
  say(message, execution === undefined);
  if (execution !== undefined) window.location.hash = `#/execution/${execution}`;
}

/** Runs the action of a button, unless it is already running. */
async function once(pressed: HTMLElement, action: () => Promise<void>): Promise<void> {
  if (pressed.ariaBusy === 'true') return;
  pressed.ariaBusy = 'true';
  say('');
  try {
    await action();
  } catch (error) {
    say(sentenceOf(error));
  } finally {
    pressed.ariaBusy = null;
  }
}

async function choose(chosen: Chosen): Promise<void> {
  page.chosen = chosen;
  render();
  const { visit } = chosen;
  const execution = route();
  if (visit === undefined || execution === undefined) return;
  const data = await get<Data>('/api/data', { execution, id: String(visit) });
  if (page.chosen === chosen) {
    page.chosen = { ...chosen, data };
    render();
  }
}

const branch = (): Pick<Chosen, 'identityPoolId'> => {
  const { identityPoolId } = page.chosen;
  return identityPoolId === undefined ? {} : { identityPoolId };
};

/** The handlers of the buttons, by their `data-do`. */
const clickHandlers: Record<string, (button: HTMLElement) => Promise<void> | void> = {
  plan: ({ dataset }) => openPlan(JSON.parse(dataset['action'] ?? '{}') as Action, done),
  close: closePlan,
  dismiss: () => say(''),
  skip: () => byId('main').focus(),
  'all-pools'() {
    page.looks.allPools = true;
    render();
  },
  look: async () => done(await post<Done>('/api/look')),
  'sign-in': ({ dataset }) => tryIt.signIn(dataset['client'] ?? ''),
  machine({ dataset }) {
    page.looks.machine = dataset['machine'] === 'reconcile' ? 'reconcile' : 'link';
    render();
  },
  async older({ dataset }) {
    const { machine, older } = page.looks;
    const read = await get<Rows>('/api/executions', { machine, next: dataset['next'] ?? '' });
    const rows = [...(older[machine]?.rows ?? page.overview?.[machine].rows ?? []), ...read.rows];
    older[machine] = { ...read, rows };
    render();
  },
  state({ dataset }) {
    const { state = '' } = dataset;
    const { identityPoolId: only } = page.chosen;
    const own = page.view?.visits.filter(
      (visit) =>
        visit.state === state && (visit.identityPoolId ?? only) === (only ?? visit.identityPoolId),
    );
    const last = own?.at(-1);
    return choose({ ...branch(), state, ...(last && { visit: last.id }) });
  },
  visit({ dataset }) {
    const { state } = page.chosen;
    return choose({
      ...branch(),
      ...(state !== undefined && { state }),
      visit: Number(dataset['visit']),
    });
  },
};

const entryOf = (form: HTMLFormElement, name: string): string =>
  String(new FormData(form).get(name) ?? '').trim();

/** The handlers of the forms, by their `data-do`. */
const submitHandlers: Record<
  string,
  (form: HTMLFormElement, button: HTMLElement | null) => Promise<void>
> = {
  ask: (form, button) => {
    const subject = {
      userPoolId: entryOf(form, 'userPoolId'),
      clientId: entryOf(form, 'clientId'),
    };
    const identityPoolId = entryOf(form, 'identityPoolId');
    const kind = button?.getAttribute('value') === 'unlink' ? 'unlink' : 'link';
    return openPlan({ kind, ...subject, ...(identityPoolId !== '' && { identityPoolId }) }, done);
  },
  async find(form) {
    const { execution } = await get<{ execution: string }>('/api/find', {
      named: entryOf(form, 'named'),
    });
    window.location.hash = `#/execution/${execution}`;
  },
  async create(form) {
    await tryIt.create(entryOf(form, 'name'));
    form.reset();
  },
};

document.addEventListener('click', (event) => {
  const pressed = event.target instanceof Element && event.target.closest<HTMLElement>('button, a');
  const handler = pressed ? clickHandlers[pressed.dataset['do'] ?? ''] : undefined;
  if (!pressed || !handler) return;
  event.preventDefault();
  void once(pressed, async () => handler(pressed));
});

document.addEventListener('submit', (event) => {
  const { target, submitter } = event;
  const form = target instanceof HTMLFormElement ? target : undefined;
  const handler = submitHandlers[form?.dataset['do'] ?? ''];
  if (!form || !handler) return;
  event.preventDefault();
  void once(submitter ?? form, () => handler(form, submitter));
});

document.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLSelectElement) || target.dataset['do'] !== 'branch') return;
  void choose(target.value === '' ? {} : { identityPoolId: target.value });
});

document.addEventListener('visibilitychange', () => {
  if (document.hidden) listening.abort();
  else void keepListening();
});

window.addEventListener('hashchange', () => {
  takeToken();
  go();
});

takeToken();
render();
void keepListening();
