import type { Links } from '../../core/links/links.ts';
import { linksText } from '../../core/links/names.ts';
import { deployCommand } from '../output/command-line.ts';
import { UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';

/** The deployment, the links.yml that --links names for it, and where something is said about them. */
interface Place {
  /** The file of --links, if it is named. */
  file?: string | undefined;
  session: Session;
  stage: string;
  terminal: Pick<Terminal, 'note'>;
}

/** The command that deploys a links.yml to a stage: that of --links or, without it, that of the working copy. */
export async function deployLinks({ file, session, stage }: Omit<Place, 'terminal'>) {
  const { region } = await session.caller();
  return deployCommand({ stage, region, file });
}

/** @throws UsageError if the file can't be read as links. */
async function linksIn(file: string): Promise<Links> {
  const { allFound, checkLinks } = await import('../check/checks.ts');
  const { check, links } = await checkLinks(file);
  if (links) return links;
  throw new UsageError([`--links: ${allFound(check).join('\n')}`, check.todo].join('\n'));
}

/** What is known of the links that are deployed; undefined if the deployment can't be read. */
async function deployedLinks({ file, session, stage }: Place) {
  const { DeployedLinks } = await import('./deployed-links.ts');
  return new DeployedLinks(session, stage, file === undefined ? {} : { file })
    .find()
    .catch(() => undefined);
}

/** That a file or the deployment has no link of a name, and which it has. */
function noLink(where: string, link: string, links: Links): string {
  return `${where} has no link ${link}. ${linksText(links, link)}`;
}

/**
 * Checks the file that --links names, and that the deployment has a link. The deployment decides what is looked at, so
 * a file that is not deployed is said to be so.
 *
 * @param link the name of a link; absent if all are meant.
 * @throws UsageError if the file can't be read, or there is no such link.
 */
export async function checkNamedLinks(link: string | undefined, place: Place): Promise<void> {
  const { file, terminal } = place;
  const named = file === undefined ? undefined : await linksIn(file);
  if (named === undefined && link === undefined) return;
  const isIn = (links: Links) => link === undefined || Object.hasOwn(links, link);
  if (file !== undefined && named && link !== undefined && !isIn(named)) {
    throw new UsageError(noLink(file, link, named));
  }
  const found = await deployedLinks(place);
  if (found?.deployed && link !== undefined && !isIn(found.deployed)) {
    throw new UsageError(
      named
        ? `${file} has the link ${link}, but it is not deployed yet. To deploy it: ${await deployLinks(place)}`
        : noLink('The links.yml that is deployed', link, found.deployed),
    );
  }
  if (named && found?.digest !== undefined) {
    const { linksDigest } = await import('../../packaging/version.ts');
    if (linksDigest(named) === found.digest) return;
    terminal.note(
      `${file} is not the links.yml that is deployed, and the answer is about the one that is. To deploy it: ${await deployLinks(place)}`,
    );
    return;
  }
  if (named || found?.deployed || link === undefined) return;
  terminal.note(
    `The links.yml that is deployed was not found here, so the execution finds out whether there is a link ${link}. Name the file with --links.`,
  );
}
