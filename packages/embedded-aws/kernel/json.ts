// AWS documents no limit on the depth of JSON. An assumption: no service accepts a thousand levels. Recursive
// code here would overflow the stack at several thousand.
const DEEPEST = 1000;

/** The index where the string that starts at `start` ends, or the end of the text. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

/** The nesting depth of brackets and braces in a text, without those inside strings. */
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
 * Parses JSON from a request.
 *
 * @throws SyntaxError for invalid JSON, and for JSON with more than 1,000 levels.
 */
export function parseNested(text: string): unknown {
  // A text is never nested deeper than it is long, and most texts are short.
  if (text.length > DEEPEST && depthOf(text) > DEEPEST) {
    throw new SyntaxError('The JSON is nested too deeply.');
  }
  return JSON.parse(text);
}
