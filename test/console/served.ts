import assert from 'node:assert/strict';
import type { ExecutionView, News, Overview } from '../../console/server/protocol.ts';
import type { Console } from '../../console/server/server.ts';

/** The origin of a console, and the headers with which its page asks it. */
function accessTo({ address }: Pick<Console, 'address'>) {
  const { origin, hash } = new URL(address);
  const headers = {
    authorization: `Bearer ${hash.slice(1)}`,
    'content-type': 'application/json',
  };
  return { origin, headers };
}

// Longer than a busy machine takes to read what a page shows.
const PATIENCE_MS = 60_000;

/** The first of what a page gets to show that is as it should be; fails with the last one if none comes. */
async function first<T>(
  console: Console,
  query: string,
  shownIn: (news: News) => T | undefined,
  isMeant: (shown: T) => boolean,
): Promise<T> {
  const { origin, headers } = accessTo(console);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let rest = '';
  let last: T | undefined;
  try {
    const { body } = await fetch(`${origin}/api/stream${query}`, { headers, signal });
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const shown = shownIn(JSON.parse(line));
        if (shown !== undefined && isMeant(shown)) return shown;
        last = shown ?? last;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  assert.fail(
    `The page never showed what it should. At last it showed ${JSON.stringify(last, null, 2)}`,
  );
}

/** The first overview that is as it should be. */
export const overviewOf = (
  console: Console,
  isMeant: (each: Overview) => boolean,
): Promise<Overview> =>
  first(console, '', (news) => ('overview' in news ? news.overview : undefined), isMeant);

/** One execution, the first time that it is as it should be. */
export const viewOf = (
  console: Console,
  execution: string,
  isMeant: (each: ExecutionView) => boolean = () => true,
): Promise<ExecutionView> =>
  first(
    console,
    `?${new URLSearchParams({ execution })}`,
    (news) => ('execution' in news ? news.execution : undefined),
    isMeant,
  );

/** The answer to a request of a page: with a body to a POST. */
export async function ask<T>(
  console: Pick<Console, 'address'>,
  path: string,
  body?: object,
): Promise<T> {
  const { origin, headers } = accessTo(console);
  const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  const response = await fetch(`${origin}/api/${path}`, init);
  return response.json() as Promise<T>;
}
