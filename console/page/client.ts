import type { News } from '../server/protocol.ts';

const KEY = 'poolbridge';

/** The console was opened without its token, or with one of before. */
export class NotOpenError extends Error {
  override readonly name = 'NotOpenError';
}

/** Takes the token out of the address, where nobody looks over a shoulder and no bookmark keeps it. */
export function takeToken(): void {
  const { hash } = window.location;
  if (!/^#[\w-]{43}$/.test(hash)) return;
  // Of this tab and this port alone; a cookie would go to every other port of the machine.
  sessionStorage.setItem(KEY, hash.slice(1));
  history.replaceState(null, '', '/');
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(KEY) ?? '';
  const headers = { ...init.headers, authorization: `Bearer ${token}` };
  const response = await fetch(path, { ...init, headers }).catch((error) => {
    if (init.signal?.aborted) throw error;
    throw new Error('The console does not answer. Is it still running where it was started?');
  });
  if (response.ok) return response;
  const { message = response.statusText } = await response.json();
  throw response.status === 401 ? new NotOpenError(message) : new Error(message);
}

/** @throws what went wrong, in a sentence. */
export async function get<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  const response = await ask(`${path}?${new URLSearchParams(query)}`);
  return response.json();
}

/** @throws what went wrong, in a sentence. */
export async function post<T>(path: string, body: object = {}): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json();
}

/** Hears the news until it is stopped or cut off. */
export async function listen(
  execution: string | undefined,
  signal: AbortSignal,
  hear: (news: News) => void,
): Promise<void> {
  const query = execution === undefined ? '' : `?${new URLSearchParams({ execution })}`;
  const { body } = await ask(`/api/stream${query}`, { signal });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done = true, value = '' } = (await reader?.read()) ?? {};
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) hear(JSON.parse(line));
  }
}
