import fc from 'fast-check';
import type { IdentityPool, Provider } from '../../core/identity-pool/identity-pool.ts';

const alphanumeric = 'abcdefghijklmnopqrstuvwxyz0123456789'.split('');

export const clientIds = fc.string({
  unit: fc.constantFrom(...alphanumeric),
  minLength: 1,
  maxLength: 8,
});

export const originalNames = fc
  .tuple(fc.constantFrom('us-east-1', 'ap-south-1', 'eu-west-3'), clientIds)
  .map(([region, id]) => `cognito-idp.${region}.amazonaws.com/${region}_${id}`);

/** The names of user pools, with either of their issuers. */
export const providerNames = fc
  .tuple(originalNames, fc.boolean())
  .map(([name, isUpdated]) => (isUpdated ? `issuer-${name}` : name));

export const providers: fc.Arbitrary<Provider> = fc.record(
  { ProviderName: providerNames, ClientId: clientIds, ServerSideTokenCheck: fc.boolean() },
  { requiredKeys: ['ProviderName', 'ClientId'], noNullPrototype: true },
);

const words = fc.string({ unit: fc.constantFrom(...alphanumeric), minLength: 1, maxLength: 12 });

/** Every identity pool that AWS could describe, from bare to full. */
export const identityPools: fc.Arbitrary<IdentityPool> = fc.record(
  {
    IdentityPoolId: fc.constant('ap-south-1:12345678-abcd-abcd-abcd-1234567890ab'),
    IdentityPoolName: words,
    AllowUnauthenticatedIdentities: fc.boolean(),
    AllowClassicFlow: fc.boolean(),
    SupportedLoginProviders: fc.dictionary(fc.domain(), words, {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    DeveloperProviderName: words,
    OpenIdConnectProviderARNs: fc.uniqueArray(
      words.map((w) => `arn:aws:iam::222222222222:oidc-provider/${w}`),
      { maxLength: 3 },
    ),
    CognitoIdentityProviders: fc.uniqueArray(providers, {
      maxLength: 12,
      selector: (p) => `${p.ProviderName} ${p.ClientId}`,
    }),
    SamlProviderARNs: fc.uniqueArray(
      words.map((w) => `arn:aws:iam::222222222222:saml-provider/${w}`),
      { maxLength: 3 },
    ),
    IdentityPoolTags: fc.dictionary(
      fc.oneof(
        words,
        words.map((w) => `aws:${w}`),
      ),
      fc.string({ maxLength: 8 }),
      { maxKeys: 4, noNullPrototype: true },
    ),
  },
  {
    requiredKeys: ['IdentityPoolId', 'IdentityPoolName', 'AllowUnauthenticatedIdentities'],
    noNullPrototype: true,
  },
);
