import {
  type Document,
  type ErrorCode,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  visit,
} from 'yaml';
import { escaped, inLine } from './in-line.ts';
import { tagSentence, yamlSentence } from './yaml-words.ts';

/** A problem and its line. */
export interface Problem {
  line: number;
  message: string;
}

// A links.yml needs no more aliases of one anchor than it has links; more would be an alias bomb.
const MOST_ALIASES = 10_000;

/** The node of a key or, if there is none, the closest node around it. */
function nodeAt(document: Document, path: string[]): Node | null {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = document.getIn(path.slice(0, depth - 1), true);
    const name = path[depth - 1];
    const pair =
      isMap(parent) && parent.items.find(({ key }) => isScalar(key) && key.value === name);
    if (pair) return pair.key as Node;
    const value = document.getIn(path.slice(0, depth), true);
    if (value) return value as Node;
  }
  return document.contents;
}

const keyText = (path: string[]): string => path.map(inLine).join('.') || 'the file';

/** The key of a value, from the nodes around it. */
const keyAmong = (ancestors: readonly unknown[]): string =>
  keyText(
    ancestors.flatMap((each) =>
      isPair(each) && isScalar(each.key) ? [String(each.key.value)] : [],
    ),
  );

/** Whether a value contains itself, through aliases. */
function isCircular(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch {
    return true;
  }
}

// The meaning of some plain numbers depends on the parser: 010 is eight to many YAML parsers.
const isOddNumber = ({ value, source }: Scalar): boolean =>
  typeof value === 'number' && source !== String(value);

/** Text without quotes over several lines, which is mostly a mistake in the indentation. */
const isFolded = ({ type, range }: Scalar, text: string): boolean =>
  type === Scalar.PLAIN && /[\r\n]/.test(text.slice(...(range ?? [0, 0])));

/** A YAML text, with the line of each of its parts. */
export class YamlSource {
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;
  /** The content of the text, with aliases resolved; an empty map if there are problems. */
  readonly content: unknown;
  readonly problems: Problem[];

  /** @throws RangeError if the text is nested too deeply. */
  constructor(text: string) {
    this.#text = text;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      merge: true,
      prettyErrors: false,
      logLevel: 'error',
      stringKeys: true,
      resolveKnownTags: false,
    });
    this.problems = this.#syntaxProblems();
    if (this.problems.length === 0) this.problems = this.#misreadings();
    this.content = this.problems.length > 0 ? {} : this.#resolved();
  }

  /** A problem with its line and key, from its path. */
  locate({ path, message }: { path: string[]; message: string }): Problem {
    const offset = nodeAt(this.#document, path)?.range?.[0] ?? 0;
    return this.#at(offset, `${keyText(path)} ${escaped(message)}`);
  }

  #at(offset: number, message: string): Problem {
    return { line: this.#lines.linePos(offset).line, message };
  }

  // One syntax error makes the library report others after it, so only the first counts. Duplicate keys and tags
  // are independent problems.
  #syntaxProblems(): Problem[] {
    const { errors, warnings } = this.#document;
    const [first] = errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
    const doubled = errors.filter(({ code }) => code === 'DUPLICATE_KEY');
    return [
      ...[...doubled, ...(first ? [first] : [])].map(({ code, pos: [offset] }) =>
        this.#syntaxProblem(code, offset),
      ),
      ...warnings.map(({ code, pos: [from, to] }) =>
        code === 'TAG_RESOLVE_FAILED'
          ? this.#at(from, `${this.#keyOf(to)} ${tagSentence(this.#text.slice(from, to))}`)
          : this.#syntaxProblem(code, from),
      ),
    ];
  }

  #syntaxProblem(code: ErrorCode, offset: number): Problem {
    const open = code === 'MISSING_CHAR' ? this.#openQuote(offset) : undefined;
    return open === undefined
      ? this.#at(offset, yamlSentence(code, this.#text, offset))
      : this.#at(open, 'the quote that starts here has no end: close it on the same line');
  }

  /** The key of the first value after an offset. */
  #keyOf(offset: number): string {
    let key = keyAmong([]);
    visit(this.#document, {
      Node: (_, { range }, ancestors) => {
        if ((range?.[0] ?? 0) < offset) return undefined;
        key = keyAmong(ancestors);
        return visit.BREAK;
      },
    });
    return key;
  }

  /** The start of a quote that is not closed before an offset. */
  #openQuote(offset: number): number | undefined {
    let open: number | undefined;
    visit(this.#document, {
      Scalar: (_, { type, range }) => {
        if (type !== Scalar.QUOTE_DOUBLE && type !== Scalar.QUOTE_SINGLE) return;
        const [from = 0, to = 0] = range ?? [];
        const isClosed = to - from > 1 && this.#text[to - 1] === this.#text[from];
        if (from < offset && to >= offset && !isClosed) open = from;
      },
    });
    return open;
  }

  /** What YAML accepts, but reads differently than a person would. */
  #misreadings(): Problem[] {
    const found: Problem[] = [];
    const anchors = new Map<string, Node>();
    const target = (node: unknown): unknown => (isAlias(node) ? anchors.get(node.source) : node);
    visit(this.#document, {
      Node: (_, node, ancestors) => {
        if ((isScalar(node) || isCollection(node)) && node.anchor) anchors.set(node.anchor, node);
        const message = this.#misreading(node, anchors);
        if (message === undefined) return;
        found.push(this.#at(node.range?.[0] ?? 0, `${keyAmong(ancestors)} ${message}`));
      },
      Pair: (_, { key, value }: Pair) => {
        if (!isScalar(key) || key.source !== '<<' || key.type !== Scalar.PLAIN) return;
        const merged = target(value);
        const all = isSeq(merged) ? merged.items.map(target) : [merged];
        if (merged === undefined || all.every(isMap)) return;
        found.push(
          this.#at(key.range?.[0] ?? 0, '<< must merge a map, through an alias such as *name'),
        );
      },
    });
    return found;
  }

  #misreading(node: Node, anchors: Map<string, Node>): string | undefined {
    if (isAlias(node)) {
      return anchors.has(node.source)
        ? undefined
        : `is ${inLine(`*${node.source}`)}, an alias of an anchor that is not defined before it: put it in quotes if it is text`;
    }
    if (node.tag === '!')
      return 'starts with a ! and a blank, which YAML reads as a tag: put both in quotes with the text';
    if (!isScalar(node)) return undefined;
    const { source = '' } = node;
    if (isOddNumber(node)) {
      return `is ${inLine(source)}, which YAML reads as the number ${String(node.value)}: write a number with decimal digits only, and text in quotes`;
    }
    return isFolded(node, this.#text)
      ? `is ${inLine(JSON.stringify(source))}, which is spread over several lines: put it on one line, or correct the indentation`
      : undefined;
  }

  #resolved(): unknown {
    try {
      const content: unknown = this.#document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
      if (!isCircular(content)) return content;
      this.#aliasProblem('is an alias of a value that contains it: write the value out');
    } catch (error) {
      if (error instanceof RangeError) throw error;
      this.#aliasProblem('expands to too much: use fewer aliases of aliases');
    }
    return {};
  }

  #aliasProblem(message: string): void {
    let offset = 0;
    let name = 'an alias';
    visit(this.#document, {
      Alias: (_, alias) => {
        [offset = 0] = alias.range ?? [];
        name = inLine(`*${alias.source}`);
        return visit.BREAK;
      },
    });
    this.problems.push(this.#at(offset, `${name} ${message}`));
  }
}
