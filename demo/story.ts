import type { LocalAws } from 'embedded-aws';
import { Listr, type ListrTask, type ListrTaskWrapper } from 'listr2';
import { diff } from '../core/identity-pool/difference.ts';
import { parseIdentityPool } from '../core/identity-pool/identity-pool.ts';
import type { FaultyReport, Output, TargetReport } from '../core/request/outcome.ts';
import { A, Accounts, B, createIdentityPool, EXTERNAL_ID, ROLE_ARN } from './accounts.ts';
import { deployAccountB, deployService } from './deploy.ts';
import { type Drift, hurryRechecks, loss, recovery } from './drift.ts';
import { must } from './must.ts';
import { packagedService } from './package-cache.ts';
import type { Artifact } from './package-service.ts';

/** The name of the app client that is created in the story. */
export const NEW_CLIENT = 'ios';

type Written = Exclude<TargetReport, FaultyReport>;

/** What the steps of the story have found so far. */
export interface Told extends Drift {
  userPoolId: string;
  /** Of the link `customers`. */
  identityPoolId: string;
  artifact: Artifact;
  /** An app client from before Poolbridge, which is not linked. */
  oldClient: string;
  executionArn: string;
  output: Output;
  /** Of its results, the one about that identity pool. */
  result: Written;
}

const REFUSAL = 'Token is not from a supported provider of this identity pool.';

// The ids are always the same, so that the packaged service can be used again.
const USER_POOL = 'us-east-1_Customers';
const IDENTITY_POOL = 'ap-south-1:5a1e0c9d-3b52-4c7e-9f10-c0ffee15900d';
const MOBILE_POOL = 'ap-south-1:7b0e5a21-94d3-4f6a-8c1e-ba5eba11cafe';

/** The links.yml that is deployed in the story. */
export const LINKS = `links:
  customers:
    userPools: [${USER_POOL}]
    identityPool: ${IDENTITY_POOL}
    roleArn: ${ROLE_ARN}
    externalId: ${EXTERNAL_ID}
    onDelete: unlink
  mobile:
    userPools: [${USER_POOL}]
    clients: [${NEW_CLIENT}]
    identityPool: ${MOBILE_POOL}
    roleArn: ${ROLE_ARN}
    externalId: ${EXTERNAL_ID}
    onRemoved: restore
`;

const HOME_BUS = `arn:aws:events:${A.region}:${A.account}:event-bus/default`;

const steps = [
  ...['ResolveTargets', 'AssumeRole', 'DescribeIdentityPool', 'MergeProvider'],
  ...['UpdateIdentityPool', 'VerifyIdentityPool', 'ReportOutcome'],
];

const explained = new Map([
  ['ResolveTargets', 'which identity pools may this client reach?'],
  ['AssumeRole', 'does Account-B let us in?'],
  ['DescribeIdentityPool', 'the pool as it is'],
  ['MergeProvider', 'snapshot → changes'],
  ['UpdateIdentityPool', 'written onto what is there now, read back'],
  ['VerifyIdentityPool', 'our entry is there'],
  ['ReportOutcome', 'output, metrics, LinkFinished'],
]);

type Task = ListrTaskWrapper<Told, never, never>;

/** For each step, the execution that has done it; an error if that takes longer than `patience`. */
function watchSteps(local: LocalAws, patience: number) {
  const left = new Map(steps.map((name) => [name, Promise.withResolvers<string>()]));
  const give = (failure: Error) => {
    for (const each of left.values()) each.reject(failure);
  };
  const timer = setTimeout(() => {
    give(new Error(`The story went otherwise: the steps were not done within ${patience} ms.`));
  }, patience);
  const stop = local.aws.stateMachines.watch((executionArn, { type, details }) => {
    if (type === 'TaskStateExited') left.get(String(details?.['name']))?.resolve(executionArn);
    if (type === 'ExecutionFailed') {
      const failure = new Error(
        `The execution failed: ${details?.['error']} ${details?.['cause']}`,
      );
      for (const each of left.values()) each.reject(failure);
    }
  });
  for (const { promise } of left.values()) promise.catch(() => {});
  return {
    done: (name: string) => left.get(name)?.promise ?? Promise.resolve(''),
    stop() {
      clearTimeout(timer);
      stop();
    },
  };
}

