import { AwsError } from '../../kernel/errors.ts';

/** How a target transforms an event. At most one member is set. */
export interface InputShape {
  Input?: string;
  InputPath?: string;
  InputTransformer?: { InputPathsMap?: Record<string, string>; InputTemplate: string };
}

/** The values of a template's predefined variables. */
interface Circumstances {
  ruleArn: string;
  ruleName: string;
  /** The time when EventBridge received the event, in ISO 8601. */
  ingestionTime: string;
}

type Lookup = (name: string) => unknown;

const PATH = /^\$(?:\.(?:\*|[^.[\]*]+)|\[(?:\d+|\*)\])*$/;

/** Whether EventBridge supports a JSON path: `$` with dot notation, indices and wildcards. */
const isPath = (path: string): boolean => PATH.test(path);

function step(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (name === '*') return Object.values(value);
  return Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : [];
}

/**
 * Reads the value at a path of an event.
 *
 * @returns a list if the path has a wildcard; undefined if there is no value.
 */
function read(event: object, path: string): unknown {
  const steps = [...path.matchAll(/\.([^.[\]]+)|\[(\d+|\*)\]/g)].map(([, a, b]) => a ?? b ?? '');
  const found = steps.reduce<unknown[]>(
    (values, name) => values.flatMap((value) => step(value, name)),
    [event],
  );
  return steps.includes('*') ? found : found[0];
}

const isJsonObject = (template: string): boolean => template.trimStart().startsWith('{');

const predefined = [
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event',
  'aws.events.event.json',
  'aws.events.event.ingestion-time',
];

const placeholdersOf = (template: string): string[] =>
  [...template.matchAll(/<([^<>]+)>/g)].map(([, name = '']) => name);

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const refuse = (message: string): never => {
  throw new AwsError('ValidationException', message);
};

/** Whether a template is valid: one JSON value, or lines of quoted text. */
function isTemplate(template: string): boolean {
  const sample = render(template, () => '');
  return isJson(sample) || sample.split('\n').every((line) => line.trim() === '' || isJson(line));
}

function checkTemplate(id: string, template: string, known: string[]): void {
  for (const name of placeholdersOf(template)) {
    if (![...predefined, ...known].includes(name)) {
      refuse(`InputTemplate for target ${id} contains invalid placeholder ${name}.`);
    }
    if (name === 'aws.events.event.json' && !isJsonObject(template)) {
      refuse(
        `InputTemplate for target ${id} contains placeholder ${name} valid only for JSON template.`,
      );
    }
  }
  if (!isTemplate(template)) refuse(`Invalid InputTemplate for target ${id}.`);
}

/**
 * Checks a target's input transformation, as PutTargets does.
 *
 * @throws AwsError ValidationException if EventBridge refuses it.
 */
export function checkInput(id: string, shape: InputShape): void {
  const { Input, InputPath, InputTransformer } = shape;
  if ([Input, InputPath, InputTransformer].filter((each) => each !== undefined).length > 1) {
    refuse(`Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`);
  }
  if (Input !== undefined && !isJson(Input)) refuse(`JSON syntax error in input for target ${id}.`);
  const { InputPathsMap = {}, InputTemplate } = InputTransformer ?? {};
  const paths = [...(InputPath === undefined ? [] : [InputPath]), ...Object.values(InputPathsMap)];
  if (!paths.every(isPath)) refuse(`InputPath for target ${id} is invalid.`);
  if (InputTemplate !== undefined) checkTemplate(id, InputTemplate, Object.keys(InputPathsMap));
}

/** A value inside a text: its JSON without quotation marks. A missing value is empty. */
function bare(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(bare).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).map(([key, each]) => `${key}:${bare(each)}`);
  return `{${members.join(',')}}`;
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A value inside the quotation marks of a template. */
function quoted(value: unknown, intoObject: boolean): string {
  const nests = typeof value === 'object' && value !== null;
  // The quotation marks of an object end the string around it, so AWS delivers nothing.
  return intoObject && nests ? JSON.stringify(value) : escaped(bare(value));
}

/** Replaces the placeholders of a template. The form of a value depends on its place. */
function render(template: string, lookup: Lookup): string {
  let inString = false;
  const intoObject = isJsonObject(template);
  return template.replace(/\\.|"|<([^<>]+)>/gs, (token, name?: string) => {
    if (token === '"') inString = !inString;
    if (name === undefined) return token;
    const value = lookup(name);
    return inString ? quoted(value, intoObject) : JSON.stringify(value === undefined ? '' : value);
  });
}

/** The value of aws.events.event: the event without detail, with detailType in camel case. */
function withoutDetail(event: object): object {
  const { detail: _, 'detail-type': detailType, ...rest } = event as Record<string, unknown>;
  return { ...rest, detailType };
}

function transformed(
  { InputPathsMap = {}, InputTemplate }: NonNullable<InputShape['InputTransformer']>,
  event: object,
  { ruleArn, ruleName, ingestionTime }: Circumstances,
): string {
  const variables: Record<string, () => unknown> = {
    'aws.events.rule-arn': () => ruleArn,
    'aws.events.rule-name': () => ruleName,
    'aws.events.event': () => withoutDetail(event),
    'aws.events.event.json': () => event,
    'aws.events.event.ingestion-time': () => ingestionTime,
  };
  const output = render(InputTemplate, (name) => {
    if (Object.hasOwn(variables, name)) return variables[name]?.();
    const path = Object.hasOwn(InputPathsMap, name) ? InputPathsMap[name] : undefined;
    return path === undefined ? undefined : read(event, path);
  });
  if (isJsonObject(InputTemplate) && !isJson(output)) {
    throw new AwsError('INVALID_JSON', `The transformed input is not valid JSON: ${output}`);
  }
  return output;
}

/**
 * The input of a target for an event.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 *
 * @throws AwsError INVALID_JSON if the result of a JSON template is not valid JSON.
 */
export function inputFor(shape: InputShape, event: object, circumstances: Circumstances): string {
  const { Input, InputPath, InputTransformer } = shape;
  if (Input !== undefined) return Input;
  if (InputTransformer) return transformed(InputTransformer, event, circumstances);
  // AWS does not document the input for a path without a value: null is the plainest JSON.
  return JSON.stringify(InputPath === undefined ? event : (read(event, InputPath) ?? null));
}
