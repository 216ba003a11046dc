import { AwsError } from '../../kernel/errors.ts';
import { type Matcher, matcherOf, refuse, type Scalar } from './matchers.ts';

/** The fields that must all match, by path, in alphabetical order. */
type Branch = [path: string, matchers: Matcher[]][];

/** A parsed pattern: one branch per combination of its `$or`s. */
export interface EventPattern {
  readonly branches: readonly Branch[];
}

type Node = Record<string, unknown>;
type Draft = Map<string, Matcher[]>;

const isObject = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// https://github.com/aws/event-ruler#the-or-primitive
const reservedInsideOr = new Set(
  [
    ['exactly', 'equals-ignore-case', 'prefix', 'suffix', 'anything-but', 'exists', 'wildcard'],
    ['numeric', 'cidr', '=', '<', '<=', '>', '>=', 'regex', 'not-wildcard'],
    ['not-equals-ignore-case', 'date-after', 'date-on-or-after', 'date-before'],
    ['date-on-or-before', 'in-date-range', 'ip-address-in-range', 'ip-address-not-in-range'],
  ].flat(),
);

// Each $or multiplies the branches. Without a limit, a short pattern could exhaust the memory.
const MOST_BRANCHES = 1000;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-complex-example-or */
function withAlternatives(drafts: Draft[], alternatives: unknown, path: string): Draft[] {
  if (!Array.isArray(alternatives)) return refuse('It must be an Array followed with $or.');
  const nodes = alternatives.map((each) =>
    isObject(each) ? each : refuse('Only JSON object is allowed in array of $or relationship.'),
  );
  if (nodes.length < 2) refuse('There must have at least 2 Objects in $or relationship.');
  const branches = nodes.flatMap((node) => withFields(drafts, node, path, true));
  if (branches.length <= MOST_BRANCHES) return branches;
  throw new AwsError(
    'LimitExceededException',
    `The event pattern has more than ${MOST_BRANCHES} combinations.`,
  );
}

function withFields(drafts: Draft[], node: Node, path: string, insideOr: boolean): Draft[] {
  const entries = Object.entries(node);
  if (entries.length === 0) refuse('Empty objects are not allowed');
  return entries.reduce((sofar, [key, value]) => {
    if (key === '$or') return withAlternatives(sofar, value, path);
    if (insideOr && reservedInsideOr.has(key)) {
      refuse(`${key} is Ruler reserved fieldName which cannot be used inside $or.`);
    }
    // A dot inside a key is the same as a level, as in AWS.
    const name = path === '' ? key : `${path}.${key}`;
    if (isObject(value)) return withFields(sofar, value, name, insideOr);
    if (!Array.isArray(value)) return refuse(`"${key}" must be an object or an array`);
    if (value.length === 0) refuse('Empty arrays are not allowed');
    const matchers = value.map(matcherOf);
    return sofar.map((draft) => new Map(draft).set(name, matchers));
  }, drafts);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/**
 * Parses a pattern, as PutRule does.
 *
 * @throws AwsError InvalidEventPatternException if AWS refuses it.
 */
export function parsePattern(text: string): EventPattern {
  const root = parsed(text);
  if (!isObject(root)) return refuse('Filter is not an object');
  const drafts = withFields([new Map()], root, '', false);
  const branches = drafts.map((draft) => [...draft].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { branches };
}

/** The position of a value: the index in each enclosing array, by the array's id. */
type Place = ReadonlyMap<number, number>;

interface Leaf {
  value: Scalar;
  place: Place;
}

/** The leaves of an event at one path, also by the array element that contains them. */
interface Leaves {
  all: Leaf[];
  arrays: Set<number>;
  byElement: Map<string, Leaf[]>;
}

/** Collects the leaves of an event. Empty objects and arrays have no leaves, as in AWS. */
class Walk {
  readonly leaves: [path: string, leaf: Leaf][] = [];
  #arrays = 0;

  visit(value: unknown, path: string, place: Place): void {
    if (Array.isArray(value)) this.#visitArray(value, path, place);
    else if (isObject(value)) {
      for (const [key, each] of Object.entries(value)) {
        this.visit(each, path === '' ? key : `${path}.${key}`, place);
      }
    } else this.leaves.push([path, { value: value as Scalar, place }]);
  }

  #visitArray(array: unknown[], path: string, place: Place): void {
    const id = this.#arrays++;
    for (const [index, each] of array.entries()) {
      // Only objects and arrays in an array must match together; scalars match independently.
      const nested = typeof each === 'object' && each !== null;
      this.visit(each, path, nested ? new Map(place).set(id, index) : place);
    }
  }
}

// A cache: every rule of a bus matches the same event.
const walked = new WeakMap<object, Map<string, Leaves>>();

function leavesOf(event: object): Map<string, Leaves> {
  const known = walked.get(event);
  if (known) return known;
  const walk = new Walk();
  walk.visit(event, '', new Map());
  const found = new Map<string, Leaves>();
  walked.set(event, found);
  for (const [path, leaf] of walk.leaves) {
    const leaves: Leaves = found.get(path) ?? { all: [], arrays: new Set(), byElement: new Map() };
    found.set(path, leaves);
    leaves.all.push(leaf);
    for (const [array, index] of leaf.place) {
      leaves.arrays.add(array);
      const element = `${array}:${index}`;
      const same = leaves.byElement.get(element);
      if (same) same.push(leaf);
      else leaves.byElement.set(element, [leaf]);
    }
  }
  return found;
}

const agrees = (place: Place, other: Place): boolean =>
  [...other].every(([array, index]) => (place.get(array) ?? index) === index);

function candidates(leaves: Leaves | undefined, place: Place): Leaf[] {
  if (!leaves) return [];
  const shared = [...place].find(([array]) => leaves.arrays.has(array));
  const near = shared ? (leaves.byElement.get(shared.join(':')) ?? []) : leaves.all;
  return near.filter((leaf) => agrees(place, leaf.place));
}

/**
 * Whether all fields of a branch match. Fields inside an array must match in the same element.
 * https://github.com/aws/event-ruler#json-array-matching
 */
function branchMatches(branch: Branch, event: Map<string, Leaves>): boolean {
  // Failed states: the same positions in the arrays that still matter fail again.
  const failed = new Set<string>();
  const arraysFrom = branch.map((_, i) => {
    const ahead = branch.slice(i).flatMap(([path]) => [...(event.get(path)?.arrays ?? [])]);
    return new Set(ahead);
  });
  const walk = (i: number, place: Place): boolean => {
    const field = branch[i];
    if (!field) return true;
    const [path, matchers] = field;
    const standing = [...place].filter(([array]) => arraysFrom[i]?.has(array)).sort();
    const state = `${i} ${standing.join(' ')}`;
    if (failed.has(state)) return false;
    const leaves = candidates(event.get(path), place);
    const matched =
      (leaves.length === 0 && matchers.some(({ absence }) => absence) && walk(i + 1, place)) ||
      leaves.some(
        (leaf) =>
          matchers.some((matcher) => matcher.matches(leaf.value)) &&
          walk(i + 1, new Map([...place, ...leaf.place])),
      );
    if (!matched) failed.add(state);
    return matched;
  };
  return walk(0, new Map());
}

/** Whether an event matches a pattern. */
export function matches({ branches }: EventPattern, event: object): boolean {
  const leaves = leavesOf(event);
  return branches.some((branch) => branchMatches(branch, leaves));
}
