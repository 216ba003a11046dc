import {
  CognitoIdentityClient,
  DescribeIdentityPoolCommand,
  GetIdentityPoolRolesCommand,
  GetPrincipalTagAttributeMapCommand,
  SetIdentityPoolRolesCommand,
  type SetIdentityPoolRolesCommandInput,
  SetPrincipalTagAttributeMapCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import { parseArn } from '../../core/arn.ts';
import { AwsUnavailableError } from '../../core/errors.ts';
import type { Execution } from '../../core/execution.ts';
import type { Call } from '../../core/identity-pool/calls.ts';
import {
  type IdentityPool,
  identityPoolRegion,
  parseIdentityPool,
  sendable,
} from '../../core/identity-pool/identity-pool.ts';
import {
  INACTIVE,
  type PoolRoles,
  type PrincipalTagMap,
  parsePrincipalTags,
  parseRoles,
} from '../../core/identity-pool/roles.ts';
import type { Access } from '../../core/links/coverage.ts';
import type { Beside } from '../../core/links/entry-settings.ts';
import { inParallel } from '../pace/in-parallel.ts';
import { requestHandler } from './request-handler.ts';
import { assume } from './role-session.ts';
import { explain, explainRoles, explainUpdate, invalid } from './target-errors.ts';
import { answerOf } from './wire.ts';

/** What a step may do with an identity pool. */
export type Use = 'none' | 'read' | 'write';

/** An identity pool in Account-B, with credentials that never leave this object. */
export interface OpenIdentityPool {
  assumedRoleArn: string;
  /** Describes the pool, with the principal tags of these user pools, by provider name, if links set any. */
  describe(providerNames: Iterable<string>): Promise<IdentityPool>;
  /** Makes one call, once. */
  make(call: Call): Promise<void>;
}

/** The actions on the pool itself, and those that AWS can't limit to one pool. */
function actionsFor(use: Use, { roles, principalTags }: Beside): { own: string[]; any: string[] } {
  if (use === 'none') return { own: [], any: [] };
  const read = [
    'DescribeIdentityPool',
    ...(roles ? ['GetIdentityPoolRoles'] : []),
    ...(principalTags ? ['GetPrincipalTagAttributeMap'] : []),
  ];
  if (use === 'read') return { own: read, any: [] };
  const set = [
    ...(roles ? ['SetIdentityPoolRoles'] : []),
    ...(principalTags ? ['SetPrincipalTagAttributeMap'] : []),
  ];
  return { own: [...read, 'UpdateIdentityPool', 'TagResource', 'UntagResource'], any: set };
}

/**
 * The permissions of the role session: only for one identity pool, and only what the step does there.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitoidentity.html
 */
function sessionPolicy(identityPoolId: string, { roleArn, beside }: Access, use: Use): string {
  const { partition, account } = parseArn(roleArn);
  const arn = `arn:${partition}:cognito-identity:${identityPoolRegion(identityPoolId)}:${account}:identitypool/${identityPoolId}`;
  const allow = (actions: string[], Resource: string) =>
    actions.length > 0 ? [{ Effect: 'Allow', Action: actions, Resource }] : [];
  const { own, any } = actionsFor(use, beside);
  const named = (actions: string[]) => actions.map((action) => `cognito-identity:${action}`);
  const passing = any.includes('SetIdentityPoolRoles') ? ['iam:PassRole'] : [];
  const Statement = [
    ...allow(named(own), arn),
    ...allow(named(any), '*'),
    // The policy of the role itself says which roles.
    ...allow(passing, `arn:${partition}:iam::${account}:role/*`),
  ];
  const none = { Effect: 'Deny', Action: '*', Resource: '*' };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: Statement.length > 0 ? Statement : [none],
  });
}

// AWS may also refuse a provider that the pool does not have.
const absent = new Set(['ResourceNotFoundException', ...invalid]);

/** Undefined if AWS has no such setting. */
async function orAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && absent.has(error.name)) return undefined;
    throw error;
  }
}

/** Reads and writes one identity pool in Account-B. */
class IdentityPoolSession implements OpenIdentityPool {
  readonly assumedRoleArn: string;
  readonly #id: string;
  readonly #access: Access;
  readonly #reader: CognitoIdentityClient;
  readonly #writer: CognitoIdentityClient;

