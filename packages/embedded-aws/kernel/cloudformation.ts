import { readFileSync } from 'node:fs';
import { type CollectionTag, isCollection, parse, type ScalarTag } from 'yaml';
import type { Aws } from './aws.ts';
import type { Principal } from './iam.ts';
import { dnsSuffixOf, partitionOf } from './partitions.ts';
import type { CreatedResource, ResourceType } from './service.ts';

interface Template {
  Parameters?: Record<string, { Type: string; Default?: string; AllowedPattern?: string }>;
  Rules?: Record<string, { RuleCondition?: unknown; Assertions: Assertion[] }>;
  Conditions?: Record<string, unknown>;
  Mappings?: Record<string, Record<string, Record<string, unknown>>>;
  Resources: Record<string, TemplateResource>;
  Outputs?: Record<string, { Value: unknown; Condition?: string }>;
}

interface Assertion {
  Assert: unknown;
  AssertDescription?: string;
}

interface TemplateResource {
  Type: string;
  Properties?: Record<string, unknown>;
  Condition?: string;
  DependsOn?: string | string[];
  [attribute: string]: unknown;
}

/** A stack to deploy. */
export interface Stack {
  name: string;
  account: string;
  region: string;
  template: Template;
  parameters?: Record<string, string>;
  /** The deploying principal. Only its iam:CreateRole permission is checked. If absent, everything is allowed. */
  deployer?: Principal;
}

/** A template that the embedded AWS can't deploy. */
class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const shortForms = ['Ref', 'Condition', 'GetAtt', 'Sub', 'Join', 'Select', 'Split', 'If'];
const conditionForms = ['Equals', 'Not', 'And', 'Or', 'FindInMap'];

