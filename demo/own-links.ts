import { readFileSync } from 'node:fs';
import type { LocalAws } from 'embedded-aws';
import type { HistoryEvent } from 'embedded-aws/services/states/history.ts';
import { Listr, type ListrTask } from 'listr2';
import { WAITING } from '../cli/executions/approvals.ts';
import { Executions } from '../cli/executions/executions.ts';
import { UsageError } from '../cli/output/exit.ts';
import type { Session } from '../cli/session.ts';
import { type AuditRecord, auditRecords } from '../core/audit/audit.ts';
import type { Link } from '../core/links/links.ts';
import { counted } from '../core/sentence.ts';
import { linkPolicies } from '../packaging/link-policies.ts';
import { type LinksFile, LinksFileError, parseLinks } from '../packaging/links-file/links-file.ts';
import { Accounts, createIdentityPool, type Where } from './accounts.ts';
import { deployAccountB, deployForwarder, deployService, deployUserPoolAccount } from './deploy.ts';
import { clientNameFor, type Needed, neededBy } from './needed.ts';
import { packagedService } from './package-cache.ts';
import type { Artifact } from './package-service.ts';

/** A links.yml that a person wants to try. */
export interface OwnLinks extends LinksFile {
  text: string;
}

/** A user pool as it was created. */
interface CreatedPool extends Where {
  id: string;
  tags?: Record<string, string>;
}

/** A link of the file, with an app client that it includes. */
interface Trial {
  link: string;
  userPool: CreatedPool;
  clientName: string;
}

interface Context {
  created: CreatedPool[];
  folder: string;
  /** The links that did not do what they should. */
  failed: string[];
}

// More app clients would only repeat what the first ones show.
const MOST_TRIALS = 5;

/** How long an app client may take to be linked, in milliseconds. */
const PATIENCE = 60_000;

const GOOD = new Set(['LINKED', WAITING]);

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} can't be read (${(error as Error).message}).`);
  }
}

/**
 * Reads the links.yml that is to be tried.
 *
 * @throws UsageError that says what is wrong with the file.
 */
export function readOwnLinks(file: string): OwnLinks {
  const text = textOf(file);
  let found: LinksFile;
  try {
    found = parseLinks(text, file);
    // Packaging would find too late that the links need larger policies than AWS allows.
    linkPolicies(found.links);
  } catch (error) {
    if (!(error instanceof LinksFileError)) throw new UsageError((error as Error).message);
    throw new UsageError(error.problems.join('\n'));
  }
  if (Object.keys(found.links).length > 0) return { ...found, text };
  throw new UsageError(`${file} has no links. Add one, as docs/links.md says.`);
}

/** Creates what the accounts have before anything is linked. */
function prepare(local: LocalAws, { userPools, identityPools }: Needed): ListrTask<Context>[] {
  return [
    {
      title: `${counted(userPools.length, 'user pool')}, with the user ada`,
      async task({ created }) {
        for (const { account, region, ...pool } of userPools) {
          const accounts = new Accounts(local.endpoint, { account, region });
          created.push({ account, region, ...pool, id: await accounts.createUserPool(pool) });
        }
      },
    },
    {
      title: `${counted(identityPools.length, 'identity pool')} that others use already`,
      async task() {
        for (const pool of identityPools) await createIdentityPool(local.aws, pool);
      },
    },
  ];
}

/** Packages the service. The accounts of user pools may forward their events to it. */
function packagedWith({ text }: OwnLinks, { readRoles }: Needed): Promise<Artifact> {
  const forwardingAccounts = [...new Set(readRoles.map(({ where }) => where.account))].join(',');
  const packaged = packagedService(text, 'dev', forwardingAccounts ? { forwardingAccounts } : {});
  packaged.catch(() => {});
  return packaged;
}

