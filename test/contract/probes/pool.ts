import {
  CognitoIdentityClient,
  type CognitoIdentityProvider,
  DescribeIdentityPoolCommand,
  type IdentityPool,
  UpdateIdentityPoolCommand,
  type UpdateIdentityPoolCommandInput,
  type UpdateIdentityPoolCommandOutput,
} from '@aws-sdk/client-cognito-identity';
import type { World } from '../world.ts';

/** An entry for a user pool that does not exist, in Account-A's Region. */
export const entry = (world: World, ClientId: string): CognitoIdentityProvider => ({
  ProviderName: world.providerName(`${world.a.region}_Contract1`),
  ClientId,
});

/** The key of an entry's role mapping. */
export const mappingKey = ({ ProviderName, ClientId }: CognitoIdentityProvider): string =>
  `${ProviderName}:${ClientId}`;

/** A pool as DescribeIdentityPool shows it, without the metadata of the answer. */
export async function described(world: World, IdentityPoolId: string): Promise<IdentityPool> {
  const { $metadata: _, ...pool } = await world.b
    .client(CognitoIdentityClient)
    .send(new DescribeIdentityPoolCommand({ IdentityPoolId }));
  return pool;
}

/** Only the members that UpdateIdentityPool requires. */
export async function required(world: World, id: string): Promise<UpdateIdentityPoolCommandInput> {
  const { IdentityPoolId, IdentityPoolName, AllowUnauthenticatedIdentities } = await described(
    world,
    id,
  );
  return { IdentityPoolId, IdentityPoolName, AllowUnauthenticatedIdentities };
}

export const update = (
  world: World,
  input: UpdateIdentityPoolCommandInput,
): Promise<UpdateIdentityPoolCommandOutput> =>
  world.b.client(CognitoIdentityClient).send(new UpdateIdentityPoolCommand(input));

/** The client ids of a pool's entries, sorted. */
export const clientsOf = ({ CognitoIdentityProviders = [] }: IdentityPool): string[] =>
  CognitoIdentityProviders.map(({ ClientId = '' }) => ClientId).sort();
