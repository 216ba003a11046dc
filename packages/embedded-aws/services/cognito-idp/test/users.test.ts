import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AdminConfirmSignUpCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  ListUsersCommand,
  paginateListUsers,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { decodeJwt } from 'jose';
import {
  cognito,
  enter,
  fails,
  home,
  newClient,
  newPool,
  newUser,
  PASSWORD,
  passwordFlows,
  tokensOf,
} from './fixture.ts';

describe('users', () => {
  test('a user who signs up can sign in after confirmation', async () => {
    const { Id: UserPoolId } = await newPool({ AutoVerifiedAttributes: ['email'] });
    const { ClientId = '' } = await newClient(UserPoolId!, { ExplicitAuthFlows: passwordFlows });
    const UserAttributes = [{ Name: 'email', Value: 'bob@example.com' }];
    const asked = { ClientId, Username: 'bob', Password: PASSWORD, UserAttributes };
    const signedUp = await cognito.send(new SignUpCommand(asked));
    assert.equal(signedUp.UserConfirmed, false);
    assert.equal(signedUp.CodeDeliveryDetails?.Destination, 'b***@e***');
    await fails(
      cognito.send(new SignUpCommand(asked)),
      'UsernameExistsException',
      'User already exists',
    );
    await fails(enter(ClientId, 'bob'), 'UserNotConfirmedException', 'User is not confirmed.');
    const confirm = () =>
      cognito.send(new AdminConfirmSignUpCommand({ UserPoolId, Username: 'bob' }));
    await confirm();
    const { IdToken } = await tokensOf(ClientId, 'bob');
    assert.equal(decodeJwt(IdToken).sub, signedUp.UserSub);
    await fails(confirm(), 'NotAuthorizedException', /Current status is CONFIRMED$/);
  });

  test('sign-up is refused if only administrators may create users', async () => {
    const { Id } = await newPool({ AdminCreateUserConfig: { AllowAdminCreateUserOnly: true } });
    const { ClientId } = await newClient(Id!);
    const asked = { ClientId, Username: 'bob', Password: PASSWORD };
    await fails(
      cognito.send(new SignUpCommand(asked)),
      'NotAuthorizedException',
      'SignUp is not permitted for this user pool',
    );
  });

  test('passwords must satisfy the password policy', async () => {
    const { UserPoolId } = await home();
    const set = (Password: string, at = UserPoolId) =>
      cognito.send(new AdminSetUserPasswordCommand({ UserPoolId: at, Username: 'ada', Password }));
    for (const [password, missing] of [
      ['Aa-1', 'not long enough'],
      ['aaaaaaa-1', 'must have uppercase characters'],
      ['AAAAAAA-1', 'must have lowercase characters'],
      ['Aaaaaaaa-', 'must have numeric characters'],
      ['Aaaaaaaa1', 'must have symbol characters'],
    ] as const) {
      const message = `Password did not conform with policy: Password ${missing}`;
      await fails(set(password), 'InvalidPasswordException', message);
    }
    const lenient = await newPool({ Policies: { PasswordPolicy: { MinimumLength: 6 } } });
    await newUser(lenient.Id!, 'ada');
    await set('aaaaaa', lenient.Id!);
  });

  test('an error message never contains a password', async () => {
    const { UserPoolId } = await home();
    const Password = 'with a space';
    const set = { UserPoolId, Username: 'ada', Password };
    await fails(
      cognito.send(new AdminSetUserPasswordCommand(set)),
      'InvalidParameterException',
      "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\S]+",
    );
  });

  test('an invitation can be resent only to a user who has not used it', async () => {
    const { UserPoolId, ClientId } = await home();
    const invite = (Username: string, more: object = {}) =>
      cognito.send(new AdminCreateUserCommand({ UserPoolId, Username, ...more }));
    await invite('bob');
    const again = { MessageAction: 'RESEND', TemporaryPassword: 'Temporary-2' };
    const { User } = await invite('bob', again);
    assert.equal(User?.UserStatus, 'FORCE_CHANGE_PASSWORD');
    const { ChallengeName } = await enter(ClientId, 'bob', { PASSWORD: 'Temporary-2' });
    assert.equal(ChallengeName, 'NEW_PASSWORD_REQUIRED');
    await fails(invite('ada', again), 'UnsupportedUserStateException');
    await fails(invite('eve', again), 'UserNotFoundException');
  });

  test('usernames are unique', async () => {
    const { UserPoolId } = await home();
    const again = cognito.send(new AdminCreateUserCommand({ UserPoolId, Username: 'ada' }));
    await fails(again, 'UsernameExistsException', 'User account already exists');
  });

  test('attributes outside the schema are refused', async () => {
    const { Id: UserPoolId } = await newPool({
      Schema: [{ Name: 'team', AttributeDataType: 'String' }],
    });
    const create = (Name: string) =>
      cognito.send(
        new AdminCreateUserCommand({
          UserPoolId,
          Username: 'ada',
          UserAttributes: [{ Name, Value: 'x' }],
        }),
      );
    await fails(create('custom:rank'), 'InvalidParameterException', /\{custom:rank\}/);
    const { User } = await create('custom:team');
    assert.ok(User?.Attributes?.some(({ Name }) => Name === 'custom:team'));
  });

  test('if users sign in by email, the username is the sub, and both find the user', async () => {
    const { Id: UserPoolId = '' } = await newPool({
      UsernameAttributes: ['email'],
      UsernameConfiguration: { CaseSensitive: false },
    });
    const { ClientId = '' } = await newClient(UserPoolId, { ExplicitAuthFlows: passwordFlows });
    const create = (Username: string) =>
      cognito.send(new AdminCreateUserCommand({ UserPoolId, Username }));
    await fails(create('bob'), 'InvalidParameterException', 'Username should be an email.');
    const { User } = await create('bob@example.com');
    const set = { UserPoolId, Username: User?.Username, Password: PASSWORD, Permanent: true };
    await cognito.send(new AdminSetUserPasswordCommand(set));
    const { IdToken } = await tokensOf(ClientId, 'Bob@Example.com');
    assert.equal(decodeJwt(IdToken).sub, User?.Username);
    assert.equal(decodeJwt(IdToken)['email'], 'bob@example.com');
  });

  test('users are listed in pages and by a filter', async () => {
    const { Id: UserPoolId = '' } = await newPool();
    const names = ['amy', 'ann', 'bob', 'cat', 'dan'];
    for (const name of names) await newUser(UserPoolId, name);
    const listed: string[] = [];
    for await (const page of paginateListUsers({ client: cognito }, { UserPoolId, Limit: 2 })) {
      assert.ok(page.Users!.length <= 2);
      listed.push(...page.Users!.map(({ Username }) => Username!));
    }
    assert.deepEqual(listed.sort(), names);
    const found = async (Filter: string) => {
      const asked = { UserPoolId, Filter, AttributesToGet: ['email'] };
      const { Users = [] } = await cognito.send(new ListUsersCommand(asked));
      for (const { Attributes } of Users) assert.equal(Attributes?.length, 1);
      return Users.map(({ Username }) => Username).sort();
    };
    assert.deepEqual(await found('email = "bob@example.com"'), ['bob']);
    assert.deepEqual(await found('username ^= "a"'), ['amy', 'ann']);
    await fails(found('email is bob'), 'InvalidParameterException', 'Error while parsing filter');
    await fails(found('custom:x = "y"'), 'InvalidParameterException', /Invalid search attribute/);
  });
});
