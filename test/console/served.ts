import type { ExecutionView, News, Overview } from '../../console/server/protocol.ts';
import type { Console } from '../../console/server/server.ts';

/** The origin of a console, and the headers with which its page asks it. */
function accessTo({ address }: Console) {
  const { origin, hash } = new URL(address);
  const headers = {
    authorization: `Bearer ${hash.slice(1)}`,
    'content-type': 'application/json',
  };
  return { origin, headers };
}

/** What a page gets to show, as the console sends it. */
async function* newsOf(console: Console, query = ''): AsyncGenerator<News> {
  const { origin, headers } = accessTo(console);
  const { body } = await fetch(`${origin}/api/stream${query}`, { headers });
  let rest = '';
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.map((line): News => JSON.parse(line));
  }
  throw new Error('The stream has ended.');
}

/** The first overview that is as it should be. */
export async function overviewOf(
  console: Console,
  isMeant: (each: Overview) => boolean,
): Promise<Overview> {
  for await (const news of newsOf(console)) {
    if ('overview' in news && isMeant(news.overview)) return news.overview;
  }
  throw new Error('The stream has ended.');
}

/** One execution, the first time that it is as it should be. */
export async function viewOf(
  console: Console,
  execution: string,
  isMeant: (each: ExecutionView) => boolean = () => true,
): Promise<ExecutionView> {
  for await (const news of newsOf(console, `?${new URLSearchParams({ execution })}`)) {
    if ('execution' in news && isMeant(news.execution)) return news.execution;
  }
  throw new Error('The stream has ended.');
}

/** The answer to a request of a page: with a body to a POST. */
export async function ask<T>(console: Console, path: string, body?: object): Promise<T> {
  const { origin, headers } = accessTo(console);
  const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  const response = await fetch(`${origin}/api/${path}`, init);
  return response.json() as Promise<T>;
}
