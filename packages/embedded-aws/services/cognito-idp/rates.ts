import { each, type RequestRate } from '../../kernel/request-rates.ts';

/** A category of operations. */
function category<const Name extends string>(
  name: Name,
  perSecond: number,
  operations: readonly string[],
) {
  return {
    name,
    operations,
    bucket: each(perSecond),
    page: 'https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html',
  } as const;
}

/** The user pool that a call names, by id or by ARN. */
const idOf = ({ UserPoolId, ResourceArn }: Record<string, unknown>): string =>
  String(
    UserPoolId ??
      String(ResourceArn ?? '')
        .split('/')
        .at(-1),
  );

/** A category whose operations also have a bucket per user pool. */
const onUserPool = <const Name extends string>(
  name: Name,
  perSecond: number,
  operations: readonly string[],
) => ({
  ...category(name, perSecond, operations),
  perResource: { kind: 'user pool', bucket: each(5), idOf },
});

// A new password counts as UserAccountRecovery, all other challenge responses as authentication.
const challengeResponses = ['RespondToAuthChallenge', 'AdminRespondToAuthChallenge'] as const;

export const rates = [
  category('UserAuthentication', 120, [
    'InitiateAuth',
    'AdminInitiateAuth',
    'GetTokensFromRefreshToken',
  ]),
  // Three times UserAuthentication. AWS counts further responses as UserAuthentication; the embedded AWS
  // refuses them.
  {
    ...category('challenge responses', 360, challengeResponses),
    counts: ({ ChallengeName }: Record<string, unknown>) =>
      ChallengeName !== 'NEW_PASSWORD_REQUIRED',
  },
  {
    ...category('UserAccountRecovery', 30, ['AdminSetUserPassword', ...challengeResponses]),
    counts: ({ ChallengeName }: Record<string, unknown>) =>
      ChallengeName === undefined || ChallengeName === 'NEW_PASSWORD_REQUIRED',
  },
  category('UserCreation', 50, ['SignUp', 'AdminCreateUser', 'AdminConfirmSignUp']),
  category('UserRead', 120, ['AdminGetUser', 'GetUser']),
  category('UserUpdate', 25, [
    'AdminAddUserToGroup',
    'AdminDeleteUser',
    'AdminDisableUser',
    'AdminEnableUser',
    'AdminRemoveUserFromGroup',
    'AdminUserGlobalSignOut',
    'GlobalSignOut',
  ]),
  category('UserToken', 120, ['RevokeToken']),
  category('UserList', 30, ['ListUsers', 'ListUsersInGroup']),
  category('UserPoolRead', 15, ['DescribeUserPool', 'ListUserPools']),
  category('UserPoolUpdate', 15, ['CreateUserPool', 'UpdateUserPool', 'DeleteUserPool']),
  onUserPool('UserPoolResourceRead', 20, ['GetGroup', 'ListGroups', 'ListTagsForResource']),
  onUserPool('UserPoolResourceUpdate', 15, ['CreateGroup', 'TagResource', 'UntagResource']),
  onUserPool('UserPoolClientRead', 15, ['DescribeUserPoolClient', 'ListUserPoolClients']),
  onUserPool('UserPoolClientUpdate', 15, [
    'CreateUserPoolClient',
    'UpdateUserPoolClient',
    'DeleteUserPoolClient',
  ]),
] as const satisfies readonly RequestRate[];
