import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Aws } from '../kernel/aws.ts';
import { deployStack, readTemplate } from '../kernel/cloudformation.ts';
import type { Artifact } from './package-service.ts';

interface Where {
  account: string;
  region: string;
}

/** Deploys the packaged service to an account and Region, as `osls deploy` does. */
export function deployService(
  aws: Aws,
  where: Where,
  { folder }: Pick<Artifact, 'folder'>,
  stage = 'dev',
) {
  aws.code.artifacts = folder;
  const template = readTemplate(join(folder, 'cloudformation-template-update-stack.json'));
  return deployStack(aws, { ...where, name: `poolbridge-${stage}`, template });
}

/** Deploys resources/account-b.yml to the account that owns the identity pools. */
export function deployAccountB(aws: Aws, where: Where, parameters: Record<string, string>) {
  const file = fileURLToPath(new URL('../../resources/account-b.yml', import.meta.url));
  const template = readTemplate(file);
  return deployStack(aws, { ...where, name: 'poolbridge-account-b', template, parameters });
}