const longForm = (name: string): string =>
  name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`;

const yamlTags = [...shortForms, ...conditionForms].flatMap(
  (name): (ScalarTag | CollectionTag)[] => {
    const tag = `!${name}`;
    const collection = (kind: 'seq' | 'map'): CollectionTag => ({
      tag,
      collection: kind,
      resolve: (value) => (isCollection(value) ? { [longForm(name)]: value.toJSON() } : value),
    });
    return [
      { tag, resolve: (value: string) => ({ [longForm(name)]: value }) },
      collection('seq'),
      collection('map'),
    ];
  },
);

/** Reads a CloudFormation template: JSON, or YAML with short forms. */
export function readTemplate(file: string): Template {
  const text = readFileSync(file, 'utf8');
  return file.endsWith('.json')
    ? JSON.parse(text)
    : parse(text, { customTags: yamlTags, merge: true });
}

// Skipped: functions load their code directly from the packaged zips.
const passedOver = new Set(['AWS::S3::Bucket', 'AWS::S3::BucketPolicy']);

const NO_VALUE = Symbol('AWS::NoValue');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One deployment of a stack. Creates every resource once, after the resources that it refers to. */
class Deployment {
  readonly #stack: Stack;
  readonly #created = new Map<string, Promise<CreatedResource>>();
  readonly #types: Map<string, ResourceType>;

  constructor(aws: Aws, stack: Stack) {
    this.#stack = stack;
    const resources = [...aws.services.values()].flatMap((s) => Object.entries(s.resources ?? {}));
    this.#types = new Map(resources);
  }

  async deploy(): Promise<Record<string, string>> {
    const { template } = this.#stack;
    for (const name of Object.keys(this.#stack.parameters ?? {})) {
      if (!template.Parameters?.[name]) throw this.#error(`has no parameter ${name}`);
    }
    for (const name of Object.keys(template.Parameters ?? {})) this.#parameter(name);
    this.#checkRules();
    const unknown = Object.values(template.Resources).find(
      ({ Type }) => !this.#types.has(Type) && !passedOver.has(Type),
    );
    if (unknown)
      throw this.#error(`has a resource of type ${unknown.Type}, which is not supported`);
    for (const logicalId of Object.keys(template.Resources)) await this.#resource(logicalId, []);
    const outputs = Object.entries(template.Outputs ?? {}).filter(
      ([, { Condition }]) => Condition === undefined || this.#condition({ Condition }),
    );
    const values = outputs.map(async ([name, { Value }]) => [name, await this.#value(Value, [])]);
    return Object.fromEntries(await Promise.all(values));
  }

  #error(message: string): TemplateError {
    return new TemplateError(`The template of the stack ${this.#stack.name} ${message}.`);
  }

  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html */
  #checkRules(): void {
    for (const [name, { RuleCondition, Assertions }] of Object.entries(
      this.#stack.template.Rules ?? {},
    )) {
      if (RuleCondition !== undefined && !this.#condition(RuleCondition)) continue;
      const broken = Assertions.find(({ Assert }) => !this.#condition(Assert));
      if (broken) throw this.#error(`refuses the parameters: ${broken.AssertDescription ?? name}`);
    }
  }

  #resource(logicalId: string, path: string[]): Promise<CreatedResource> {
    if (path.includes(logicalId)) {
      throw this.#error(`is circular: ${[...path, logicalId].join(' → ')}`);
    }
    const known = this.#created.get(logicalId) ?? this.#create(logicalId, [...path, logicalId]);
    this.#created.set(logicalId, known);
    return known;
  }

  async #create(logicalId: string, path: string[]): Promise<CreatedResource> {
    const { account, region, name: stack, template, deployer } = this.#stack;
    const resource = template.Resources[logicalId];
    if (!resource) throw this.#error(`refers to ${logicalId}, which it does not have`);
    const { Type, Properties = {}, Condition, DependsOn = [] } = resource;
    if (Condition !== undefined && !this.#condition({ Condition })) return { ref: '' };
    for (const other of [DependsOn].flat()) await this.#resource(other, path);
    const type = this.#types.get(Type);
    if (!type) return { ref: `${stack}-${logicalId}`.toLowerCase() };
    const odd = Object.keys(Properties).find((property) => !type.properties.includes(property));
    if (odd)
      throw this.#error(`gives ${logicalId} (${Type}) the property ${odd}, which is not supported`);
    const properties = (await this.#value(Properties, path)) as Record<string, unknown>;
    const at = { account, region, partition: partitionOf(region), logicalId, stack, deployer };
    return type.create(properties, at);
  }

  async #value(value: unknown, path: string[]): Promise<unknown> {
    if (Array.isArray(value)) {
      const all = await Promise.all(value.map((each) => this.#value(each, path)));
      return all.filter((each) => each !== NO_VALUE);
    }
    if (!isObject(value)) return value;
    const [first] = Object.entries(value);
    if (first && /^(Ref|Fn::.*|Condition)$/.test(first[0]) && Object.keys(value).length === 1) {
      // `Condition` is also an element of IAM policies, so it is never an intrinsic here.
      if (first[0] !== 'Condition') return this.#intrinsic(first[0], first[1], path);
    }
    const entries = await Promise.all(
      Object.entries(value).map(async ([k, v]) => [k, await this.#value(v, path)] as const),
    );
    return Object.fromEntries(entries.filter(([, v]) => v !== NO_VALUE));
  }

  async #intrinsic(name: string, argument: unknown, path: string[]): Promise<unknown> {
    const list = async () => (await this.#value(argument, path)) as unknown[];
    switch (name) {
      case 'Ref':
        return this.#ref(String(argument), path);
      case 'Fn::GetAtt': {
        const parts = Array.isArray(argument) ? argument : String(argument).split('.');
        return this.#attribute(String(parts[0]), parts.slice(1).join('.'), path);
      }
      case 'Fn::Sub':
        return this.#sub(argument, path);
      case 'Fn::Join': {
        const [separator, values] = (await list()) as [string, string[]];
        return values.join(separator);
      }
      case 'Fn::Select': {
        const [index, values] = (await list()) as [string, unknown[]];
        return values[Number(index)];
      }
      case 'Fn::Split': {
        const [separator, text] = (await list()) as [string, string];
        return text.split(separator);
      }
      case 'Fn::If': {
        const [condition, then, otherwise] = argument as [string, unknown, unknown];
        return this.#value(this.#condition({ Condition: condition }) ? then : otherwise, path);
      }
      case 'Fn::FindInMap': {
        const [map, top, second] = (await list()) as [string, string, string];
        return this.#stack.template.Mappings?.[map]?.[top]?.[second];
      }
      default:
        throw this.#error(`uses ${name}, which is not supported`);
    }
  }

  #pseudo(name: string): unknown {
    const { account, region, name: stack } = this.#stack;
    const pseudo: Record<string, unknown> = {
      'AWS::AccountId': account,
      'AWS::Region': region,
      'AWS::Partition': partitionOf(region),
      'AWS::URLSuffix': dnsSuffixOf(region),
      'AWS::StackName': stack,
      'AWS::StackId': `arn:${partitionOf(region)}:cloudformation:${region}:${account}:stack/${stack}/1`,
      'AWS::NoValue': NO_VALUE,
    };
    return pseudo[name];
  }

  #parameter(name: string): unknown {
    const parameter = this.#stack.template.Parameters?.[name];
    if (!parameter) return undefined;
    const value = this.#stack.parameters?.[name] ?? parameter.Default;
    if (value === undefined) throw this.#error(`needs a value for the parameter ${name}`);
    const pattern = parameter.AllowedPattern;
    if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value)) {
      throw this.#error(`does not allow the value '${value}' for the parameter ${name}`);
    }
    return /List/.test(parameter.Type) ? value.split(',').map((each) => each.trim()) : value;
  }

  async #ref(name: string, path: string[]): Promise<unknown> {
    const known = this.#pseudo(name) ?? this.#parameter(name);
    return known ?? (await this.#resource(name, path)).ref;
  }

  async #attribute(logicalId: string, attribute: string, path: string[]): Promise<string> {
    const { attributes = {} } = await this.#resource(logicalId, path);
    const value = attributes[attribute];
    if (value !== undefined) return value;
    throw this.#error(
      `asks for the attribute ${attribute} of ${logicalId}, which is not supported`,
    );
  }

  async #sub(argument: unknown, path: string[]): Promise<string> {
    const [text, given] = (Array.isArray(argument) ? argument : [argument, {}]) as [string, object];
    const variables = (await this.#value(given, path)) as Record<string, unknown>;
    const names = [...text.matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, name = '']) => name);
    const values = await Promise.all(
      names.map(async (name) => {
        if (Object.hasOwn(variables, name)) return variables[name];
        const [logicalId = '', ...rest] = name.split('.');
        const isAttribute = rest.length > 0 && this.#pseudo(name) === undefined;
        return isAttribute
          ? this.#attribute(logicalId, rest.join('.'), path)
          : this.#ref(name, path);
      }),
    );
    const byName = new Map(names.map((name, i) => [name, String(values[i])]));
    return text
      .replace(/\$\{([^!}][^}]*)\}/g, (_, name: string) => byName.get(name) ?? '')
      .replaceAll('${!', '${');
  }

  /** Conditions can refer to parameters and other conditions, but not to resources. */
  #condition(condition: unknown): boolean {
    if (!isObject(condition)) throw this.#error('has a condition that is not supported');
    const [[name, argument] = ['', undefined]] = Object.entries(condition);
    const operands = Array.isArray(argument) ? argument : [];
    switch (name) {
      case 'Condition':
        return this.#condition(this.#stack.template.Conditions?.[String(argument)]);
      case 'Fn::Equals': {
        const [a, b] = operands.map((operand) => this.#plain(operand));
        return a === b;
      }
      case 'Fn::Not':
        return !this.#condition(operands[0]);
      case 'Fn::And':
        return operands.every((each) => this.#condition(each));
      case 'Fn::Or':
        return operands.some((each) => this.#condition(each));
      default:
        throw this.#error(`has a condition with ${name}, which is not supported`);
    }
  }

  #plain(operand: unknown): string {
    if (!isObject(operand)) return String(operand);
    const [[name, argument] = ['', undefined]] = Object.entries(operand);
    if (name === 'Ref')
      return String(this.#pseudo(String(argument)) ?? this.#parameter(String(argument)));
    if (name === 'Fn::Join') {
      const [separator, values] = argument as [string, unknown];
      const list = isObject(values) ? this.#parameter(String(values['Ref'])) : values;
      return (list as unknown[]).map((each) => this.#plain(each)).join(separator);
    }
    throw this.#error(`has a condition with ${name}, which is not supported`);
  }
}

/**
 * Deploys a compiled template. Refuses unknown resource types, properties and intrinsic functions.
 *
 * @returns the stack's outputs.
 * @throws TemplateError
 */
export const deployStack = (aws: Aws, stack: Stack): Promise<Record<string, string>> =>
  new Deployment(aws, stack).deploy();
