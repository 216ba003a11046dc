import {
  CognitoIdentityClient,
  DescribeIdentityPoolCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  AwsUnavailableError,
  IdentityPoolNotFoundError,
  ProviderQuotaError,
  TargetAccessDeniedError,
} from '../core/errors.ts';
import type { Execution } from '../core/execution.ts';
import { type IdentityPool, parseIdentityPool, sendable } from '../core/identity-pool.ts';
import type { Access } from '../core/links.ts';
import { isText } from '../core/shape.ts';
import { requestHandler } from './request-handler.ts';
import { assume, isDenial } from './role-session.ts';
import { answerOf } from './wire.ts';

/** What a step may do to the identity pool. */
export type Action = 'DescribeIdentityPool' | 'UpdateIdentityPool' | 'TagResource';

/** An identity pool in Account-B, reached with credentials that never leave this object. */
export interface OpenIdentityPool {
  assumedRoleArn: string;
  describe(): Promise<IdentityPool>;
  update(pool: IdentityPool): Promise<void>;
}

const regionOf = (identityPoolId: string): string => identityPoolId.split(':')[0] ?? '';

/** The role's permissions, narrowed to one identity pool and to what the step does there. */
function sessionPolicy(identityPoolId: string, roleArn: string, actions: Action[]): string {
  const [, partition, , , account] = roleArn.split(':');
  const arn = `arn:${partition}:cognito-identity:${regionOf(identityPoolId)}:${account}:identitypool/${identityPoolId}`;
  const statement =
    actions.length > 0
      ? { Effect: 'Allow', Action: actions.map((a) => `cognito-identity:${a}`), Resource: arn }
      : { Effect: 'Deny', Action: '*', Resource: '*' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

/** The error of a call in Account-B, as one that says what to do about it. */
function explain(error: unknown, identityPoolId: string, roleArn: string): unknown {
  // What bears no sentence is no answer of AWS's.
  if (!(error instanceof Error && isText(error.message))) return error;
  const account = roleArn.split(':')[4];
  if (isDenial(error)) {
    return new TargetAccessDeniedError(
      `Account ${account} refused the role ${roleArn}: ${error.message} Deploy resources/account-b.yml there with this account as TrustedAccountId, ${identityPoolId} among its IdentityPoolIds, and the RoleName and ExternalId that links.yml names.`,
      { cause: error },
    );
  }
  if (error.name === 'ResourceNotFoundException') {
    return new IdentityPoolNotFoundError(
      `The identity pool ${identityPoolId} does not exist in account ${account}. Correct identityPool or roleArn in links.yml and deploy.`,
      { cause: error },
    );
  }
  if (error.name === 'LimitExceededException') {
    return new ProviderQuotaError(
      `Account ${account} does not allow ${identityPoolId} another user pool provider, though providerQuota in links.yml does: ${error.message} Have the quota "Amazon Cognito user pool providers per identity pool" raised, or lower providerQuota to it.`,
      { cause: error },
    );
  }
  return error;
}

/**
 * Assumes the link's role for the actions named, on this one identity pool, for 900 seconds.
 *
 * @throws TargetAccessDeniedError when Account-B refuses, here or in the calls that follow.
 * @throws IdentityPoolNotFoundError, ProviderQuotaError from the calls that follow.
 */
export async function openIdentityPool(
  execution: Execution,
  identityPoolId: string,
  access: Access,
  actions: Action[],
): Promise<OpenIdentityPool> {
  const explained = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw explain(error, identityPoolId, access.roleArn);
    }
  };
  const policy = sessionPolicy(identityPoolId, access.roleArn, actions);
  const { credentials, assumedRoleArn } = await explained(assume(execution, access, policy));
  const region = regionOf(identityPoolId);
  const client = { region, credentials, requestHandler };
  const reader = new CognitoIdentityClient(client);
  return {
    assumedRoleArn,
    async describe() {
      const command = new DescribeIdentityPoolCommand({ IdentityPoolId: identityPoolId });
      const pool = parseIdentityPool(await explained(answerOf(reader, command)));
      // It is written back by the id that it bears.
      if (pool.IdentityPoolId === identityPoolId) return pool;
      throw new AwsUnavailableError(
        `DescribeIdentityPool answered for ${identityPoolId} with another identity pool.`,
      );
    },
    async update(pool) {
      // One attempt: a second one could undo what someone else wrote after the first got through.
      const writer = new CognitoIdentityClient({ ...client, maxAttempts: 1 });
      await explained(writer.send(new UpdateIdentityPoolCommand(sendable(pool))));
    },
  };
}
