import { resolve } from 'node:path';
import { linkPolicies } from './link-policies.ts';
import { loadLinks } from './links-file.ts';

interface Source {
  address: 'policies' | 'assumeRoles' | 'readUserPools';
  resolveVariable(variable: string): Promise<string>;
}

/**
 * Lets serverless.yml say `${links:…}`: the IAM policies that follow from links.yml, which is
 * checked on the way, so that nothing wrong is ever packaged.
 */
export default class LinksPlugin {
  configurationVariablesSources = {
    links: {
      async resolve({ address, resolveVariable }: Source) {
        const links = loadLinks(resolve(await resolveVariable('param:links')));
        return { value: linkPolicies(links)[address] };
      },
    },
  };
}
