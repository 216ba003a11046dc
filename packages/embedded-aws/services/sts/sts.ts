import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { AwsError } from '../../kernel/errors.ts';
import { parsePolicy, type Session } from '../../kernel/iam.ts';
import type { Service } from '../../kernel/service.ts';
import { assumeAsIdentity, readOpenIdToken } from '../cognito-identity/open-id.ts';
import { rates } from './rates.ts';

interface Assumed {
  RoleArn: string;
  RoleSessionName: string;
  DurationSeconds?: string;
  Policy?: string;
}

interface AssumeRole extends Assumed {
  ExternalId?: string;
  SourceIdentity?: string;
}

interface AssumeRoleWithWebIdentity extends Assumed {
  WebIdentityToken: string;
}

const invalid = (message: string): never => {
  throw new AwsError('ValidationError', message);
};

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
function checked<Input extends Assumed & Pick<AssumeRole, 'SourceIdentity'>>(
  input: Input,
): Input & { seconds: number } {
  const name = /^[\w+=,.@-]{2,64}$/;
  if (!name.test(input.RoleSessionName ?? '')) {
    invalid(
      `1 validation error detected: Value '${input.RoleSessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    );
  }
  if (input.SourceIdentity !== undefined && !name.test(input.SourceIdentity)) {
    invalid(
      `1 validation error detected: Value '${input.SourceIdentity}' at 'sourceIdentity' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    );
  }
  if ((input.Policy ?? '').length > 2048) {
    invalid('The session policy must have length less than or equal to 2048.');
  }
  const seconds = Number(input.DurationSeconds ?? 3600);
  if (!(seconds >= 900 && seconds <= 43_200)) {
    invalid(
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200`,
    );
  }
  return { ...input, seconds };
}

const credentialsOf = (session: Session) => ({
  AccessKeyId: session.accessKeyId,
  SecretAccessKey: session.secretAccessKey,
  SessionToken: session.sessionToken,
  Expiration: new Date(session.expiration).toISOString(),
});

/**
 * The last step of the classic flow. Accepts only tokens of identity pools.
 *
 * @throws AwsError AccessDenied if the role does not exist or does not trust the identity.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
async function assumeWithWebIdentity(aws: Aws, input: AssumeRoleWithWebIdentity): Promise<object> {
  const { RoleArn, RoleSessionName: name, WebIdentityToken, Policy, seconds } = checked(input);
  const claims = await readOpenIdToken(aws, WebIdentityToken);
  const role = aws.iam.roles.get(RoleArn);
  const policy = Policy === undefined ? {} : { policy: parsePolicy(Policy) };
  const opened = role && assumeAsIdentity(aws, role, claims, { name, seconds, ...policy });
  if (!opened) {
    const denied = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';
    throw new AwsError('AccessDenied', denied, 403);
  }
  return {
    Credentials: credentialsOf(opened.session),
    AssumedRoleUser: { AssumedRoleId: `${role.id}:${name}`, Arn: opened.arn },
    SubjectFromWebIdentityToken: claims.identityId,
    Audience: claims.poolId,
    Provider: 'cognito-identity.amazonaws.com',
  };
}

function start(aws: Aws): Service {
  return {
    operations: {
      GetCallerIdentity: {
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        open: true,
        run({ principal }) {
          if (!principal) {
            throw new AwsError(
              'MissingAuthenticationToken',
              'Request is missing Authentication Token',
              403,
            );
          }
          const { arn: Arn, account: Account } = principal;
          const UserId =
            principal.kind === 'role' ? `${principal.role.id}:${principal.session.name}` : Account;
          return { Arn, UserId, Account };
        },
      },

      AssumeRoleWithWebIdentity: {
        open: true,
        run: ({ input }) =>
          assumeWithWebIdentity(aws, input as object as AssumeRoleWithWebIdentity),
      },

      AssumeRole: {
        writes: true,
        judge({ input }) {
          const { RoleArn, ExternalId, SourceIdentity, RoleSessionName } =
            input as unknown as AssumeRole;
          const common = {
            resource: RoleArn,
            resourcePolicy: aws.iam.roles.get(RoleArn)?.trust ?? parsePolicy({ Statement: [] }),
            bothMustAllow: true,
          };
          // Each action has only the condition keys that the reference lists for it.
          // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
          const identity = { 'sts:SourceIdentity': SourceIdentity };
          const session = { 'sts:ExternalId': ExternalId, 'sts:RoleSessionName': RoleSessionName };
          const assuming = { ...common, context: { ...identity, ...session } };
          const setting = { ...common, action: 'sts:SetSourceIdentity', context: identity };
          return SourceIdentity === undefined ? assuming : [assuming, setting];
        },
        run({ input, principal, region }: Call) {
          const asked = checked(input as unknown as AssumeRole);
          const role = aws.iam.roles.get(asked.RoleArn);
          if (!role) throw new AwsError('AccessDenied', `No role ${asked.RoleArn}`, 403);
          // The account of the role decides, not the caller's account.
          // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors
          const account = role.arn.split(':')[4] ?? '';
          if (aws.disabledRegions.has(`${account} ${region}`)) {
            throw new AwsError(
              'RegionDisabledException',
              `STS is not activated in this region for account:${account}. Your account administrator can activate STS in this region using the IAM Console.`,
              403,
            );
          }
          // Role chaining: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html
          if (principal?.kind === 'role' && asked.seconds > 3600) {
            invalid(
              'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
            );
          }
          const { arn, session } = aws.iam.openSession(role, {
            name: asked.RoleSessionName,
            seconds: asked.seconds,
            ...(asked.SourceIdentity !== undefined && { sourceIdentity: asked.SourceIdentity }),
            ...(asked.Policy !== undefined && { policy: parsePolicy(asked.Policy) }),
          });
          return {
            Credentials: credentialsOf(session),
            AssumedRoleUser: { AssumedRoleId: `${role.id}:${session.name}`, Arn: arn },
            SourceIdentity: asked.SourceIdentity,
            PackedPolicySize: asked.Policy === undefined ? undefined : 6,
          };
        },
      },
    },
  };
}

/** Security Token Service. */
export const sts = {
  name: 'sts',
  rates,
  // The code of AWS query: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
  throttled: { code: 'Throttling' },
  start,
} as const satisfies ServiceDefinition;
