import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { AwsError } from '../../kernel/errors.ts';

/** The value of a leaf of an event. */
export type Scalar = string | number | boolean | null;

/** One alternative in a pattern's list for a field. */
export interface Matcher {
  /** Whether a value of the field matches. */
  matches(value: Scalar): boolean;
  /** Whether an absent field matches. */
  absence?: true;
}

type Test = (value: Scalar) => boolean;

/** Refuses a pattern, with AWS's message. */
export const refuse = (reason: string): never => {
  throw new AwsError(
    'InvalidEventPatternException',
    `Event pattern is not valid. Reason: ${reason}`,
  );
};

const textTest =
  (test: (text: string) => boolean): Test =>
  (value) =>
    typeof value === 'string' && test(value);

function textOf(value: unknown, complaint: string): string {
  return typeof value === 'string' ? value : refuse(complaint);
}

/** `{"prefix": "a"}` or `{"prefix": {"equals-ignore-case": "a"}}`, and the same for suffix. */
function affix(name: 'prefix' | 'suffix', value: unknown): Test {
  const test = (text: string, affixed: string) =>
    name === 'prefix' ? text.startsWith(affixed) : text.endsWith(affixed);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const affixed = textOf(value, `${name} match pattern must be a string`);
    return textTest((text) => test(text, affixed));
  }
  const [operator, inner] = onlyEntry(value);
  if (operator !== 'equals-ignore-case') refuse(`Unsupported ${name} pattern: ${operator}`);
  const affixed = textOf(inner, 'equals-ignore-case match pattern must be a string').toLowerCase();
  return textTest((text) => test(text.toLowerCase(), affixed));
}

function ignoringCase(value: unknown): Test {
  const wanted = textOf(value, 'equals-ignore-case match pattern must be a string').toLowerCase();
  return textTest((text) => text.toLowerCase() === wanted);
}

/** The literal texts between a wildcard pattern's asterisks. */
function wildcardParts(pattern: string): string[] {
  // AWS counts bytes, including the opening quotation mark.
  const positionOf = (index: number) => Buffer.byteLength(pattern.slice(0, index)) + 1;
  const parts = [''];
  for (const { 0: token, index } of pattern.matchAll(/\\.?|\*+|[^\\*]+/gsu)) {
    if (token.length > 1 && token.startsWith('*')) {
      refuse(`Consecutive wildcard characters at pos ${positionOf(index)}`);
    }
    if (token.startsWith('\\') && token !== '\\*' && token !== '\\\\') {
      refuse(`Invalid escape character at pos ${positionOf(index)}`);
    }
    if (token === '*') parts.push('');
    else parts[parts.length - 1] += token.startsWith('\\') ? token.slice(1) : token;
  }
  return parts;
}

/**
 * `*` matches any text, `\*` matches an asterisk. Matching each literal text at its leftmost position is always
 * correct, so no backtracking is needed. AWS also refuses patterns that are too complex, by a measure that it does
 * not publish. The embedded AWS accepts them.
 */
function wildcard(value: unknown): Test {
  const parts = wildcardParts(textOf(value, 'wildcard match pattern must be a string'));
  const [first = '', ...middle] = parts;
  const last = middle.pop();
  if (last === undefined) return textTest((text) => text === first);
  return textTest((text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let from = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, from);
      if (found === -1 || found + part.length > end) return false;
      from = found + part.length;
    }
    return true;
  });
}

type Compare = (value: number, bound: number) => boolean;

const comparisons: Record<string, Compare> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

