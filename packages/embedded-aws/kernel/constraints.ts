import { AwsError } from './errors.ts';

/** A constraint of an API model on a member. */
export interface Constraint {
  required?: boolean;
  /** The minimum length of a string, list or map, or the minimum value of a number. */
  min?: number;
  max?: number;
  pattern?: string;
  oneOf?: string[];
  /** The constraint on every item of a list. */
  each?: Constraint;
  /** The message does not repeat the value. */
  secret?: boolean;
}

/** A member: its path, its value and its constraint. */
export type Rule = [path: string, value: unknown, constraint: Constraint];

function problemOfSize(value: unknown, { min, max }: Constraint): string | undefined {
  const isNumber = typeof value === 'number';
  const size = isNumber ? value : lengthOf(value);
  const measure = isNumber ? 'value' : 'length';
  if (min !== undefined && size < min) {
    return `Member must have ${measure} greater than or equal to ${min}`;
  }
  if (max !== undefined && size > max) {
    return `Member must have ${measure} less than or equal to ${max}`;
  }
  return undefined;
}

const lengthOf = (value: unknown): number =>
  typeof value === 'string' || Array.isArray(value)
    ? value.length
    : Object.keys(Object(value)).length;

function problemOfItems(value: unknown, { each }: Constraint): string | undefined {
  if (!each || !Array.isArray(value)) return undefined;
  const found = value.map((item) => problemOf(item, each)).find((problem) => problem !== undefined);
  return found && `Member must satisfy constraint: [${found}]`;
}

function problemOfText(value: unknown, { pattern, oneOf }: Constraint): string | undefined {
  if (typeof value === 'object') return undefined;
  const text = String(value);
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'su').test(text)) {
    return `Member must satisfy regular expression pattern: ${pattern}`;
  }
  if (oneOf && !oneOf.includes(text)) {
    return `Member must satisfy enum value set: [${oneOf.join(', ')}]`;
  }
  return undefined;
}

function problemOf(value: unknown, constraint: Constraint): string | undefined {
  if (value === undefined || value === null) {
    return constraint.required ? 'Member must not be null' : undefined;
  }
  return (
    problemOfSize(value, constraint) ??
    problemOfItems(value, constraint) ??
    problemOfText(value, constraint)
  );
}

function shown(value: unknown, { secret }: Constraint): string {
  if (value === undefined || value === null) return ' null';
  if (secret) return '';
  if (Array.isArray(value)) return ` '[${value.join(', ')}]'`;
  return ` '${typeof value === 'object' ? JSON.stringify(value) : value}'`;
}

/**
 * Checks members against their constraints, with the error messages of AWS.
 *
 * @throws AwsError with the given code and every broken constraint in its message.
 */
export function enforce(rules: Rule[], code = 'ValidationException'): void {
  const problems = rules.flatMap(([path, value, constraint]) => {
    const problem = problemOf(value, constraint);
    const what = `Value${shown(value, constraint)} at '${path}'`;
    return problem ? [`${what} failed to satisfy constraint: ${problem}`] : [];
  });
  if (problems.length === 0) return;
  const count = `${problems.length} validation error${problems.length > 1 ? 's' : ''} detected`;
  throw new AwsError(code, `${count}: ${problems.join('; ')}`);
}

/** As {@link enforce}, for required members that are absent, by path. */
export const enforceRequired = (absent: string[], code?: string): void =>
  enforce(
    absent.map((path): Rule => [path, undefined, { required: true }]),
    code,
  );
