import { AwsUnavailableError } from '../../core/errors.ts';

/** One page of a list of AWS, and the token that asks for the next. */
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
 * The pages of a list, until one has no token. Progress is what counts: pages may be short or empty, and
 * the list may be long.
 *
 * @param operation of AWS, for the message.
 * @param read asks for one page: the first one without a token.
 * @param mostEmpty how many pages without any item may follow each other.
 * @throws AwsUnavailableError when a token comes again, or when too many pages in a row are empty.
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
        `${operation} gave the same token for the next page twice, so its list has no end. Ask again later.`,
      );
    }
    seen.add(text);
    empty = page.items.length > 0 ? 0 : empty + 1;
    if (empty >= mostEmpty) {
      throw new AwsUnavailableError(
        `${operation} gave ${empty} pages in a row without any item, and a token for one more. Ask again later.`,
      );
    }
  }
}
