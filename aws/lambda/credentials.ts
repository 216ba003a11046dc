import type { AwsCredentialIdentityProvider } from '@smithy/types';

/**
 * Replaces the SDK's credential provider chain in the bundles: Lambda puts the credentials of the function's role
 * into the environment.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
export const defaultProvider = (): AwsCredentialIdentityProvider => async () => ({
  accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? '',
  secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '',
  ...(process.env['AWS_SESSION_TOKEN'] && { sessionToken: process.env['AWS_SESSION_TOKEN'] }),
});