/** Deploys the stacks of all accounts. */
function deploy(
  { aws }: LocalAws,
  own: OwnLinks,
  needed: Needed,
  packaged: Promise<Artifact>,
): ListrTask<Context>[] {
  const { home, linkRoles, readRoles, forwarders } = needed;
  return [
    {
      title: `The service is packaged with ${counted(Object.keys(own.links).length, 'link')}`,
      async task(context) {
        context.folder = (await packaged).folder;
      },
    },
    {
      title: 'Each account gets its stacks',
      async task({ folder }) {
        for (const { where, parameters } of linkRoles) {
          await deployAccountB(aws, where, parameters);
        }
        for (const { where, parameters } of readRoles) {
          await deployUserPoolAccount(aws, where, parameters);
        }
        const { LinkStateMachineArn = '' } = await deployService(aws, home, { folder });
        const [, partition] = LinkStateMachineArn.split(':');
        const HomeBusArn = `arn:${partition}:events:${home.region}:${home.account}:event-bus/default`;
        for (const where of forwarders) await deployForwarder(aws, where, { HomeBusArn });
      },
    },
  ];
}

const isRequestForApproval = ({ type, details }: HistoryEvent): boolean =>
  type === 'TaskStateEntered' && details?.['name'] === 'RequestApproval';

type Shown = Pick<AuditRecord, 'outcome' | 'identityPoolId' | 'error' | 'message'>;

function resultText({ outcome, identityPoolId = '', error, message = '' }: Shown): string {
  if (error !== undefined) return `${error}: ${message}`;
  if (outcome === WAITING) return `${WAITING} for approval; npx poolbridge approvals lists it`;
  return `${outcome} ${identityPoolId}`.trim();
}

/**
 * The results of the execution about an app client; WAITING, if the link requires approval.
 *
 * @throws if none ends within a minute.
 */
async function resultsFor(
  { aws }: LocalAws,
  executions: Executions,
  clientId: string,
): Promise<Shown[]> {
  const until = Date.now() + PATIENCE;
  while (Date.now() < until) {
    const found = [...aws.stateMachines.executions.values()].find(({ input }) =>
      input.includes(clientId),
    );
    if (found && found.status !== 'RUNNING') return auditRecords(await executions.read(found.arn));
    if (found?.history.events.some(isRequestForApproval)) return [{ outcome: WAITING }];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`No execution about it ended within ${PATIENCE / 1000} seconds.`);
}

/** One app client for each of the first links, in the first of its user pools. */
function trialsOf({ links }: OwnLinks, created: CreatedPool[]): Trial[] {
  const poolOf = ({ userPools: [first] = [], userPoolTags }: Link) =>
    created.find(({ id, tags }) =>
      first === undefined ? JSON.stringify(tags) === JSON.stringify(userPoolTags) : id === first,
    );
  return Object.entries(links)
    .flatMap(([name, link]) => {
      const userPool = poolOf(link);
      const clientName = clientNameFor(link);
      return userPool && clientName !== undefined ? [{ link: name, userPool, clientName }] : [];
    })
    .slice(0, MOST_TRIALS);
}

/** Creates app clients, and waits for what the links do about them. */
function tryOut(local: LocalAws, own: OwnLinks, session: Session): ListrTask<Context> {
  const executions = new Executions(session, 'dev');
  return {
    title: 'App clients are created, and nothing else is done',
    task: ({ created, failed }, task) =>
      task.newListr<Context>(
        trialsOf(own, created).map(({ link, userPool, clientName }) => ({
          title: `${link}: the app client ${clientName} in ${userPool.id}`,
          async task(_, each) {
            const accounts = new Accounts(local.endpoint, userPool);
            const clientId = await accounts.createAppClient(userPool.id, clientName);
            const results = await resultsFor(local, executions, clientId);
            each.title = [each.title, ...results.map((one) => `  ${resultText(one)}`)].join('\n');
            if (!results.every(({ outcome }) => GOOD.has(outcome))) failed.push(link);
          },
        })),
      ),
  };
}

/**
 * Creates the user pools, identity pools and roles that a links.yml names on the embedded AWS, deploys the service
 * with it, and creates an app client for each of its first links.
 *
 * @returns the links that did not do what they should.
 */
export async function tryLinks(
  local: LocalAws,
  own: OwnLinks,
  session: Session,
  silent: boolean,
): Promise<string[]> {
  const needed = neededBy(own.links);
  const tasks = [
    ...prepare(local, needed),
    ...deploy(local, own, needed, packagedWith(own, needed)),
    tryOut(local, own, session),
  ];
  const list = new Listr<Context>(tasks, {
    silentRendererCondition: silent,
    registerSignalListeners: false,
    rendererOptions: { collapseSubtasks: false, collapseErrors: false },
  });
  const { failed } = await list.run({ created: [], folder: '', failed: [] });
  return failed;
}
