import { resolve } from 'node:path';
import { linkPolicies } from './link-policies.ts';
import { loadLinks } from './links-file.ts';

interface Source {
  address: keyof ReturnType<typeof linkPolicies>;
  resolveVariable(variable: string): Promise<string>;
}

interface Serverless {
  classes: { Error: new (message: string, code: string) => Error };
}

/**
 * Lets serverless.yml say `${links:…}`: the IAM policies that follow from links.yml. What is wrong
 * with that file is said once, before anything is packaged; the framework would say it once for
 * each variable.
 */
export default class LinksPlugin {
  #problem: string | undefined;

  readonly hooks = {
    'before:package:cleanup': () => {
      if (this.#problem === undefined) return;
      throw new this.#serverless.classes.Error(this.#problem, 'INVALID_LINKS');
    },
  };

  readonly configurationVariablesSources = {
    links: {
      resolve: async ({ address, resolveVariable }: Source) => {
        const file = resolve(await resolveVariable('param:links'));
        return { value: this.#policiesOf(file)[address] };
      },
    },
  };

  readonly #serverless: Serverless;

  constructor(serverless: Serverless) {
    this.#serverless = serverless;
  }

  #policiesOf(file: string): ReturnType<typeof linkPolicies> {
    try {
      return linkPolicies(loadLinks(file));
    } catch (error) {
      this.#problem = (error as Error).message;
      return linkPolicies({});
    }
  }
}
