import { randomBytes } from 'node:crypto';
import { AwsError, UnsupportedError } from './errors.ts';
import {
  type Conditions,
  type Context,
  conditionsHold,
  operatorOf,
  wild,
} from './iam-conditions.ts';

export type { Context } from './iam-conditions.ts';

/** The caller of an operation. */
export type Principal =
  | { kind: 'root'; account: string; arn: string; organization?: string }
  | {
      kind: 'role';
      account: string;
      arn: string;
      organization?: string;
      role: Role;
      session: Session;
    }
  | { kind: 'service'; account: string; arn: string; sourceArn: string };

export interface Role {
  arn: string;
  name: string;
  id: string;
  trust: PolicyDocument;
  policies: PolicyDocument[];
  /** The permissions boundary: an upper limit on what the policies allow. */
  boundary?: PolicyDocument;
}

/** A session of a role, with its temporary credentials. */
export interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: number;
  created: number;
  name: string;
  sourceIdentity?: string;
  policy?: PolicyDocument;
  tags: Record<string, string>;
}

interface Statement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Principal?: '*' | Record<string, string | string[]>;
  Action: string | string[];
  Resource?: string | string[];
  Condition?: Conditions;
}

export interface PolicyDocument {
  Version: string;
  Statement: Statement[];
  /** That of an inline policy, or the ARN of a managed one. */
  name?: string;
}

const statementKeys = new Set(['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition']);

/**
 * Parses a policy document.
 *
 * @throws AwsError MalformedPolicyDocument, and UnsupportedError for an element that can't be evaluated.
 */
export function parsePolicy(document: unknown): PolicyDocument {
  const policy = (typeof document === 'string' ? JSON.parse(document) : document) as PolicyDocument;
  const statements = [policy.Statement].flat();
  for (const statement of statements) {
    const unknown = Object.keys(statement).filter((key) => !statementKeys.has(key));
    if (unknown.length > 0) throw new UnsupportedError(`${unknown.join(', ')} in a policy`);
    const resources = statement.Resource === undefined ? [] : [statement.Resource].flat();
    if (!['Allow', 'Deny'].includes(statement.Effect) || !statement.Action) {
      throw new AwsError('MalformedPolicyDocument', 'A statement needs an Effect and an Action.');
    }
    if (resources.some((resource) => typeof resource !== 'string')) {
      throw new AwsError('MalformedPolicyDocument', 'A Resource must be a string.');
    }
    for (const operator of Object.keys(statement.Condition ?? {})) operatorOf(operator);
  }
  return { Version: policy.Version, Statement: statements };
}

// Every call asks about the same few actions. A test may give a statement other actions.
const matchedActions = new WeakMap<Statement, { of: unknown; known: Map<string, boolean> }>();

function actionMatches(statement: Statement, action: string): boolean {
  const { Action } = statement;
  let matched = matchedActions.get(statement);
  if (matched?.of !== Action) {
    matched = { of: Action, known: new Map() };
    matchedActions.set(statement, matched);
  }
  let matches = matched.known.get(action);
  if (matches === undefined) {
    matches = [Action].flat().some((pattern) => wild(pattern, action, 'i'));
    matched.known.set(action, matches);
  }
  return matches;
}

const resourceMatches = (statement: Statement, resource: string): boolean =>
  [statement.Resource ?? []].flat().some((pattern) => wild(pattern, resource));

function principalMatches(statement: Statement, principal: Principal): boolean {
  const wanted = statement.Principal;
  if (wanted === undefined) return false;
  if (wanted === '*') return true;
  return Object.entries(wanted).some(([kind, values]) =>
    [values].flat().some((value) => {
      if (kind === 'Service') return principal.kind === 'service' && principal.arn === value;
      if (kind === 'Federated') return principal.kind === 'service' && principal.arn === value;
      if (kind !== 'AWS' || principal.kind === 'service') return false;
      const owner = `arn:${principal.arn.split(':')[1]}:iam::${principal.account}:root`;
      const role = principal.kind === 'role' ? principal.role.arn : principal.arn;
      return ['*', principal.account, owner, role, principal.arn].includes(value);
    }),
  );
}

