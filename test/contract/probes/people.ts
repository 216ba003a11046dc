import {
  CognitoIdentityClient,
  type CreateIdentityPoolCommandInput,
  GetIdCommand,
  SetIdentityPoolRolesCommand,
} from '@aws-sdk/client-cognito-identity';
import type { World } from '../world.ts';

/** A user pool with two app clients, one of them linked. */
export interface People {
  userPool: string;
  /** The ProviderName of the user pool, which is also the key of its logins. */
  key: string;
  linked: string;
  unlinked: string;
  identityPool: string;
}

/** A user pool of Account-A whose user `ada` can sign in, and the identity pool that it is linked to. */
export const people = (world: World): Promise<People> =>
  world.shared('people', async () => {
    const userPool = await world.userPool();
    const key = world.providerName(userPool);
    const linked = await world.appClient(userPool);
    const unlinked = await world.appClient(userPool);
    await world.user(userPool, 'ada');
    const identityPool = await world.identityPool({
      CognitoIdentityProviders: [{ ProviderName: key, ClientId: linked }],
    });
    return { userPool, key, linked, unlinked, identityPool };
  });

/** Asks an identity pool for the identity of a login. */
export const getId = (world: World, IdentityPoolId: string, key: string, token: string) =>
  world.b
    .client(CognitoIdentityClient)
    .send(new GetIdCommand({ IdentityPoolId, Logins: { [key]: token } }));

/** An identity pool that has the linked client, and whose roles may do nothing. */
export async function poolWithRoles(
  world: World,
  settings: Partial<CreateIdentityPoolCommandInput>,
): Promise<string> {
  const { key, linked } = await people(world);
  const IdentityPoolId = await world.identityPool({
    CognitoIdentityProviders: [{ ProviderName: key, ClientId: linked }],
    ...settings,
  });
  const role = await world.role(
    world.b,
    {
      Effect: 'Allow',
      Principal: { Federated: 'cognito-identity.amazonaws.com' },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { 'cognito-identity.amazonaws.com:aud': IdentityPoolId } },
    },
    [{ Effect: 'Deny', Action: '*', Resource: '*' }],
  );
  const Roles = { authenticated: role, unauthenticated: role };
  await world.b
    .client(CognitoIdentityClient)
    .send(new SetIdentityPoolRolesCommand({ IdentityPoolId, Roles }));
  return IdentityPoolId;
}
