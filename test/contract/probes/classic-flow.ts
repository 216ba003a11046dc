import {
  CognitoIdentityClient,
  GetIdentityPoolRolesCommand,
  GetOpenIdTokenCommand,
  SetIdentityPoolRolesCommand,
} from '@aws-sdk/client-cognito-identity';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { outcome, outcomeInWords } from '../outcome.ts';
import type { Probe } from '../probe.ts';
import { getId, people, poolWithRoles } from './people.ts';

const FLOWS = 'https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html';

export const classicFlow: Probe = {
  name: 'classic-flow',
  does: "Assumes an identity pool's role with a token of GetOpenIdToken, and requests such a token from an identity pool with role mappings.",
  beliefs: [
    { about: 'AssumeRoleWithWebIdentity with the token', believed: 'accepted', source: FLOWS },
    {
      about: 'AssumeRoleWithWebIdentity with a token of a user pool',
      believed: 'refused',
      source: FLOWS,
    },
    {
      about: 'GetOpenIdToken with role mappings',
      believed:
        'InvalidParameterException: Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.',
      source: FLOWS,
    },
  ],
  async observe(world) {
    const { key, linked } = await people(world);
    const IdentityPoolId = await poolWithRoles(world, { AllowClassicFlow: true });
    const identity = world.b.client(CognitoIdentityClient);
    const { IdToken } = await world.signIn(linked, 'ada');
    const { IdentityId } = await getId(world, IdentityPoolId, key, IdToken);
    const asked = { IdentityId, Logins: { [key]: IdToken } };
    const { Token } = await identity.send(new GetOpenIdTokenCommand(asked));
    const { Roles = {} } = await identity.send(new GetIdentityPoolRolesCommand({ IdentityPoolId }));
    const assume = (WebIdentityToken: string | undefined) =>
      world.b.client(STSClient).send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: Roles['authenticated'],
          RoleSessionName: 'contract',
          WebIdentityToken,
        }),
      );
    // STS knows a new role only after a while.
    await world.eventually(() => assume(Token).catch(() => undefined));
    const assumed = await outcome(assume(Token));
    const foreign = await outcome(assume(IdToken));
    await identity.send(
      new SetIdentityPoolRolesCommand({
        IdentityPoolId,
        Roles,
        RoleMappings: { [`${key}:${linked}`]: { Type: 'Token', AmbiguousRoleResolution: 'Deny' } },
      }),
    );
    return {
      'AssumeRoleWithWebIdentity with the token': assumed,
      'AssumeRoleWithWebIdentity with a token of a user pool': {
        seen: foreign.seen === 'accepted' ? 'accepted' : 'refused',
        requestId: foreign.requestId,
        detail: `${foreign.seen}: ${foreign.detail}`,
      },
      'GetOpenIdToken with role mappings': await outcomeInWords(
        identity.send(new GetOpenIdTokenCommand(asked)),
      ),
    };
  },
};
