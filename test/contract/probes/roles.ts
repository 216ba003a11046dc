import {
  CognitoIdentityClient,
  GetIdentityPoolRolesCommand,
  GetPrincipalTagAttributeMapCommand,
  type RoleMapping,
  SetIdentityPoolRolesCommand,
  SetPrincipalTagAttributeMapCommand,
} from '@aws-sdk/client-cognito-identity';
import { outcome, outcomeInWords, saw } from '../outcome.ts';
import { ASSUMPTION, type Probe } from '../probe.ts';
import type { World } from '../world.ts';
import { entry, mappingKey, required, update } from './pool.ts';

const MAPPING: RoleMapping = { Type: 'Token', AmbiguousRoleResolution: 'Deny' };
const REFUSED =
  'InvalidParameterException: <key> is not a valid RoleMapping ProviderName or is not a configured provider.';
const CDK = 'https://github.com/aws/aws-cdk/issues/22951';

type Mappings = Record<string, RoleMapping>;

function setRoles(world: World, IdentityPoolId: string, RoleMappings?: Mappings) {
  const mappings = RoleMappings ? { RoleMappings } : {};
  return world.b
    .client(CognitoIdentityClient)
    .send(new SetIdentityPoolRolesCommand({ IdentityPoolId, Roles: {}, ...mappings }));
}

async function mappedKeys(world: World, IdentityPoolId: string): Promise<string[]> {
  const { RoleMappings = {} } = await world.b
    .client(CognitoIdentityClient)
    .send(new GetIdentityPoolRolesCommand({ IdentityPoolId }));
  return Object.keys(RoleMappings);
}

export const roleMappings: Probe = {
  name: 'role-mappings',
  does: 'Sets role mappings for existing and for missing entries, and sets none.',
  beliefs: [
    { about: 'a mapping whose entry was never there', believed: REFUSED, source: CDK },
    {
      about: 'roles without RoleMappings',
      believed: 'all mappings are gone',
      source: `${ASSUMPTION}: the call replaces, as UpdateIdentityPool does`,
    },
    {
      about: 'the 11th mapping',
      believed: 'ValidationException',
      source: 'the API model: at most 10',
    },
  ],
  async observe(world) {
    const clients = Array.from({ length: 11 }, (_, i) => entry(world, `client${i}`));
    const id = await world.identityPool({ CognitoIdentityProviders: clients });
    const first = clients.slice(0, 1);
    const mapped = (all: typeof clients): Mappings =>
      Object.fromEntries(all.map((each) => [mappingKey(each), MAPPING]));
    const key = mappingKey(entry(world, 'other'));
    const never = await outcomeInWords(setRoles(world, id, { [key]: MAPPING }), { key });
    const eleventh = await outcome(setRoles(world, id, mapped(clients)));
    await setRoles(world, id, mapped(first));
    const without = await setRoles(world, id);
    const left = (await mappedKeys(world, id)).length;
    return {
      'a mapping whose entry was never there': never,
      'roles without RoleMappings': saw(left === 0 ? 'all mappings are gone' : 'kept', without),
      'the 11th mapping': eleventh,
    };
  },
};

export const leftBehind: Probe = {
  name: 'left-behind',
  does: 'Removes an entry that has a role mapping and principal tags.',
  beliefs: [
    {
      about: 'the role mapping',
      believed: 'kept',
      source: `${ASSUMPTION}: the mapping is a resource of its own`,
    },
    {
      about: 'setting the roles with that mapping',
      believed: REFUSED,
      source: `${ASSUMPTION}: AWS looks at the entries whenever roles are set (${CDK})`,
    },
    {
      about: 'the principal tags',
      believed: 'kept',
      source: `${ASSUMPTION}: the map is a resource of its own`,
    },
    {
      about: 'resetting the principal tags',
      believed: 'accepted',
      source: `${ASSUMPTION}: the call does not look at the entries`,
    },
  ],
  async observe(world) {
    const linked = entry(world, 'a');
    const id = await world.identityPool({ CognitoIdentityProviders: [linked] });
    const key = mappingKey(linked);
    const identity = world.b.client(CognitoIdentityClient);
    await setRoles(world, id, { [key]: MAPPING });
    const map = { IdentityPoolId: id, IdentityProviderName: linked.ProviderName };
    await identity.send(
      new SetPrincipalTagAttributeMapCommand({
        ...map,
        UseDefaults: false,
        PrincipalTags: { who: 'sub' },
      }),
    );
    const removed = await update(world, await required(world, id));
    const keys = await mappedKeys(world, id);
    const tagged = await outcome(identity.send(new GetPrincipalTagAttributeMapCommand(map)));
    const again = await outcomeInWords(setRoles(world, id, { [key]: MAPPING }), { key });
    const reset = await outcome(
      identity.send(
        new SetPrincipalTagAttributeMapCommand({ ...map, UseDefaults: false, PrincipalTags: {} }),
      ),
    );
    return {
      'the role mapping': saw(keys.includes(key) ? 'kept' : 'gone', removed),
      'setting the roles with that mapping': again,
      'the principal tags': {
        seen: tagged.seen === 'accepted' ? 'kept' : `gone: ${tagged.seen}`,
        requestId: tagged.requestId,
      },
      'resetting the principal tags': reset,
    };
  },
};

export const noPrincipalTags: Probe = {
  name: 'no-principal-tags',
  does: 'Reads the principal tags of a provider that never had any.',
  beliefs: [
    {
      about: 'the answer',
      believed: 'ResourceNotFoundException',
      source: 'https://github.com/ministackorg/ministack/pull/1607',
    },
  ],
  async observe(world) {
    const linked = entry(world, 'a');
    const IdentityPoolId = await world.identityPool({ CognitoIdentityProviders: [linked] });
    const map = { IdentityPoolId, IdentityProviderName: linked.ProviderName };
    const answer = world.b
      .client(CognitoIdentityClient)
      .send(new GetPrincipalTagAttributeMapCommand(map));
    return { 'the answer': await outcome(answer) };
  },
};