/** Does something that CloudTrail does not report. */
async function withoutEvents<T>({ aws: { trail } }: LocalAws, act: () => Promise<T>): Promise<T> {
  const { enabled } = trail;
  trail.enabled = false;
  try {
    return await act();
  } finally {
    trail.enabled = enabled;
  }
}

/** Both accounts before anything is linked. Events about that could arrive once the service is deployed. */
function prepare(local: LocalAws, accounts: Accounts): ListrTask<Told>[] {
  return [
    {
      title: `Account-B (${B.account}, ${B.region}): two identity pools that others use`,
      async task(told) {
        await withoutEvents(local, async () => {
          told.identityPoolId = await createIdentityPool(local.aws, { ...B, id: IDENTITY_POOL });
          await createIdentityPool(local.aws, { ...B, id: MOBILE_POOL, roleName: 'mobile' });
        });
      },
    },
    {
      title: `Account-A (${A.account}, ${A.region}): a user pool with the user ada`,
      async task(told) {
        told.userPoolId = await accounts.createUserPool({ id: USER_POOL });
        told.oldClient = await withoutEvents(local, () =>
          accounts.createAppClient(told.userPoolId, 'web-before'),
        );
      },
    },
    {
      title: 'Ada signs in, and the identity pool refuses her',
      async task(told, task) {
        const token = await accounts.signIn(told.oldClient);
        const entry = accounts.enter(told.identityPoolId, token);
        const refusal = await entry.then(
          () => 'allowed',
          ({ message }: Error) => message,
        );
        must(refusal === REFUSAL, `the identity pool said "${refusal}"`);
        task.title = `Ada signs in: “${refusal}”`;
      },
    },
  ];
}

/** The service, packaged as for AWS and deployed to both accounts. */
function deploy(local: LocalAws, packaged: Promise<Artifact>): ListrTask<Told>[] {
  return [
    {
      title: 'The service is packaged with this links.yml, as for AWS',
      async task(told) {
        told.artifact = await packaged;
      },
    },
    {
      title: 'Both accounts get their stack: the service, and the role that it assumes',
      async task(told) {
        const { identityPoolId, artifact } = told;
        await deployAccountB(local.aws, B, {
          TrustedAccountId: A.account,
          IdentityPoolIds: [identityPoolId, MOBILE_POOL].join(','),
          ExternalId: EXTERNAL_ID,
          TellPoolChanges: 'true',
          HomeBusArn: HOME_BUS,
        });
        const outputs = await deployService(local.aws, A, artifact);
        told.reconcileArn = outputs['ReconcileStateMachineArn'] ?? '';
        hurryRechecks(local);
      },
    },
  ];
}

