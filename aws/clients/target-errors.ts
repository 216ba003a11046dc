import { parseArn } from '../../core/arn.ts';
import {
  IdentityPoolNotFoundError,
  ProviderQuotaError,
  ProviderRefusedError,
  RoleMappingError,
  TargetAccessDeniedError,
} from '../../core/errors.ts';
import {
  entriesOf,
  type IdentityPool,
  identityPoolRegion,
} from '../../core/identity-pool/identity-pool.ts';
import type { Access } from '../../core/links/coverage.ts';
import { sentence } from '../../core/sentence.ts';
import { isText } from '../../core/shape.ts';
import { issuerIn } from '../../core/user-pool.ts';
import { adviceOnRegion, isDenial, whyNotAssumed } from './role-session.ts';

/** Names of errors with which AWS refuses a value. */
export const invalid = new Set(['InvalidParameterException', 'ValidationException']);

/** An error of a call in Account-B, with a message that says what to do. */
export function explain(error: unknown, identityPoolId: string, roleArn: string): unknown {
  // An error without a message is not an answer of AWS.
  if (!(error instanceof Error && isText(error.message))) return error;
  const { account } = parseArn(roleArn);
  const advice = adviceOnRegion(error, account, identityPoolRegion(identityPoolId));
  if (advice !== undefined) return new TargetAccessDeniedError(advice, { cause: error });
  if (isDenial(error)) {
    return new TargetAccessDeniedError(
      `Account ${account} refused the role ${roleArn}: ${sentence(error.message)}${whyNotAssumed(error)} Deploy resources/account-b.yml there with this account as TrustedAccountId, ${identityPoolId} among its IdentityPoolIds, and the RoleName and ExternalId that links.yml names.`,
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
      `Account ${account} does not allow ${identityPoolId} another user pool provider, although providerQuota in links.yml does: ${sentence(error.message)} Have the quota "Amazon Cognito user pool providers per identity pool" raised, or lower providerQuota to it.`,
      { cause: error },
    );
  }
  return error;
}

/**
 * An error of UpdateIdentityPool, with a message that says what to do if AWS refuses a new kind of provider name.
 */
export function explainUpdate(error: unknown, to: IdentityPool): unknown {
  const isNewName = entriesOf(to).some(
    ({ ProviderName = '' }) => issuerIn(ProviderName) === 'updated',
  );
  if (!(isNewName && error instanceof Error && invalid.has(error.name))) return error;
  return new ProviderRefusedError(
    `AWS refused the entries of ${to.IdentityPoolId}, so nothing was written: ${sentence(error.message)} Some of them have the name of an updated issuer (issuer-cognito-idp…). If AWS does not accept that name, set issuer: original in the links of these user pools and deploy.`,
    { cause: error },
  );
}

/** An error of SetIdentityPoolRoles, with a message that says what to do. */
export function explainRoles(error: unknown, identityPoolId: string, { roleArn }: Access): unknown {
  if (!(error instanceof Error && isText(error.message))) return error;
  if (isDenial(error)) {
    return new TargetAccessDeniedError(
      `Account ${parseArn(roleArn).account} refused to set the role mappings of ${identityPoolId}: ${sentence(error.message)} Deploy resources/account-b.yml there with RoleMappingRoleArns naming the pool's authenticated and unauthenticated roles and every role of its rules.`,
      { cause: error },
    );
  }
  if (!invalid.has(error.name)) return error;
  return new RoleMappingError(
    `AWS refused the role mappings of ${identityPoolId}: ${sentence(error.message)} Correct roleMapping in links.yml. If the mapping belongs to an app client without an entry, remove it as docs/roles-and-tags.md says.`,
    { cause: error },
  );
}