type Verdict = 'allow' | 'deny' | 'nothing';

function judge(policies: PolicyDocument[], applies: (statement: Statement) => boolean): Verdict {
  let verdict: Verdict = 'nothing';
  for (const { Statement } of policies) {
    for (const statement of Statement) {
      if (!applies(statement)) continue;
      if (statement.Effect === 'Deny') return 'deny';
      verdict = 'allow';
    }
  }
  return verdict;
}

/** One question to IAM. */
export interface Question {
  principal: Principal;
  action: string;
  resource: string;
  /** The condition keys of this request. */
  context?: Context;
  /** The resource's policy, if any: the policy of a queue or bus, or the trust policy of a role. */
  resourcePolicy?: PolicyDocument;
  /** Whether the resource's policy must also allow the call, as a role's trust policy must. */
  bothMustAllow?: boolean;
}

const accountOf = (arn: string): string => arn.split(':')[4] ?? '';

/** The condition keys of a request, with the ones that every request has. */
function contextOf({ principal, context }: Question): Context {
  const who: Context =
    principal.kind === 'service'
      ? { 'aws:SourceArn': principal.sourceArn, 'aws:SourceAccount': principal.account }
      : {
          'aws:PrincipalArn': principal.kind === 'role' ? principal.role.arn : principal.arn,
          'aws:PrincipalAccount': principal.account,
          'aws:PrincipalOrgID': principal.organization,
        };
  const tags = principal.kind === 'role' ? Object.entries(principal.session.tags) : [];
  const tagged = Object.fromEntries(tags.map(([k, v]) => [`aws:PrincipalTag/${k}`, v]));
  return { ...who, ...tagged, ...context };
}

/** Whether a statement of an identity's policy is about a question. */
const appliesTo =
  ({ action, resource }: Question, context: Context) =>
  (statement: Statement): boolean =>
    actionMatches(statement, action) &&
    resourceMatches(statement, resource) &&
    conditionsHold(statement.Condition, context);

/** What the policies of the identity that calls say. */
function judgedByIdentity(question: Question, context: Context): Verdict {
  const { principal } = question;
  if (principal.kind === 'root') return 'allow';
  if (principal.kind === 'service') return 'nothing';
  return judge(principal.role.policies, appliesTo(question, context));
}

/**
 * Whether a call is allowed. Evaluates explicit denials, the identity's policies, the permissions boundary, the
 * session policy and the resource's policy. Across accounts, both the identity and the resource must allow it.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function isAllowed(question: Question): boolean {
  const { principal, action, resource, resourcePolicy } = question;
  const context = contextOf(question);
  const applies = appliesTo(question, context);
  const appliesToPrincipal = (statement: Statement) =>
    actionMatches(statement, action) &&
    (statement.Resource === undefined || resourceMatches(statement, resource)) &&
    principalMatches(statement, principal) &&
    conditionsHold(statement.Condition, context);
  const byResource = resourcePolicy ? judge([resourcePolicy], appliesToPrincipal) : 'nothing';
  if (byResource === 'deny') return false;
  if (principal.kind === 'service') return byResource === 'allow';
  const foreign = accountOf(resource) !== '' && accountOf(resource) !== principal.account;
  const byIdentity = judgedByIdentity(question, context);
  if (byIdentity === 'deny') return false;
  // In AWS, a resource policy that names the session itself bypasses both limits. No policy here names a session.
  const limits =
    principal.kind === 'role' ? [principal.role.boundary, principal.session.policy] : [];
  if (limits.some((limit) => limit && judge([limit], applies) !== 'allow')) return false;
  if (foreign || question.bothMustAllow) return byIdentity === 'allow' && byResource === 'allow';
  return byIdentity === 'allow' || byResource === 'allow';
}

/**
 * The message of a call that is not allowed. It names the policies of the caller only if they are the cause. STS says the
 * same of a role that does not exist as of one that does not trust the caller, so it tells no one which roles there are.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function denial(question: Question): string {
  const { principal, action, resource } = question;
  const text = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}`;
  const byIdentity = judgedByIdentity(question, contextOf(question));
  if (byIdentity === 'allow') return text;
  return byIdentity === 'deny'
    ? `${text} with an explicit deny in an identity-based policy`
    : `${text} because no identity-based policy allows the ${action} action`;
}

const randomId = (prefix: string): string =>
  `${prefix}${randomBytes(12).toString('hex').toUpperCase().slice(0, 16)}`;

/** The roles, policies and sessions of every account. */
export class Iam {
  readonly roles = new Map<string, Role>();
  readonly managedPolicies = new Map<string, PolicyDocument>();
  /** The organization ids of accounts in organizations. */
  readonly organizations = new Map<string, string>();
  readonly #sessions = new Map<string, Extract<Principal, { kind: 'role' }>>();
  readonly #watchers = new Set<(question: Question, allowed: boolean) => void>();

