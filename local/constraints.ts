import { AwsError } from './errors.ts';

/** What an API model asks of a member. */
export interface Constraint {
  pattern?: string;
  min?: number;
  max?: number;
}

/** A member, where it stands and what is asked of it. */
export type Rule = [path: string, value: unknown, constraint: Constraint & { required?: boolean }];

const sizeOf = (value: unknown): number | undefined => {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : undefined;
};

function broken(value: unknown, { pattern, min, max, required }: Rule[2]): string | undefined {
  if (value === undefined || value === null)
    return required ? 'Member must not be null' : undefined;
  const size = sizeOf(value) ?? 0;
  if (max !== undefined && size > max)
    return `Member must have length less than or equal to ${max}`;
  if (min !== undefined && size < min) {
    return `Member must have length greater than or equal to ${min}`;
  }
  if (pattern === undefined || new RegExp(`^(?:${pattern})$`, 's').test(String(value))) {
    return undefined;
  }
  return `Member must satisfy regular expression pattern: ${pattern}`;
}

/**
 * Holds members against their constraints, and answers as the AWS services do.
 *
 * @throws AwsError with the given code and every broken constraint in its message.
 */
export function enforce(rules: Rule[], code = 'ValidationException'): void {
  const problems = rules.flatMap(([path, value, constraint]) => {
    const problem = broken(value, constraint);
    const shown = value === undefined || value === null ? 'null' : `'${show(value)}'`;
    return problem ? [`Value ${shown} at '${path}' failed to satisfy constraint: ${problem}`] : [];
  });
  if (problems.length === 0) return;
  const count = `${problems.length} validation error${problems.length > 1 ? 's' : ''} detected`;
  throw new AwsError(code, `${count}: ${problems.join('; ')}`);
}

const show = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);
