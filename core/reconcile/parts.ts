import { InvalidRequestError } from '../errors.ts';
import { executionOf } from '../execution.ts';
import { grouped } from '../grouped.ts';
import type { Links } from '../links/links.ts';
import { quote } from '../request/request.ts';
import { isFlag, isNumber, isObject, isShape, isText } from '../shape.ts';

/**
 * How many identity pools one execution reconciles. The report of each, or its failure, takes at least 800 of the
 * 262,144 characters that a state may hold. More are reconciled in parts, one execution after the other.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export const MOST_IDENTITY_POOLS = 250;
/** How many user pools the links of one part may name. Each listed one takes about 90 characters of the same state. */
export const MOST_USER_POOLS = 500;

/** Where an execution continues that is not the first part of a reconcile. */
export interface Part {
  /** 2 for the second. */
  number: number;
  /** The last identity pool of the part before it. The parts are in the order of the ids. */
  after: string;
  /** Whether an earlier part has failed. */
  failed: boolean;
}

/** The input of the execution that reconciles the next part. */
export interface NextPart {
  repair: boolean;
  allEntries?: true;
  changedOnly?: true;
  part: Part;
}

const isPart = isShape<Part>({ number: isNumber, after: isText, failed: isFlag }, {});

/**
 * Reads `part` of the input of the `reconcile` state machine. Only the part before it sends one.
 *
 * @throws InvalidRequestError if it has another form.
 */
export function partIn(input: Record<string, unknown>): Part | undefined {
  const { part } = input;
  if (part === undefined) return undefined;
  if (!isPart(part)) {
    throw new InvalidRequestError(
      `part must be an object like {"number":2,"after":"…","failed":false}, not ${quote(part)}. Leave it out to begin with the first identity pool.`,
    );
  }
  return part;
}

/** The links of one part, and where the next one continues. */
export interface LinksOfPart {
  links: Links;
  /** The last identity pool of this part; undefined if it is the last part. */
  upTo?: string;
}

/**
 * The links of one part of a reconcile: all of them, if they fit into one execution.
 *
 * @param after the last identity pool of the part before it; undefined in the first part.
 */
export function linksOfPart(links: Links, after: string | undefined): LinksOfPart {
  const byPool = [...grouped(Object.values(links), ({ identityPool }) => identityPool)]
    .filter(([id]) => after === undefined || id > after)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const userPools = new Set<string>();
  const taken = new Set<string>();
  for (const [id, group] of byPool) {
    for (const each of group.flatMap((link) => link.userPools ?? [])) userPools.add(each);
    const isFull = taken.size === MOST_IDENTITY_POOLS || userPools.size > MOST_USER_POOLS;
    if (isFull && taken.size > 0) break;
    taken.add(id);
  }
  const own = Object.entries(links).filter(([, { identityPool }]) => taken.has(identityPool));
  const upTo = taken.size < byPool.length ? [...taken].at(-1) : undefined;
  return { links: Object.fromEntries(own), ...(upTo !== undefined && { upTo }) };
}

const isNext = (value: unknown): value is NextPart =>
  isObject(value) && isFlag(value['repair']) && isPart(value['part']);

/** The input of the next part, by the state at the end of an execution; undefined after the last part. */
export function nextPartIn(state: unknown): NextPart | undefined {
  const next = isObject(state) ? state['next'] : undefined;
  return isNext(next) ? next : undefined;
}

const PART = /-part-\d+$/;

/** What the name of a part's execution has after that of the first part; blank for the first. */
export const partSuffix = (name: string): string => PART.exec(name)?.[0] ?? '';

/** The name of the first part's execution, from that of any part. */
export const firstPartOf = (name: string): string =>
  name.slice(0, name.length - partSuffix(name).length);

// Step Functions allows 80 characters.
const NAME_ROOM = 68;

/** The execution of a part: what it is started with, and its ARN. */
export interface PartExecution {
  arn: string;
  stateMachineArn: string;
  name: string;
}

/**
 * The execution of a part. The same part always has the same name, so that it is started only once.
 *
 * @param before ARN of the execution of the part before it.
 */
export function executionOfPart(before: string, { number }: Part): PartExecution {
  const { partition, region, account, machine, name: nameBefore } = executionOf(before);
  const first = firstPartOf(nameBefore).slice(0, NAME_ROOM);
  const name = `${first}-part-${number}`;
  const states = `arn:${partition}:states:${region}:${account}`;
  return {
    name,
    stateMachineArn: `${states}:stateMachine:${machine}`,
    arn: `${states}:execution:${machine}:${name}`,
  };
}

/** The input of the next part, with how the parts up to it have ended. */
export const afterPart = (next: NextPart, status: 'SUCCEEDED' | 'FAILED'): NextPart => ({
  ...next,
  part: { ...next.part, failed: next.part.failed || status === 'FAILED' },
});
