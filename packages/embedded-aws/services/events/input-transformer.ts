import { AwsError } from '../../kernel/errors.ts';

/** How a target reshapes an event: at most one of them. */
export interface InputShape {
  Input?: string;
  InputPath?: string;
  InputTransformer?: { InputPathsMap?: Record<string, string>; InputTemplate: string };
}

/** What the predefined variables of a template tell. */
interface Circumstances {
  ruleArn: string;
  ruleName: string;
  /** When EventBridge took the event, in ISO 8601. */
  ingestionTime: string;
}

type Lookup = (name: string) => unknown;

const PATH = /^\$(?:\.(?:\*|[^.[\]*]+)|\[(?:\d+|\*)\])*$/;

/** Whether EventBridge takes a JSON path: dot notation, indices and wildcards from `$` on. */
const isPath = (path: string): boolean => PATH.test(path);

function step(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (name === '*') return Object.values(value);
  return Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : [];
}

/**
 * What lies at a path of an event; a list, if the path has a wildcard.
 *
 * @returns undefined if nothing lies there.
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

/** A template is one JSON value, or a line of text in quotation marks after another. */
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
 * Checks how a target reshapes its input, as PutTargets does.
 *
 * @throws AwsError ValidationException for what EventBridge refuses.
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

/** A value within a text: its JSON without any quotation marks, and nothing for what is missing. */
function bare(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(bare).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).map(([key, each]) => `${key}:${bare(each)}`);
  return `{${members.join(',')}}`;
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A value between the quotation marks of a template. */
function quoted(value: unknown, intoObject: boolean): string {
  const nests = typeof value === 'object' && value !== null;
  // An object's own quotation marks end the string that it was put into: AWS then delivers nothing.
  return intoObject && nests ? JSON.stringify(value) : escaped(bare(value));
}

/** Replaces the placeholders of a template, each by what its place allows. */
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

/** The event in the shape of aws.events.event: no detail, and detail-type in camel case. */
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
 * What a target is sent for an event.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 *
 * @throws AwsError INVALID_JSON if a JSON template did not become JSON.
 */
export function inputFor(shape: InputShape, event: object, circumstances: Circumstances): string {
  const { Input, InputPath, InputTransformer } = shape;
  if (Input !== undefined) return Input;
  if (InputTransformer) return transformed(InputTransformer, event, circumstances);
  // What a path that leads nowhere gives is not documented: null is the plainest JSON for it.
  return JSON.stringify(InputPath === undefined ? event : (read(event, InputPath) ?? null));
}
