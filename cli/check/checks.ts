import { fileURLToPath } from 'node:url';
import { executionOf } from '../../core/execution.ts';
import type { Links } from '../../core/links/links.ts';
import type { PoolIssuer } from '../../core/reconcile/issuers.ts';
import type { PoolReport } from '../../core/reconcile/pool-report.ts';
import type { ReconcileOutput } from '../../core/reconcile/report.ts';
import { counted } from '../../core/sentence.ts';
import { pausedText } from '../../core/write/pause.ts';
import { type Version, versionIn, versionOf } from '../../packaging/version.ts';
import { isDenied } from '../denied.ts';
import { presentIn } from '../executions/entries.ts';
import { Machines } from '../executions/machines.ts';
import { issuerAdvice, issuerSentence } from '../output/issuers.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';
import { Pauses } from '../settings/pauses.ts';

/** What was checked, what was found and, if there is a problem, what to do. */
export interface Check {
  check: string;
  /** unknown: it could not be checked. */
  status: 'ok' | 'warning' | 'failed' | 'unknown';
  found: string;
  /** What else was found, a line each. */
  more?: string[];
  todo?: string;
}

export const ok = (check: string, found: string): Check => ({ check, status: 'ok', found });

export const bad = (
  status: Exclude<Check['status'], 'ok'>,
  check: string,
  found: string,
  todo: string,
): Check => ({ check, status, found, todo });

/** Everything that was found, a line each. */
export const allFound = ({ found, more = [] }: Check): string[] => [found, ...more];

/** Runs checks, or reports why they could not run. A missing permission of the caller is not a failure. */
export async function runChecks(
  check: string,
  todo: string,
  look: () => Promise<Check[]>,
): Promise<Check[]> {
  try {
    return await look();
  } catch (error) {
    const { name, message } = error as Error;
    const found = `${name}: ${message}`;
    return isDenied(error)
      ? [bad('unknown', check, found, 'Ask for this permission, or ask someone who has it.')]
      : [bad('failed', check, found, todo)];
  }
}

export const AGAIN = 'Resolve what the message says, then check again.';

/** links.yml of this working copy. */
export const DEFAULT_FILE = fileURLToPath(new URL('../../links.yml', import.meta.url));

/** A check of links.yml that has found something in some of its lines. */
const badLines = (status: 'warning' | 'failed', lines: string[], todo: string): Check => {
  const [found = '', ...more] = lines;
  return { ...bad(status, 'links.yml', found, todo), ...(more.length > 0 && { more }) };
};

/** links.yml of the working copy, if it can be read. */
export async function checkLinks(file = DEFAULT_FILE): Promise<{ check: Check; links?: Links }> {
  // The parsers of YAML and JSON Schema take longer to load than everything else, and only this needs them.
  const { LinksFileError, readLinksFile } = await import(
    '../../packaging/links-file/links-file.ts'
  );
  try {
    const { links, warnings } = readLinksFile(file);
    const count = Object.keys(links).length;
    if (warnings.length > 0) {
      const todo = 'Correct these lines, unless they are meant as they are.';
      return { check: badLines('warning', warnings, todo), links };
    }
    if (count > 0)
      return {
        check: ok('links.yml', `${counted(count, 'link')}, well-formed`),
        links,
      };
    const todo = 'Add a link, and deploy. If another file was deployed, name it with --links.';
    return { check: bad('warning', 'links.yml', 'it has no link', todo), links };
  } catch (error) {
    if (!(error instanceof LinksFileError)) throw error;
    const todo = error.isRead ? 'Correct the file.' : 'Create it, or name another file.';
    return { check: badLines('failed', error.problems, todo) };
  }
}

const SIGN_IN =
  'Sign in to the account that Poolbridge is deployed to, or set AWS_PROFILE, and name its Region.';

/** The identity, account and Region of the caller. */
export const checkCredentials = (session: Session): Promise<Check[]> =>
  runChecks('credentials', SIGN_IN, async () => {
    const { arn, account, region } = await session.caller();
    return [ok('credentials', `${arn}, account ${account}, ${region}`)];
  });

/** What is deployed, as far as the links.yml here can tell. */
function versionCheck(deployed: Version | undefined, links: Links, deploy: string): Check {
  const check = 'deployed version';
  if (!deployed)
    return bad(
      'warning',
      check,
      'the deployment does not state its version',
      `Deploy again: ${deploy}`,
    );
  const here = versionOf(links);
  const different = [
    ...(deployed.links === here.links ? [] : ['links.yml']),
    ...(deployed.code === here.code ? [] : ['the code']),
  ];
  if (different.length === 0) return ok(check, 'links.yml and the code here are what is deployed');
  const found = `${different.join(' and ')} here ${different.length > 1 ? 'differ' : 'differs'} from what is deployed`;
  const newer =
    deployed.links === here.links
      ? 'Find out with git which is newer.'
      : 'If another links.yml was deployed, name it with --links. If not, find out with git which is newer.';
  return bad('warning', check, found, `${newer} To deploy what is here: ${deploy}`);
}

