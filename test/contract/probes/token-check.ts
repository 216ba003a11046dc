import {
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminUserGlobalSignOutCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { outcome } from '../outcome.ts';
import { ASSUMPTION, type Probe } from '../probe.ts';
import { getId, people } from './people.ts';

const REFUSED = 'NotAuthorizedException';
const REFERENCE =
  'https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html';

export const tokenCheck: Probe = {
  name: 'token-check',
  does: 'Asks an identity pool of another account for the identities of disabled, signed-out and deleted users, with and without ServerSideTokenCheck.',
  beliefs: [
    {
      about: 'a user who is signed in',
      believed: 'accepted',
      source: `${ASSUMPTION}: AWS does not say that the check works for a user pool of another account`,
    },
    {
      about: 'a user who is disabled',
      believed: REFUSED,
      source: `${ASSUMPTION}: AWS names users who are signed out or deleted; disabling revokes tokens, too (https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html)`,
    },
    { about: 'a user who is signed out', believed: REFUSED, source: REFERENCE },
    {
      about: 'a user who is signed out, without the check',
      believed: 'accepted',
      source: REFERENCE,
    },
    { about: 'a user who signs in again', believed: 'accepted', source: REFERENCE },
    { about: 'a user who is deleted', believed: REFUSED, source: REFERENCE },
  ],
  async observe(world) {
    const { userPool, key, linked, identityPool } = await people(world);
    const checking = await world.identityPool({
      CognitoIdentityProviders: [
        { ProviderName: key, ClientId: linked, ServerSideTokenCheck: true },
      ],
    });
    const asked = (token: string, pool = checking) => outcome(getId(world, pool, key, token));
    const user = { UserPoolId: userPool, Username: 'grace' };
    await world.user(userPool, user.Username);

    const first = await world.signIn(linked, user.Username);
    const signedIn = await asked(first.IdToken);
    await world.userPools.send(new AdminDisableUserCommand(user));
    const disabled = await asked(first.IdToken);
    await world.userPools.send(new AdminEnableUserCommand(user));

    const second = await world.signIn(linked, user.Username);
    await world.userPools.send(new AdminUserGlobalSignOutCommand(user));
    const signedOut = await asked(second.IdToken);
    const unchecked = await asked(second.IdToken, identityPool);

    const third = await world.signIn(linked, user.Username);
    const again = await asked(third.IdToken);
    await world.userPools.send(new AdminDeleteUserCommand(user));
    const deleted = await asked(third.IdToken);
    return {
      'a user who is signed in': signedIn,
      'a user who is disabled': disabled,
      'a user who is signed out': signedOut,
      'a user who is signed out, without the check': unchecked,
      'a user who signs in again': again,
      'a user who is deleted': deleted,
    };
  },
};
