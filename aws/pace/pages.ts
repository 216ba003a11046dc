import { AwsUnavailableError } from '../../core/errors.ts';

/** One page of an AWS list, and the token of the next page. */
export interface Page<Item, Token = string> {
  items: Item[];
  /** Absent or empty on the last page. */
  next?: Token | undefined;
}

/**
 * How many empty pages of a list may follow each other. No AWS service documents a limit. None of the lists that are
 * read here has shown this many.
 */
export const MOST_EMPTY = 50;

/**
 * The pages of a list, until a page has no token. Pages may be short or empty, and the list may be long, but it
 * must make progress.
 *
 * @param operation of AWS, for the message.
 * @param read asks for one page. The first call has no token.
 * @param mostEmpty how many empty pages may follow each other.
 * @throws AwsUnavailableError if a token repeats, or if too many pages in a row are empty.
 */
export async function* pagesOf<Item, Token = string>(
  operation: string,
  read: (token: Token | undefined) => Promise<Page<Item, Token>>,
  mostEmpty = MOST_EMPTY,
): AsyncGenerator<Page<Item, Token>> {
  const seen = new Set<string>();
  let empty = 0;
  for (let token: Token | undefined; ; ) {
    const page = await read(token);
    yield page;
    token = page.next;
    if (!token) return;
    const text = JSON.stringify(token);
    if (seen.has(text)) {
      throw new AwsUnavailableError(
        `${operation} returned the same token for the next page twice, so its list has no end. Ask again later.`,
      );
    }
    seen.add(text);
    empty = page.items.length > 0 ? 0 : empty + 1;
    if (empty >= mostEmpty) {
      throw new AwsUnavailableError(
        `${operation} returned ${empty} empty pages in a row, and a token for one more. Ask again later.`,
      );
    }
  }
}
