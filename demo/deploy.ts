import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmbeddedAws } from 'embedded-aws';
import { deployStack, readTemplate } from 'embedded-aws';
import type { Principal } from 'embedded-aws/kernel/iam.ts';
import type { Artifact } from './package-service.ts';

interface Where {
  account: string;
  region: string;
  deployer?: Principal;
}

/**
 * Deploys the packaged service to an account and Region, as `osls deploy` does.
 *
 * @param where as whose deployer, if its permissions are to be judged.
 */
export function deployService(
  aws: EmbeddedAws,
  where: Where,
  { folder }: Pick<Artifact, 'folder'>,
  stage = 'dev',
  parameters: Record<string, string> = {},
) {
  aws.functions.artifacts = folder;
  const template = readTemplate(join(folder, 'cloudformation-template-update-stack.json'));
  return deployStack(aws, { ...where, name: `poolbridge-${stage}`, template, parameters });
}

/** Deploys one of the plain templates for other accounts and Regions. */
const deployTemplate =
  (file: string) => (aws: EmbeddedAws, where: Where, parameters: Record<string, string>) => {
    const path = fileURLToPath(new URL(`../resources/${file}.yml`, import.meta.url));
    const template = readTemplate(path);
    return deployStack(aws, { ...where, name: `poolbridge-${file}`, template, parameters });
  };

/** Deploys resources/account-b.yml to the account that owns the identity pools. */
export const deployAccountB = deployTemplate('account-b');

/** Deploys resources/user-pool-account.yml to another account that owns user pools. */
export const deployUserPoolAccount = deployTemplate('user-pool-account');

/** Deploys resources/forwarder.yml to another Region or account that has user pools. */
export const deployForwarder = deployTemplate('forwarder');
