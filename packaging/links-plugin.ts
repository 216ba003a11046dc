import { resolve } from 'node:path';
import { accountsOf, type Links } from '../core/links/links.ts';
import { executionSeconds } from '../core/request/approval-time.ts';
import { userPoolRegion } from '../core/user-pool.ts';
import { linkPolicies } from './link-policies.ts';
import { readLinksFile } from './links-file/links-file.ts';
import { versionOf, versionText } from './version.ts';

/** The values of `${links:…}`, from the links. */
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

/** The parameters that say who may forward events to the deployment. */
interface Forwarding {
  accounts: string[];
  organization: string;
}

function read(file: string): Read {
  const { links, warnings } = readLinksFile(file);
  return { links, warnings, derived: derivedFrom(links) };
}

/** A warning for each link with user pools in other Regions, whose events need a forwarder. */
function otherRegions(links: Links, region: string): string[] {
  const own = Object.entries(links).filter(([, link]) => link.userPoolRoleArn === undefined);
  return own.flatMap(([name, { userPools = [] }]) => {
    const others = userPools.filter((id) => userPoolRegion(id) !== region);
    if (others.length === 0) return [];
    const shown = others.length > 3 ? [...others.slice(0, 2), '…'] : others;
    return `links.${name}.userPools: ${others.length} not in ${region}, the Region of the deployment (${shown.join(', ')}). Deploy resources/forwarder.yml in their Regions; otherwise link their new app clients by hand.`;
  });
}

/** A warning about accounts of user pools that may not forward their events. */
function deniedAccounts(links: Links, { accounts, organization }: Forwarding): string[] {
  const out = accountsOf(links).filter((account) => !accounts.includes(account));
  if (organization !== '' || out.length === 0) return [];
  return [
    `links.yml names user pools of accounts that may not forward events (${out.join(', ')}). Name these accounts in forwardingAccounts, or set forwardingOrganization, and deploy resources/forwarder.yml there; otherwise link their new app clients by hand.`,
  ];
}

/**
 * Resolves `${links:…}` in serverless.yml: the IAM policies that follow from links.yml, the time that an execution
 * may take, and the version. Errors and warnings about links.yml are reported once, before anything is packaged;
 * the framework would report them for each variable.
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
        ...otherRegions(links, service.provider.region),
        ...deniedAccounts(links, this.#forwarding),
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
