import {
  CognitoIdentityClient,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
} from '@aws-sdk/client-cognito-identity';
import { outcomeInWords, saw } from '../outcome.ts';
import type { Probe } from '../probe.ts';
import { getId, people, poolWithRoles } from './people.ts';

const SWITCHING =
  'https://docs.aws.amazon.com/cognito/latest/developerguide/switching-identities.html';

export const guests: Probe = {
  name: 'guests',
  does: 'Asks for credentials of a guest with the login of a user.',
  beliefs: [
    {
      about: 'a guest with a login that has no identity',
      believed: "the guest's identity",
      source: SWITCHING,
    },
    {
      about: 'GetId with that login afterwards',
      believed: "the guest's identity",
      source: SWITCHING,
    },
    {
      about: 'another guest with that login',
      believed: "the user's identity",
      source: SWITCHING,
    },
    {
      about: 'that guest without the login afterwards',
      believed: "NotAuthorizedException: Access to Identity '<guest>' is forbidden.",
      source: `${SWITCHING} (the identity is disabled; users report the text)`,
    },
  ],
  async observe(world) {
    const { key, linked } = await people(world);
    const IdentityPoolId = await poolWithRoles(world, { AllowUnauthenticatedIdentities: true });
    const client = world.b.client(CognitoIdentityClient);
    const enter = async () =>
      (await client.send(new GetIdCommand({ IdentityPoolId }))).IdentityId ?? '';
    const credentials = (IdentityId: string, Logins: Record<string, string>) =>
      client.send(new GetCredentialsForIdentityCommand({ IdentityId, Logins }));

    const guest = await enter();
    // STS knows new roles only after a while: until then no one gets credentials.
    await world.eventually(() => credentials(guest, {}).catch(() => undefined));
    const { IdToken } = await world.signIn(linked, 'ada');
    const Logins = { [key]: IdToken };
    const taken = await credentials(guest, Logins);
    const known = await getId(world, IdentityPoolId, key, IdToken);
    const other = await enter();
    const merged = await credentials(other, Logins);
    const whose = (id: string | undefined): string =>
      id === guest ? "the guest's identity" : 'another identity';
    return {
      'a guest with a login that has no identity': saw(whose(taken.IdentityId), taken),
      'GetId with that login afterwards': saw(whose(known.IdentityId), known),
      'another guest with that login': saw(
        merged.IdentityId === known.IdentityId ? "the user's identity" : 'another identity',
        merged,
      ),
      'that guest without the login afterwards': await outcomeInWords(credentials(other, {}), {
        guest: other,
      }),
    };
  },
};
