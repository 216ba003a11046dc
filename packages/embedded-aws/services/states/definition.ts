import { AwsError, UnsupportedError } from '../../kernel/errors.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One state of a definition, with the fields that the embedded AWS uses. */
export interface State {
  Type: string;
  Resource?: string;
  TimeoutSeconds?: number;
  TimeoutSecondsPath?: string;
  Parameters?: Json;
  ItemsPath?: string;
  ItemSelector?: Json;
  ItemProcessor?: Definition;
  MaxConcurrency?: number;
  Next?: string;
  Default?: string;
  Choices?: ({ Next: string } & Rule)[];
  Catch?: { Next: string }[];
  Retry?: { IntervalSeconds?: number; MaxDelaySeconds?: number }[];
  [field: string]: unknown;
}

/** A state machine in the Amazon States Language. https://states-language.net/spec.html */
export interface Definition {
  StartAt: string;
  States: Record<string, State>;
  TimeoutSeconds?: number;
}

/** A rule of a Choice state, or a combination of rules. */
interface Rule {
  [operator: string]: unknown;
}

/** Rewrites `IsPresent: false` as the negation of `IsPresent: true`: the library handles only the latter. */
export function spelledOut(rule: Rule): Rule {
  const spelled = Object.entries(rule).map(([operator, operand]) => {
    if (operator === 'And' || operator === 'Or')
      return [operator, (operand as Rule[]).map(spelledOut)];
    return [operator, operator === 'Not' ? spelledOut(operand as Rule) : operand];
  });
  const test = Object.keys(rule).find((operator) => operator.startsWith('Is'));
  if (test === undefined || rule[test] !== false) return Object.fromEntries(spelled);
  const { Next, ...tested } = rule;
  return { Not: { ...tested, [test]: true }, ...(Next !== undefined && { Next }) };
}

const supported = new Set(['Task', 'Map', 'Choice', 'Pass', 'Succeed', 'Fail', 'Wait']);

/** The names of all next states of a state. */
const transitionsOf = ({ Next, Default, Choices = [], Catch = [] }: State) =>
  [Next, Default, ...[...Choices, ...Catch].map((way) => way.Next)].filter(
    (target) => target !== undefined,
  );

/**
 * Refuses definitions with missing target states, and features that would run differently from AWS. It does not
 * check everything that AWS checks.
 *
 * @throws AwsError InvalidDefinition
 * @throws UnsupportedError
 */
export function checkDefinition({ StartAt, States }: Definition): void {
  const targets = [StartAt, ...Object.values(States).flatMap(transitionsOf)];
  const missing = targets.find((target) => !Object.hasOwn(States, target));
  if (missing !== undefined) {
    throw new AwsError(
      'InvalidDefinition',
      `Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing target: ${missing}'`,
    );
  }
  for (const [name, state] of Object.entries(States)) {
    if (!supported.has(state.Type)) throw new UnsupportedError(`${state.Type} states (${name})`);
    const unknown = ['QueryLanguage', 'Iterator', 'ItemReader', 'ResultWriter', 'ItemBatcher'].find(
      (field) => Object.hasOwn(state, field),
    );
    if (unknown) throw new UnsupportedError(`${unknown} (in the state ${name})`);
    if (state.ItemProcessor) checkDefinition(state.ItemProcessor);
  }
}
