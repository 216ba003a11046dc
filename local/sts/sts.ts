import type { Aws, Call, Service } from '../kernel/aws.ts';
import { AwsError } from '../kernel/errors.ts';
import { parsePolicy } from '../kernel/iam.ts';

interface AssumeRole {
  RoleArn: string;
  RoleSessionName: string;
  ExternalId?: string;
  SourceIdentity?: string;
  DurationSeconds?: string;
  Policy?: string;
}

const invalid = (message: string): never => {
  throw new AwsError('ValidationError', message);
};

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
function checked(input: AssumeRole): AssumeRole & { seconds: number } {
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

/** Security Token Service. */
export function sts(aws: Aws): Service {
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

      AssumeRole: {
        writes: true,
        judge({ input }) {
          const { RoleArn, ExternalId, SourceIdentity, RoleSessionName } =
            input as unknown as AssumeRole;
          const judged = {
            resource: RoleArn,
            resourcePolicy: aws.iam.roles.get(RoleArn)?.trust ?? parsePolicy({ Statement: [] }),
            bothMustAllow: true,
            context: {
              'sts:ExternalId': ExternalId,
              'sts:SourceIdentity': SourceIdentity,
              'sts:RoleSessionName': RoleSessionName,
            },
          };
          const setIdentity = { ...judged, action: 'sts:SetSourceIdentity' };
          return SourceIdentity === undefined ? judged : [judged, setIdentity];
        },
        run({ input, principal }: Call) {
          const asked = checked(input as unknown as AssumeRole);
          const role = aws.iam.roles.get(asked.RoleArn);
          if (!role) throw new AwsError('AccessDenied', `No role ${asked.RoleArn}`, 403);
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
            Credentials: {
              AccessKeyId: session.accessKeyId,
              SecretAccessKey: session.secretAccessKey,
              SessionToken: session.sessionToken,
              Expiration: new Date(session.expiration).toISOString(),
            },
            AssumedRoleUser: { AssumedRoleId: `${role.id}:${session.name}`, Arn: arn },
            SourceIdentity: asked.SourceIdentity,
            PackedPolicySize: asked.Policy === undefined ? undefined : 6,
          };
        },
      },
    },
  };
}
