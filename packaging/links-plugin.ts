import { resolve } from 'node:path';
import { accountsOf, type Links } from '../core/links/links.ts';
import { executionSeconds } from '../core/request/approval.ts';
import { userPoolRegion } from '../core/user-pool.ts';
import { linkPolicies } from './link-policies.ts';
import { readLinksFile } from './links-file/links-file.ts';
import { versionOf, versionText } from './version.ts';

/** What follows from the links. */
const derivedFrom = (links: Links) => ({
  ...linkPolicies(links),
  executionSeconds: executionSeconds(links),
  version: versionText(versionOf(links)),
});

type Derived = ReturnType<typeof derivedFrom>;

interface Source {
  address: Exclude<keyof Derived, 'wider'>;
  resolveVariable(variable: string): Promise<string>;
}

interface Serverless {
  classes: { Error: new (message: string, code: string) => Error };
  service: { provider: { region: string } };
}

interface Writers {
  log: { warning(message: string): void };
}

interface Read {
  links: Links;
  warnings: string[];
  derived: Derived;
}

/** Who may forward events to the deployment, as its parameters say. */
interface Forwarding {
  accounts: string[];
  organization: string;
}

function read(file: string): Read {
  const { links, warnings } = readLinksFile(file);
  return { links, warnings, derived: derivedFrom(links) };
}

/** The user pools of which the rule in the deployment's Region never hears by itself, link by link. */
function elsewhere(links: Links, region: string): string[] {
  const own = Object.entries(links).filter(([, link]) => link.userPoolRoleArn === undefined);
  return own.flatMap(([name, { userPools = [] }]) => {
    const unheard = userPools.filter((id) => userPoolRegion(id) !== region);
    if (unheard.length === 0) return [];
    const shown = unheard.length > 3 ? [...unheard.slice(0, 2), '…'] : unheard;
    return `links.${name}.userPools: ${unheard.length} not of ${region}, the Region deployed to (${shown.join(', ')}). Their new app clients are heard of only where resources/forwarder.yml is deployed; else link them by hand.`;
  });
}

/** The accounts of user pools that may not forward their events. */
function shutOut(links: Links, { accounts, organization }: Forwarding): string[] {
  const out = accountsOf(links).filter((account) => !accounts.includes(account));
  if (organization !== '' || out.length === 0) return [];
  return [
    `links.yml names user pools of accounts that may not forward events (${out.join(', ')}): their new app clients are not heard of. Name them in forwardingAccounts, or give forwardingOrganization, and deploy resources/forwarder.yml there; else link them by hand.`,
  ];
}

/**
 * Lets serverless.yml say `${links:…}`: the IAM policies that follow from links.yml, how long an
 * execution may take, and what it was packaged from. What is wrong with that file is said once, before anything is packaged; the
 * framework would say it once for each variable. So is what will be otherwise than its reader may think.
 */
export default class LinksPlugin {
  #read: Read | undefined;
  #forwarding: Forwarding = { accounts: [], organization: '' };
  #problem: string | undefined;

  readonly hooks = {
    'before:package:cleanup': () => {
      const { classes, service } = this.#serverless;
      if (this.#problem !== undefined) throw new classes.Error(this.#problem, 'INVALID_LINKS');
      if (!this.#read) return;
      const { links, warnings, derived } = this.#read;
      const all = [
        ...warnings,
        ...elsewhere(links, service.provider.region),
        ...shutOut(links, this.#forwarding),
      ];
      for (const each of all) this.#log.warning(each);
      if (derived.wider !== undefined) this.#log.warning(`links.yml: ${derived.wider}.`);
    },
  };

  readonly configurationVariablesSources = {
    links: {
      resolve: async ({ address, resolveVariable }: Source) => {
        const file = resolve(await resolveVariable('param:links'));
        this.#forwarding = {
          accounts: String(await resolveVariable('param:forwardingAccounts')).split(','),
          organization: await resolveVariable('param:forwardingOrganization'),
        };
        return { value: this.#derivedFrom(file)[address] };
      },
    },
  };

  readonly #serverless: Serverless;
  readonly #log: Writers['log'];

  constructor(serverless: Serverless, _options: object, { log }: Writers) {
    this.#serverless = serverless;
    this.#log = log;
  }

  #derivedFrom(file: string): Derived {
    try {
      this.#read ??= read(file);
      return this.#read.derived;
    } catch (error) {
      this.#problem = (error as Error).message;
      return derivedFrom({});
    }
  }
}
