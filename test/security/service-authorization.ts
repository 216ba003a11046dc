import { readFileSync } from 'node:fs';

interface Action {
  /** The types of resources that a policy can limit it to; empty if only `*` works. */
  resources: string[];
  conditionKeys: string[];
}

interface Resource {
  /** `${…}` stands for the variable parts. */
  arn: string;
  conditionKeys: string[];
}

interface Reference {
  services: Record<
    string,
    { actions: Record<string, Action>; resources: Record<string, Resource> }
  >;
}

/** The parts of a policy statement that are checked. */
export interface Statement {
  Sid?: string;
  Action: string | string[];
  /** Absent in the trust of a role. */
  Resource?: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

/** AWS's reference for the services in Poolbridge's policies; for IAM and S3, the actions in use. */
const reference: Reference = JSON.parse(
  readFileSync(new URL('service-authorization.json', import.meta.url), 'utf8'),
);

// Every request has these, or every request from a service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
const globalKeys = new Set([
  'aws:PrincipalArn',
  'aws:PrincipalOrgID',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
]);

const listOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : [value].flat();

/** Whether a text exists that matches both patterns with the wildcard `*`. */
function overlap(a: string, b: string, known = new Map<string, boolean>()): boolean {
  const key = `${a}\n${b}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  let result: boolean;
  if (a === '' || b === '') result = /^\**$/.test(a + b);
  else if (a[0] === '*') result = overlap(a.slice(1), b, known) || overlap(a, b.slice(1), known);
  else if (b[0] === '*') result = overlap(b, a, known);
  else result = a[0] === b[0] && overlap(a.slice(1), b.slice(1), known);
  known.set(key, result);
  return result;
}

const partsOf = (arn: string): string[] => {
  const [prefix = '', partition = '', service = '', region = '', account = '', ...rest] =
    arn.split(':');
  return [prefix, partition, service, region, account, rest.join(':')];
};

/** Whether an ARN of a policy can be one of a resource type. */
function fits(arn: string, type: string): boolean {
  const wanted = partsOf(type.replace(/\$\{[^}]+\}/g, '*'));
  return partsOf(arn).every((part, i) => overlap(part, wanted[i] ?? ''));
}

const serviceOf = (action: string) => reference.services[action.split(':')[0] ?? ''];

/** The reference of an action; for `service:*`, all resource types of the service. */
function actionOf(action: string): Action | undefined {
  const service = serviceOf(action);
  const [, name = ''] = action.split(':');
  if (!service) return undefined;
  if (name !== '*') return Object.hasOwn(service.actions, name) ? service.actions[name] : undefined;
  return { resources: Object.keys(service.resources), conditionKeys: [] };
}

const typesOf = (action: string): Resource[] =>
  (actionOf(action)?.resources ?? []).flatMap((name) => serviceOf(action)?.resources[name] ?? []);

const takes = (action: string, resource: string): boolean =>
  resource === '*' || typesOf(action).some(({ arn }) => fits(resource, arn));

/** `aws:ResourceTag/team` is the key `aws:ResourceTag/${TagKey}`. */
const isKey = (used: string, key: string): boolean =>
  used.toLowerCase() === key.toLowerCase() ||
  (key.includes('/${') && used.startsWith(key.slice(0, key.indexOf('${'))));

const knowsKey = (action: string, used: string): boolean =>
  globalKeys.has(used) ||
  [
    ...(actionOf(action)?.conditionKeys ?? []),
    ...typesOf(action).flatMap((t) => t.conditionKeys),
  ].some((key) => isKey(used, key));

/** Actions that the reference does not know. */
export const unknownActions = (actions: string[]): string[] =>
  actions.filter((action) => actionOf(action) === undefined);

/** The problems of a statement: it would grant nothing, or less than it seems to. */
export function problemsOf(statement: Statement): string[] {
  const actions = listOf(statement.Action);
  const unknown = unknownActions(actions);
  if (unknown.length > 0)
    return unknown.map((action) => `${action} is no action of service-authorization.json`);
  const resources = listOf(statement.Resource);
  const used = Object.values(statement.Condition ?? {}).flatMap((keys) => Object.keys(keys));
  const isTrust = statement.Resource === undefined;
  return [
    ...(isTrust ? [] : actions)
      .filter((action) => !resources.some((resource) => takes(action, resource)))
      .map((action) => `${action} takes none of ${resources.join(', ')}`),
    ...resources
      .filter((resource) => !actions.some((action) => takes(action, resource)))
      .map((resource) => `${resource} is taken by none of ${actions.join(', ')}`),
    ...used.flatMap((key) =>
      actions
        .filter((action) => !knowsKey(action, key))
        .map((action) => `${action} does not have the condition key ${key}`),
    ),
  ];
}
