import { UnsupportedError } from './errors.ts';

/** The values of a request's condition keys. */
export type Context = Record<string, string | string[] | undefined>;

/** The conditions of a statement: by operator, then by condition key. */
export type Conditions = Record<string, Record<string, string | string[]>>;

const wildcards = { '': new Map<string, RegExp>(), i: new Map<string, RegExp>() };

/** Whether a value matches a pattern with the wildcards `*` and `?`. */
export function wild(pattern: string, value: string, flags: keyof typeof wildcards = ''): boolean {
  let regExp = wildcards[flags].get(pattern);
  if (!regExp) {
    const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    regExp = new RegExp(`^${source.replaceAll('?', '.')}$`, `s${flags}`);
    wildcards[flags].set(pattern, regExp);
  }
  return regExp.test(value);
}

/** Matches an ARN section by section: wildcards do not cross the first five colons. */
function arnLike(pattern: string, value: string): boolean {
  const sections = (arn: string) => {
    const [a = '', b = '', c = '', d = '', e = '', ...rest] = arn.split(':');
    return [a, b, c, d, e, rest.join(':')];
  };
  const actual = sections(value);
  return sections(pattern).every((section, i) => wild(section, actual[i] ?? ''));
}

type Test = (wanted: string, actual: string) => boolean;

const equal: Test = (wanted, actual) => wanted === actual;

const tests: Record<string, { test: Test; negated?: boolean }> = {
  StringEquals: { test: equal },
  StringNotEquals: { test: equal, negated: true },
  StringEqualsIgnoreCase: { test: (w, a) => w.toLowerCase() === a.toLowerCase() },
  StringLike: { test: (w, a) => wild(w, a) },
  StringNotLike: { test: (w, a) => wild(w, a), negated: true },
  ArnEquals: { test: arnLike },
  ArnLike: { test: arnLike },
  ArnNotLike: { test: arnLike, negated: true },
  Bool: { test: equal },
};

interface Operator {
  test: Test;
  negated: boolean;
  ifExists: boolean;
  quantifier?: string;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
export function operatorOf(name: string): Operator {
  const [, quantifier, base = '', ifExists] =
    /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  const found = Object.hasOwn(tests, base) ? tests[base] : undefined;
  // Ignoring an unknown condition could allow a call that AWS denies.
  if (!found) throw new UnsupportedError(`the condition operator ${name}`);
  return {
    test: found.test,
    negated: found.negated === true,
    ifExists: ifExists !== undefined,
    ...(quantifier !== undefined && { quantifier }),
  };
}

function conditionHolds(name: string, wanted: string[], actual: string | string[] | undefined) {
  const { test, negated, ifExists, quantifier } = operatorOf(name);
  if (actual === undefined) return ifExists || negated || quantifier === 'ForAllValues';
  const values = [actual].flat();
  const matches = (value: string) => wanted.some((w) => test(w, value)) !== negated;
  return quantifier === 'ForAnyValue' ? values.some(matches) : values.every(matches);
}

/** Whether all conditions of a statement hold. Without conditions, the result is true. */
export function conditionsHold(conditions: Conditions | undefined, context: Context): boolean {
  if (conditions === undefined) return true;
  const lower = new Map(Object.entries(context).map(([k, v]) => [k.toLowerCase(), v]));
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      conditionHolds(operator, [wanted].flat(), lower.get(key.toLowerCase())),
    ),
  );
}
