import type { Command } from 'commander';
import { InvalidRequestError } from '../core/errors.ts';
import type { Links } from '../core/links/links.ts';
import { parseReconcile } from '../core/reconcile/plan.ts';
import { checkId, parseRequest } from '../core/request/request.ts';
import { UsageError } from './output/exit.ts';
import type { Terminal } from './output/terminal.ts';
import type { Session } from './session.ts';

// What these options hold is the same in every command.
const ids = [
  ['userPool', 'userPoolId', '--user-pool'],
  ['client', 'clientId', '--client'],
  ['identityPool', 'identityPoolId', '--identity-pool'],
] as const;

/** Runs a check of the request, whose errors are errors of the command line here. */
function checked(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof InvalidRequestError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * Refuses options that can not be ids or names of links, before anything is started.
 *
 * @throws UsageError
 */
export function checkOptions(command: Command): void {
  const options: Record<string, unknown> = command.opts();
  for (const [name, key, option] of ids) {
    for (const value of [options[name] ?? []].flat()) checked(() => checkId(value, key, option));
  }
  const { link = 'any' } = options;
  if (!/^[a-z0-9-]{1,40}$/.test(String(link))) {
    throw new UsageError(
      `--link must be the name of a link: up to 40 lower-case letters, digits and hyphens, not ${JSON.stringify(link)}.`,
    );
  }
}

/** As JSON has it: without what is undefined. */
const asSent = (input: object): unknown => JSON.parse(JSON.stringify(input));

/**
 * Refuses a request to `link` that its state machine would refuse by its form.
 *
 * @throws UsageError
 */
export const checkRequest = (input: object): void =>
  checked(() => void parseRequest(asSent(input)));

/** Where the links of a deployment are looked for, and where it is said that they were not found. */
interface Known {
  /** The links.yml that was deployed, where it is named. */
  file?: string | undefined;
  session: Session;
  stage: string;
  terminal: Pick<Terminal, 'note'>;
}

/** The links that are deployed; undefined where that can't be told: then the deployment itself decides. */
async function linksIn({ file, session, stage }: Known): Promise<Links | undefined> {
  if (file !== undefined) {
    const { checkLinks } = await import('./check/checks.ts');
    const { check, links } = await checkLinks(file);
    if (!links) throw new UsageError(`--links: ${check.found}`);
    return links;
  }
  const { DeployedLinks } = await import('./settings/deployed-links.ts');
  const found = await new DeployedLinks(session, stage).find().catch(() => undefined);
  return found?.deployed;
}

/**
 * Refuses a request to `reconcile` that its state machine would refuse.
 *
 * @throws UsageError
 */
export async function checkReconcile(
  { link, ...input }: { link?: string | undefined; repair: boolean; reason?: string | undefined },
  known: Known,
): Promise<void> {
  checked(() => void parseReconcile(asSent(input), {}));
  if (link === undefined) return;
  const links = await linksIn(known);
  if (!links) {
    known.terminal.note(
      `The links.yml that is deployed was not found here, so the execution finds out whether there is a link ${link}. Name the file with --links.`,
    );
    return;
  }
  if (Object.hasOwn(links, link)) return;
  throw new UsageError(`links.yml has no link ${link}. It has ${Object.keys(links).join(', ')}.`);
}
