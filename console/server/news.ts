import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { Live } from './live.ts';
import type { News } from './protocol.ts';

// More than the news of a minute.
const MOST_UNREAD = 16 * 1024 * 1024;

/** Keeps a page up to date with one line of JSON for each update, until it disconnects. */
export function newsOf(context: Context, live: Live, execution: string | undefined): Response {
  context.header('content-type', 'application/x-ndjson; charset=utf-8');
  return stream(context, async (page) => {
    const gone = Promise.withResolvers<void>();
    page.onAbort(gone.resolve);
    let unread = 0;
    const send = async (news: News) => {
      const line = `${JSON.stringify(news)}\n`;
      unread += line.length;
      // A page that does not read would fill the memory; a page that is disconnected connects again.
      if (unread > MOST_UNREAD) return page.abort();
      await page.write(line);
      unread -= line.length;
    };
    const leave = live.join({ ...(execution !== undefined && { execution }), send });
    await gone.promise;
    leave();
  });
}