function boundOf(operator: unknown, bound: unknown): number {
  if (typeof bound === 'number') return bound;
  return refuse(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`);
}

function comparison(operator: unknown, bound: unknown, unknown: string): [Compare, number] {
  const known = typeof operator === 'string' && Object.hasOwn(comparisons, operator);
  const compare = (known ? comparisons[operator] : undefined) ?? refuse(`${unknown}: ${operator}`);
  return [compare, boundOf(operator, bound)];
}

/** `["=", 5]`, `["<", 5]`, or a range such as `[">", 0, "<=", 5]`. */
function numeric(value: unknown): Test {
  if (!Array.isArray(value)) return refuse('Value of numeric must be an array.');
  const [operator, bound, upperOperator, upperBound, ...more] = value;
  if (typeof operator !== 'string') refuse(`Invalid member in numeric match: ${operator}`);
  const [compare, low] = comparison(operator, bound, 'Unrecognized numeric range operator');
  if (value.length === 2) return (actual) => typeof actual === 'number' && compare(actual, low);
  if (!operator.startsWith('>')) refuse('Too many elements in numeric expression');
  if (upperOperator !== '<' && upperOperator !== '<=') {
    refuse(`Bad numeric range operator: ${upperOperator}`);
  }
  const [below, high] = comparison(upperOperator, upperBound, 'Bad numeric range operator');
  if (more.length > 0) refuse('Too many terms in numeric range expression');
  if (low >= high) refuse('Bottom must be less than top');
  return (actual) => typeof actual === 'number' && compare(actual, low) && below(actual, high);
}

const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined =>
  isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;

const within = (range: BlockList): Test =>
  textTest((text) => {
    const family = familyOf(text);
    return family !== undefined && range.check(text, family);
  });

function cidr(value: unknown): Test {
  const [address = '', bits = '', ...more] = textOf(
    value,
    'prefix match pattern must be a string',
  ).split('/');
  if (bits === '' || more.length > 0) refuse("Malformed CIDR, one '/' required");
  if (!/^-?\d+$/.test(bits)) refuse('Malformed CIDR, mask bits must be an integer');
  if (Number(bits) < 0) refuse('Malformed CIDR, mask bits must not be negative');
  const family = familyOf(address) ?? refuse(`Nonstandard IP address: ${address}`);
  const most = family === 'ipv4' ? 32 : 128;
  if (Number(bits) >= most) {
    refuse(`${family === 'ipv4' ? 'IPv4' : 'IPv6'} mask bits must be < ${most}`);
  }
  const range = new BlockList();
  range.addSubnet(address, Number(bits), family);
  return within(range);
}

const refinements: Record<string, (value: unknown) => Test> = {
  prefix: (value) => affix('prefix', nonEmpty(value)),
  suffix: (value) => affix('suffix', nonEmpty(value)),
  'equals-ignore-case': (value) =>
    ignoringCase(
      textOf(
        value,
        'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
      ),
    ),
  wildcard,
};

function nonEmpty(value: unknown): string {
  const text = textOf(value, 'prefix/suffix match pattern must be a string');
  return text === '' ? refuse('Null prefix/suffix not allowed') : text;
}

const only = 'Value of anything-but must be an array or single string/number value.';

/** Any value except the given one, the ones in a list, or the ones that an operator matches. */
function anythingBut(value: unknown): Test {
  if (typeof value === 'string' || typeof value === 'number') return (actual) => actual !== value;
  if (Array.isArray(value)) {
    if (value.some((each) => typeof each !== 'string' && typeof each !== 'number')) {
      refuse('Inside anything but list, start|null|boolean is not supported.');
    }
    if (new Set(value.map((each) => typeof each)).size !== 1) {
      refuse(
        'Inside anything but list, either all values are number or string, mixed type is not supported',
      );
    }
    return (actual) => !value.includes(actual);
  }
  if (typeof value !== 'object' || value === null) return refuse(only);
  const [operator, inner] = onlyEntry(value);
  const known = Object.hasOwn(refinements, operator) ? refinements[operator] : undefined;
  const refine = known ?? refuse(`Unsupported anything-but pattern: ${operator}`);
  if (typeof inner === 'object' && !Array.isArray(inner)) refuse(only);
  const tests = [inner].flat().map(refine);
  return (actual) => !tests.some((test) => test(actual));
}

/** The only entry of an object. */
function onlyEntry(value: object): [string, unknown] {
  const [entry, ...more] = Object.entries(value);
  if (more.length > 0) refuse('Only one key allowed in match expression');
  return entry ?? refuse('Match expression name not found');
}

const operators: Record<string, (value: unknown) => Test> = {
  prefix: (value) => affix('prefix', value),
  suffix: (value) => affix('suffix', value),
  'equals-ignore-case': ignoringCase,
  wildcard,
  numeric,
  cidr,
  'anything-but': anythingBut,
};

function exists(value: unknown): Matcher {
  if (typeof value !== 'boolean') refuse('exists match pattern must be either true or false.');
  return value ? { matches: () => true } : { matches: () => false, absence: true };
}

/**
 * Parses one alternative in a pattern's list for a field.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 *
 * @throws AwsError InvalidEventPatternException if AWS refuses it.
 */
export function matcherOf(item: unknown): Matcher {
  if (typeof item === 'string' && isIPv6(item)) {
    // An IPv6 address has several spellings, so https://github.com/aws/event-ruler compares addresses.
    const address = new BlockList();
    address.addAddress(item, 'ipv6');
    return { matches: within(address) };
  }
  if (Array.isArray(item)) {
    return refuse('Match value must be String, number, true, false, or null');
  }
  if (typeof item !== 'object' || item === null) return { matches: (value) => value === item };
  const [first = ''] = Object.keys(item);
  if (first !== '' && first !== 'exists' && !Object.hasOwn(operators, first)) {
    refuse(`Unrecognized match type ${first}`);
  }
  const [name, value] = onlyEntry(item);
  if (name === 'exists') return exists(value);
  const operator = operators[name] ?? refuse(`Unrecognized match type ${name}`);
  return { matches: operator(value) };
}
