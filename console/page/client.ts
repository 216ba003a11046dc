import type { News } from '../server/protocol.ts';

const KEY = 'poolbridge';

/** The page has no token, or the token of an earlier console. */
export class NotOpenError extends Error {
  override readonly name = 'NotOpenError';
}

/** The console has answered with an error, whose name says which. */
export class AnswerError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Takes the token out of the address, so that it is neither visible nor kept in a bookmark. */
export function takeToken(): void {
  const { hash } = window.location;
  if (!/^#[\w-]{43}$/.test(hash)) return;
  // Session storage is for this tab and port only; a cookie would be sent to every port of the machine.
  sessionStorage.setItem(KEY, hash.slice(1));
  history.replaceState(null, '', '/');
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(KEY) ?? '';
  const headers = { ...init.headers, authorization: `Bearer ${token}` };
  const response = await fetch(path, { ...init, headers }).catch((error) => {
    if (init.signal?.aborted) throw error;
    throw new Error('The console does not answer. Check that it still runs where you started it.');
  });
  if (response.ok) return response;
  const { error = '', message = response.statusText } = await response.json();
  throw response.status === 401 ? new NotOpenError(message) : new AnswerError(error, message);
}

/** @throws an error whose message is a sentence. */
export async function get<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  const response = await ask(`${path}?${new URLSearchParams(query)}`);
  return response.json();
}

/** @throws an error whose message is a sentence. */
export async function post<T>(path: string, body: object = {}): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json();
}

/** Receives updates until it is stopped or disconnected. */
export async function listen(
  execution: string | undefined,
  signal: AbortSignal,
  receive: (news: News) => void,
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
    for (const line of lines) receive(JSON.parse(line));
  }
}