  constructor(
    id: string,
    access: Access,
    { credentials, assumedRoleArn }: Awaited<ReturnType<typeof assume>>,
  ) {
    const client = { region: identityPoolRegion(id), credentials, requestHandler };
    this.assumedRoleArn = assumedRoleArn;
    this.#id = id;
    this.#access = access;
    this.#reader = new CognitoIdentityClient(client);
    // One attempt only: a second one could undo what someone else wrote after the first one succeeded.
    this.#writer = new CognitoIdentityClient({ ...client, maxAttempts: 1 });
  }

  async describe(providerNames: Iterable<string>): Promise<IdentityPool> {
    const { roles, principalTags } = this.#access.beside;
    const [pool, poolRoles, tags] = await Promise.all([
      this.#describe(),
      roles ? this.#roles() : undefined,
      principalTags ? this.#principalTags(providerNames) : undefined,
    ]);
    return { ...pool, ...poolRoles, ...(tags && { PrincipalTags: tags }) };
  }

  async #describe(): Promise<IdentityPool> {
    const command = new DescribeIdentityPoolCommand({ IdentityPoolId: this.#id });
    const pool = parseIdentityPool(await this.#explained(answerOf(this.#reader, command)));
    // It is written back by its own id.
    if (pool.IdentityPoolId === this.#id) return pool;
    throw new AwsUnavailableError(
      `DescribeIdentityPool answered for ${this.#id} with another identity pool.`,
    );
  }

  async #roles(): Promise<PoolRoles> {
    const command = new GetIdentityPoolRolesCommand({ IdentityPoolId: this.#id });
    return parseRoles(await this.#explained(answerOf(this.#reader, command)));
  }

  async #principalTags(providerNames: Iterable<string>): Promise<Record<string, PrincipalTagMap>> {
    const all = new Map<string, PrincipalTagMap>();
    await inParallel([...new Set(providerNames)], async (name) => {
      const command = new GetPrincipalTagAttributeMapCommand({
        IdentityPoolId: this.#id,
        IdentityProviderName: name,
      });
      const answer = await this.#explained(orAbsent(answerOf(this.#reader, command)));
      all.set(name, answer === undefined ? INACTIVE : parsePrincipalTags(answer));
    });
    return Object.fromEntries(all);
  }

  async make({ operation, to, providerName = '' }: Call): Promise<void> {
    switch (operation) {
      case 'UpdateIdentityPool':
        await this.#update(to);
        return;
      case 'SetIdentityPoolRoles':
        await this.#setRoles(to);
        return;
      case 'SetPrincipalTagAttributeMap': {
        const tags = to.PrincipalTags?.[providerName] ?? INACTIVE;
        const key = { IdentityPoolId: this.#id, IdentityProviderName: providerName };
        const command = new SetPrincipalTagAttributeMapCommand({ ...key, ...tags });
        await this.#explained(this.#writer.send(command));
      }
    }
  }

  async #update(to: IdentityPool): Promise<void> {
    try {
      await this.#writer.send(new UpdateIdentityPoolCommand(sendable(to)));
    } catch (error) {
      throw explain(explainUpdate(error, to), this.#id, this.#access.roleArn);
    }
  }

  async #setRoles({ Roles = {}, RoleMappings = {} }: IdentityPool): Promise<void> {
    const input = { IdentityPoolId: this.#id, Roles, RoleMappings };
    // The values are those that AWS described, whether or not this SDK knows them.
    const command = new SetIdentityPoolRolesCommand(input as SetIdentityPoolRolesCommandInput);
    try {
      await this.#writer.send(command);
    } catch (error) {
      throw explain(explainRoles(error, this.#id, this.#access), this.#id, this.#access.roleArn);
    }
  }

  async #explained<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw explain(error, this.#id, this.#access.roleArn);
    }
  }
}

/**
 * Assumes the role of the links to read or write one identity pool.
 *
 * @throws TargetAccessDeniedError if Account-B refuses, here or in the calls that follow.
 * @throws IdentityPoolNotFoundError, ProviderQuotaError, RoleMappingError from the calls that follow.
 */
export async function openIdentityPool(
  execution: Execution,
  identityPoolId: string,
  access: Access,
  use: Use,
): Promise<OpenIdentityPool> {
  const policy = sessionPolicy(identityPoolId, access, use);
  try {
    const session = await assume(execution, access, policy);
    return new IdentityPoolSession(identityPoolId, access, session);
  } catch (error) {
    throw explain(error, identityPoolId, access.roleArn);
  }
}
