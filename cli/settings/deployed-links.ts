import { execFile } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Links } from '../../core/links/links.ts';
import { parseLinks, shownPath } from '../../packaging/links-file/links-file.ts';
import { linksDigest, versionIn } from '../../packaging/version.ts';
import { allFound, checkLinks, DEFAULT_FILE } from '../check/checks.ts';
import { Machines } from '../executions/machines.ts';
import type { Session } from '../session.ts';

/** The links that are deployed, and those of the working copy. */
export interface FoundLinks {
  /** Absent if no known version of the file is the deployed one. */
  deployed?: Links;
  /** The digest of the deployed links; absent if the deployment does not state it. */
  digest?: string;
  /** The file of the working copy. */
  file: string;
  /** Its links; absent if it can't be read as links. */
  here?: Links;
  /** Why it can't be read. */
  problem?: string;
}

// So many versions of the file are compared with what is deployed.
const MOST_VERSIONS = 50;

const run = promisify(execFile);

/** The texts of a file in the history of its repository, newest first; none without a repository. */
async function versionsOf(file: string): Promise<string[]> {
  const git = async (...args: string[]) => {
    const options = { cwd: dirname(file), maxBuffer: 16 * 1024 * 1024 };
    return (await run('git', args, options)).stdout;
  };
  const name = `./${basename(file)}`;
  try {
    const log = await git('log', '--all', '--format=%H', `-${MOST_VERSIONS}`, '--', name);
    const commits = log.split('\n').filter((commit) => commit !== '');
    // A commit that deletes the file does not have it.
    const texts = commits.map((commit) => git('show', `${commit}:${name}`).catch(() => ''));
    return await Promise.all(texts);
  } catch {
    return [];
  }
}

function linksIn(text: string, file: string): Links[] {
  try {
    return [parseLinks(text, file).links];
  } catch {
    return [];
  }
}

/**
 * Finds the links that are deployed. The state machine `link` has their digest, so each version of links.yml that is
 * at hand is compared with it: the file, those read before, and those in the history of its repository.
 */
export class DeployedLinks {
  readonly #session: Session;
  readonly #stage: string;
  readonly #file: string;
  /** Those read before, by digest. What is not among them may come with the next commit, so it is looked for again. */
  readonly #known = new Map<string, Links>();

  /** @param known links that may be the deployed ones, beside those of the file. */
  constructor(
    session: Session,
    stage: string,
    { file = DEFAULT_FILE, known = [] }: { file?: string; known?: Links[] } = {},
  ) {
    this.#session = session;
    this.#stage = stage;
    this.#file = file;
    for (const links of known) this.#keep(links);
  }

  async find(): Promise<FoundLinks> {
    const { check, links: here } = await checkLinks(this.#file);
    if (here) this.#keep(here);
    const digest = await this.#digest();
    const deployed = digest === undefined ? undefined : await this.#withDigest(digest);
    return {
      file: shownPath(this.#file),
      ...(deployed && { deployed }),
      ...(digest !== undefined && { digest }),
      ...(here ? { here } : { problem: allFound(check).join('\n') }),
    };
  }

  #keep(links: Links): void {
    const digest = linksDigest(links);
    // The map of links that were read before is drawn already.
    if (!this.#known.has(digest)) this.#known.set(digest, links);
  }

  /** The digest of the deployed links; undefined if the deployment does not state it. */
  async #digest(): Promise<string | undefined> {
    const sfn = await this.#session.stepFunctions();
    const stateMachineArn = await new Machines(this.#session, this.#stage).arnOf('link');
    const { definition = '{}' } = await sfn.describeStateMachine({ stateMachineArn });
    return versionIn(String(JSON.parse(definition).Comment))?.links;
  }

  async #withDigest(digest: string): Promise<Links | undefined> {
    if (!this.#known.has(digest)) {
      for (const text of await versionsOf(this.#file)) {
        for (const links of linksIn(text, this.#file)) this.#keep(links);
      }
    }
    return this.#known.get(digest);
  }
}