/** A new app client, which is linked by itself. */
function link(local: LocalAws, accounts: Accounts, patience: number): ListrTask<Told>[] {
  let watching: ReturnType<typeof watchSteps>;
  const eachStep = (task: Task) =>
    task.newListr(
      steps.map((name) => ({
        title: `${name.padEnd(20)} ${explained.get(name)}`,
        async task(told: Told) {
          told.executionArn = await watching.done(name);
        },
      })),
      { concurrent: true },
    );
  return [
    {
      title: 'An app client is created in Account-A, and nothing else is done',
      async task(told, task) {
        watching = watchSteps(local, patience);
        told.newClient = await accounts.createAppClient(told.userPoolId, NEW_CLIENT);
        task.title = `An app client is created, and nothing else: ${told.newClient}`;
      },
    },
    {
      title: 'CloudTrail tells EventBridge, whose rule starts the state machine',
      task: (_, task) => eachStep(task as unknown as Task),
    },
    {
      title: 'Each identity pool has one more entry, and nothing else changed',
      async task(told) {
        watching.stop();
        told.output = await accounts.outputOf(told.executionArn);
        told.linked = Date.now();
        const { results } = told.output;
        must(results.length === 2, `there are ${results.length} results`);
        for (const result of results) {
          if (result.outcome !== 'LINKED') throw new Error(JSON.stringify(result));
          const now = parseIdentityPool(await accounts.describe(result.identityPoolId));
          must(diff(result.after, now).length === 0, 'the pool is not as the output says');
          const differences = diff(result.before, now);
          must(differences.length === 1, `${differences.length} things differ`);
          must(differences[0]?.member === 'CognitoIdentityProviders', 'something else differs');
          if (result.identityPoolId === told.identityPoolId) told.result = result;
        }
      },
    },
    {
      title: 'Ada signs in with the new client, and gets credentials of Account-B',
      async task(told, task) {
        const token = await accounts.signIn(told.newClient);
        const { arn } = await accounts.enter(told.identityPoolId, token);
        must(arn.startsWith(`arn:aws:sts::${B.account}:assumed-role/customer/`), `she is ${arn}`);
        task.title = 'Ada signs in with the new client, and gets credentials of the role customer';
      },
    },
  ];
}

/** What happens to links later: app clients are deleted, and events get lost. */
function live(local: LocalAws, accounts: Accounts): ListrTask<Told>[] {
  return [
    {
      title: 'An app client is created and linked, then deleted: its entry goes by itself',
      async task({ userPoolId, identityPoolId }) {
        const client = await accounts.createAppClient(userPoolId, 'campaign');
        await accounts.seesEntry(identityPoolId, client, true);
        await accounts.deleteAppClient(userPoolId, client);
        await accounts.seesEntry(identityPoolId, client, false);
      },
    },
    {
      title: 'An event is lost; reconcile finds the app client',
      async task({ userPoolId, identityPoolId, oldClient, reconcileArn }, task) {
        const lost = await withoutEvents(local, () =>
          accounts.createAppClient(userPoolId, 'kiosk'),
        );
        // Only this link: the other identity pool has lost an entry by now, and a recheck is to restore it.
        const { missing, repaired } = await accounts.reconcile(reconcileArn, 'customers');
        must(missing === 2 && repaired?.linked === 2, `${missing} were missing`);
        for (const client of [lost, oldClient])
          await accounts.seesEntry(identityPoolId, client, true);
        task.title = 'An event is lost; reconcile links the app client, and the one from before';
      },
    },
  ];
}

/**
 * Does the real job from beginning to end, and checks each step.
 *
 * @param options.patience how long the steps of the workflow may take, in milliseconds.
 * @param options.silent whether to print nothing.
 * @throws if a step does not do what the story says.
 */
export async function tell(
  local: LocalAws,
  { patience = 30_000, silent = false } = {},
): Promise<Told> {
  const accounts = new Accounts(local.endpoint);
  // In another process, while the accounts are prepared here.
  const packaged = packagedService(LINKS, 'dev', { forwardingAccounts: B.account });
  packaged.catch(() => {});
  const tasks = [
    ...prepare(local, accounts),
    ...deploy(local, packaged),
    ...link(local, accounts, patience),
    loss<Told>(accounts, MOBILE_POOL),
    ...live(local, accounts),
    ...recovery<Told>(accounts, MOBILE_POOL),
  ];
  const list = new Listr<Told>(tasks, {
    silentRendererCondition: silent,
    registerSignalListeners: false,
    rendererOptions: { collapseSubtasks: false, collapseErrors: false },
  });
  const told = {} as Told;
  try {
    return await list.run(told);
  } catch (error) {
    (told as Partial<Told>).artifact?.remove();
    throw error;
  }
}
