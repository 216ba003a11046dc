// First, so that it sees everything that the page shows.
import './text.ts';
import { render } from 'preact';
import type { News, Overview } from '../server/protocol.ts';
import { addressIn, machineIn } from './address.ts';
import { App } from './app.tsx';
import { listen, NotOpenError, takeToken } from './client.ts';
import { titleOf } from './execution.tsx';
import { outcomesOf } from './filter.ts';
import { focusHeading, keepFocus, partsAround } from './focus.ts';
import { change, onChange, page, say, update } from './store.ts';
import { readClients } from './try-it.tsx';

// How long to wait before connecting again, in milliseconds.
const RECONNECT_MS = 2000;
// How often times such as "3 min ago" are shown anew, in milliseconds.
const TICK_MS = 30_000;

/** The title of the tab, which tells it apart from others. */
function title(): string {
  const { view, address, overview } = page;
  const { execution, identityPoolId, isLinks } = address;
  const end = `Poolbridge ${overview?.about.stage ?? ''}`.trimEnd();
  if (isLinks) return `links.yml · ${end}`;
  if (identityPoolId !== undefined) return `${identityPoolId} · ${end}`;
  if (execution === undefined)
    return machineIn(address) === 'link' ? end : `Reconciliations · ${end}`;
  if (view?.row.execution !== execution) return `Execution · ${end}`;
  return `${outcomesOf(view.row).join(', ')} ${titleOf(view)} · ${end}`;
}

onChange(() => {
  const { activeElement: focused } = document;
  const parts = partsAround(focused);
  render(<App page={page} />, document.body);
  if (focused !== null && focused !== document.body) keepFocus(parts);
  document.title = title();
});

/** Announces an execution that has ended since the last update. */
function announce({ link }: Overview): void {
  const before = new Map(page.overview?.link.rows.map((row) => [row.execution, row.status]));
  if (before.size === 0) return;
  const [first] = link.rows.filter(
    ({ execution, status, outcome }) =>
      status !== 'RUNNING' && outcome !== undefined && before.get(execution) === 'RUNNING',
  );
  if (!first) return;
  const { operation = 'An execution', clientId, clients = [], outcome } = first;
  say(`${[operation, clientId ?? clients[0]].filter(Boolean).join(' ')}: ${outcome}`, false);
}

const newestOf = (overview: Overview | undefined) =>
  overview && (overview.link.rows[0]?.execution ?? 'none');

function receive(news: News): void {
  if ('overview' in news) {
    announce(news.overview);
    // An app client that is created or deleted starts an execution.
    const isNewer = newestOf(page.overview) !== newestOf(news.overview);
    update(news.overview);
    if (isNewer && news.overview.about.demo) void readClients();
  } else if ('execution' in news) {
    change({ view: news.execution, failure: undefined, isLive: true });
  } else {
    change({ failure: news.failure.message, isLive: true });
  }
}

let listening = new AbortController();

/** Receives updates while the page is visible, and connects again when it was disconnected. */
async function keepListening(): Promise<void> {
  listening.abort();
  const own = new AbortController();
  listening = own;
  while (!own.signal.aborted && !document.hidden) {
    try {
      await listen(page.address.execution, own.signal, receive);
    } catch (error) {
      if (own.signal.aborted) return;
      if (error instanceof NotOpenError) return change({ problem: error.message });
    }
    if (own.signal.aborted) return;
    change({ isLive: false });
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

/** Shows what the address says, from its top. */
function go(): void {
  if (page.message.isSeen) say('');
  change({
    address: addressIn(window.location.hash),
    problem: undefined,
    failure: undefined,
    action: undefined,
  });
  focusHeading();
  window.scrollTo(0, 0);
  void keepListening();
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) listening.abort();
  else void keepListening();
});

window.addEventListener('hashchange', () => {
  takeToken();
  go();
});

setInterval(() => change({}), TICK_MS);

takeToken();
// What the file of the page shows is replaced.
document.body.replaceChildren();
change({ address: addressIn(window.location.hash) });
void keepListening();