/** Whether Poolbridge is deployed, and whether links.yml and the code here are what is deployed. */
export const checkDeployed = (
  session: Session,
  stage: string,
  { links, deploy }: { links: Links | undefined; deploy: string },
): Promise<Check[]> => {
  const todo = `If it is deployed, name its stage, Region and account. If not: ${deploy}`;
  return runChecks('deployed', todo, async () => {
    const machines = new Machines(session, stage);
    const sfn = await session.stepFunctions();
    const stateMachineArn = await machines.arnOf('link');
    const { definition = '{}' } = await sfn.describeStateMachine({ stateMachineArn });
    const version = versionIn(String(JSON.parse(definition).Comment));
    return [
      ok('deployed', stateMachineArn),
      ...(links ? [versionCheck(version, links, deploy)] : []),
    ];
  });
};

/** Whether all writes are paused. */
export const checkPause = (session: Session, stage: string, terminal: Terminal): Promise<Check[]> =>
  runChecks('writes', AGAIN, async () => {
    const found = await new Pauses(session, stage).find();
    if (!found) return [ok('writes', 'not paused')];
    const todo = `When the reason is gone: ${terminal.commandLine('resume')}`;
    return [bad('warning', 'writes', `paused ${pausedText(found.pause)}`, todo)];
  });

/** How many entries there are, and how many more fit. */
export function quotaCheck(pool: PoolReport): Check {
  const { identityPoolId, counts, quota } = pool;
  const check = identityPoolId;
  const { missing } = counts;
  const present = presentIn(pool);
  if (quota === undefined)
    return ok(check, `its role can be assumed; ${counted(present, 'entry', 'entries')}`);
  const left = quota - present;
  const found = `its role can be assumed; ${present} of ${quota} entries, room for ${left}`;
  if (left > 0 && left >= missing) return ok(check, found);
  const short = missing > 0 ? `, and ${counted(missing, 'is', 'are')} missing` : '';
  const todo =
    'Unlink app clients that no longer exist, or raise the quota L-14403AD5 and set providerQuota.';
  return bad('warning', check, `${found}${short}`, todo);
}

/** What to do if an identity pool could not be checked. */
const todoAbout = ({ error }: { error: string }, deploy: string): string =>
  error === 'UnknownPoolFieldError'
    ? `Update Poolbridge; until then it writes nothing to this identity pool. If the newest version does not know the setting either, report an issue. To deploy the new version: ${deploy}`
    : 'The message says what to do.';

/** Whether the users of a user pool can sign in with the entries that its links write. */
function issuerCheck(issuer: PoolIssuer): Check {
  const todo = issuerAdvice(issuer);
  const found = issuerSentence(issuer);
  if (todo === undefined) return ok(issuer.userPoolId, found);
  return bad(issuer.issuer === 'unknown' ? 'unknown' : 'warning', issuer.userPoolId, found, todo);
}

/** Whether the role of each identity pool can be assumed, and how many more entries fit. */
export const checkPools = (
  session: Session,
  stage: string,
  { link, terminal, deploy }: { link: string | undefined; terminal: Terminal; deploy: string },
): Promise<Check[]> =>
  runChecks('identity pools', AGAIN, async () => {
    const machines = new Machines(session, stage);
    const execution = await machines.start('reconcile', { link, repair: false });
    const ending = await machines.follow(execution, terminal);
    const report: Partial<ReconcileOutput> = 'output' in ending ? ending.output : ending.report;
    if (!report.identityPools) {
      const { error, message } = 'error' in ending ? ending : { error: '', message: '' };
      return [
        bad(
          'failed',
          'identity pools',
          `${error}: ${message}`,
          `See the execution: ${terminal.commandLine(`show ${executionOf(execution).name}`)}`,
        ),
      ];
    }
    return report.identityPools.flatMap((pool) => {
      const { identityPoolId, failure } = pool;
      const failed = failure && `${failure.error}: ${failure.message}`;
      return [
        ...('counts' in pool ? [quotaCheck(pool), ...(pool.issuers ?? []).map(issuerCheck)] : []),
        ...(failed ? [bad('failed', identityPoolId, failed, todoAbout(failure, deploy))] : []),
      ];
    });
  });
