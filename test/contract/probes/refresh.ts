import {
  GetTokensFromRefreshTokenCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { outcome, saw } from '../outcome.ts';
import { ASSUMPTION, type Probe } from '../probe.ts';
import { people } from './people.ts';

const ROTATION =
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html';
const REFRESH =
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html';

export const refresh: Probe = {
  name: 'refresh',
  does: 'Refreshes the tokens of a user, with an app client that rotates refresh tokens and with one that does not.',
  beliefs: [
    { about: 'without rotation', believed: 'no other refresh token', source: REFRESH },
    { about: 'with rotation', believed: 'another refresh token', source: ROTATION },
    {
      about: 'the token that was replaced',
      believed: 'RefreshTokenReuseException',
      source: REFRESH,
    },
    {
      about: 'REFRESH_TOKEN_AUTH with rotation',
      believed: 'InvalidParameterException',
      source: `${ROTATION} (it is refused; the name is an ${ASSUMPTION})`,
    },
  ],
  async observe(world) {
    const { userPool, linked } = await people(world);
    const rotating = await world.appClient(userPool, {
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
      RefreshTokenRotation: { Feature: 'ENABLED', RetryGracePeriodSeconds: 0 },
    });
    const renew = (ClientId: string, RefreshToken: string) =>
      world.userPools.send(new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken }));
    const whether = (token: string | undefined) =>
      token === undefined ? 'no other refresh token' : 'another refresh token';
    const plain = await renew(linked, (await world.signIn(linked, 'ada')).RefreshToken);
    const { RefreshToken } = await world.signIn(rotating, 'ada');
    const rotated = await renew(rotating, RefreshToken);
    const replaced = await outcome(renew(rotating, RefreshToken));
    const REFRESH_TOKEN = rotated.AuthenticationResult?.RefreshToken ?? '';
    const flow = await outcome(
      world.userPools.send(
        new InitiateAuthCommand({
          ClientId: rotating,
          AuthFlow: 'REFRESH_TOKEN_AUTH',
          AuthParameters: { REFRESH_TOKEN },
        }),
      ),
    );
    return {
      'without rotation': saw(whether(plain.AuthenticationResult?.RefreshToken), plain),
      'with rotation': saw(whether(rotated.AuthenticationResult?.RefreshToken), rotated),
      'the token that was replaced': replaced,
      'REFRESH_TOKEN_AUTH with rotation': flow,
    };
  },
};
