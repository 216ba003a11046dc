// No service of AWS documents how deep JSON may be; that none takes a thousand levels is an assumption. What
// walks through values here would overflow its stack at some thousands.
const DEEPEST = 1000;

/** Where a string that begins at an index ends; the text's end if it does not. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

/** How deep brackets and braces are nested in a text, those within strings left out. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i];
    if (sign === '"') i = endOfString(text, i);
    else if (sign === '[' || sign === '{') depth++;
    else if (sign === ']' || sign === '}') depth--;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/**
 * Parses JSON that comes from outside.
 *
 * @throws SyntaxError for what is not JSON, or is nested more than a thousand deep.
 */
export function parseNested(text: string): unknown {
  if (depthOf(text) > DEEPEST) throw new SyntaxError('The JSON is nested too deep.');
  return JSON.parse(text);
}