  /** Calls a watcher with every question and its answer. Returns a function that stops this. */
  watch(watcher: (question: Question, allowed: boolean) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Answers a question as {@link isAllowed} does, and informs the watchers. */
  allows(question: Question): boolean {
    const allowed = isAllowed(question);
    for (const watcher of this.#watchers) watcher(question, allowed);
    return allowed;
  }

  putRole(role: Omit<Role, 'id'>): Role {
    const stored = { ...role, id: randomId('AROA') };
    this.roles.set(role.arn, stored);
    return stored;
  }

  /** Opens a session of a role. The caller must have checked that this is allowed. */
  openSession(
    role: Role,
    options: Pick<Session, 'name'> & Partial<Session> & { seconds: number },
  ): Extract<Principal, { kind: 'role' }> {
    const { seconds, ...rest } = options;
    const session: Session = {
      accessKeyId: randomId('ASIA'),
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
      created: Date.now(),
      expiration: Date.now() + seconds * 1000,
      tags: {},
      ...rest,
    };
    const [, partition, , , account = ''] = role.arn.split(':');
    const arn = `arn:${partition}:sts::${account}:assumed-role/${role.name}/${session.name}`;
    const principal = {
      ...({ kind: 'role', account, arn, role, session } as const),
      ...this.#organizationOf(account),
    };
    this.#sessions.set(session.accessKeyId, principal);
    return principal;
  }

  /**
   * Lets a service such as EventBridge, Step Functions or Lambda assume a role that trusts it.
   *
   * @throws AwsError AccessDeniedException if the role does not exist or does not trust the service.
   */
  assumeByService(roleArn: string, service: string, name: string, sourceArn: string) {
    const role = this.roles.get(roleArn);
    const account = accountOf(roleArn);
    const principal: Principal = { kind: 'service', account, arn: service, sourceArn };
    const question = {
      principal,
      action: 'sts:AssumeRole',
      resource: roleArn,
      ...(role && { resourcePolicy: role.trust }),
    };
    if (!role || !this.allows(question)) {
      throw new AwsError(
        'AccessDeniedException',
        `${service} is unable to assume the role ${roleArn}.`,
      );
    }
    return this.openSession(role, { name, seconds: 43_200 });
  }

  /**
   * The principal of an access key. A twelve-digit key is the root user of that account.
   *
   * @throws AwsError for an unknown key, a wrong session token or an expired session.
   */
  principalOf(accessKeyId: string, sessionToken?: string): Principal {
    if (/^\d{12}$/.test(accessKeyId)) {
      const root = { account: accessKeyId, arn: `arn:aws:iam::${accessKeyId}:root` };
      return { kind: 'root', ...root, ...this.#organizationOf(accessKeyId) };
    }
    const principal = this.#sessions.get(accessKeyId);
    if (!principal || principal.session.sessionToken !== sessionToken) {
      throw new AwsError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid. The embedded AWS accepts a twelve-digit account id as access key id.',
        403,
      );
    }
    if (principal.session.expiration <= Date.now()) {
      throw new AwsError(
        'ExpiredTokenException',
        'The security token included in the request is expired',
        403,
      );
    }
    return principal;
  }

  #organizationOf(account: string): { organization?: string } {
    const organization = this.organizations.get(account);
    return organization === undefined ? {} : { organization };
  }
}
