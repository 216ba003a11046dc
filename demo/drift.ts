import type { LocalAws } from 'embedded-aws';
import type { ListrTask } from 'listr2';
import { type Accounts, B } from './accounts.ts';
import { must } from './must.ts';

/** What the steps about drift know and find. */
export interface Drift {
  /** The app client that loses its entry. */
  newClient: string;
  /** A moment after it was linked, in epoch milliseconds. */
  linked: number;
  /** When its entry was removed, in epoch milliseconds. */
  removed: number;
  /** Of the state machine that reconciles. */
  reconcileArn: string;
}

/** Lets rechecks begin after 0.3 seconds. The service waits ten, so that one recheck sees several changes. */
export function hurryRechecks({ aws }: LocalAws): void {
  for (const { environment } of aws.functions.all()) {
    if (environment['RECHECK_WAIT_SECONDS']) environment['RECHECK_WAIT_SECONDS'] = '0.3';
  }
}

/** Someone in Account-B changes an identity pool, and an entry is lost. */
export function loss<T extends Drift>(accounts: Accounts, identityPoolId: string): ListrTask<T> {
  return {
    title: 'In Account-B, someone changes the pool of mobile, and loses the entry of ios',
    async task(drift) {
      const { newClient, linked } = drift;
      // CloudTrail has no fractions of a second. Only an update in a later one certainly came after the link.
      const wait = Math.max(0, linked + 1000 - Date.now());
      await new Promise((resolve) => setTimeout(resolve, wait));
      await accounts.overwrite(identityPoolId, newClient);
      drift.removed = Date.now();
    },
  };
}

/** A recheck brings the entry back, and names who removed it. */
export function recovery<T extends Drift>(
  accounts: Accounts,
  identityPoolId: string,
): ListrTask<T>[] {
  return [
    {
      title: 'CloudTrail tells Poolbridge, and a recheck restores the entry',
      async task({ newClient, removed }, task) {
        await accounts.seesEntry(identityPoolId, newClient, true);
        const seconds = ((Date.now() - removed) / 1000).toFixed(1);
        task.title = `A recheck restores the entry of ios after ${seconds} s (on AWS, it first waits 10 s)`;
        const { AllowUnauthenticatedIdentities: isOn } = await accounts.describe(identityPoolId);
        must(isOn === false, 'the change of the guest access was lost');
      },
    },
    {
      title: 'The recheck names who removed it',
      async task({ newClient, reconcileArn }, task) {
        const { identityPools } = await accounts.recheck(reconcileArn);
        const entry = identityPools
          .flatMap(({ entries }) => entries)
          .find(({ clientId }) => clientId === newClient);
        must(entry?.restored === true, 'the recheck did not restore the entry');
        const who = entry?.removedBy?.principalArn;
        must(who === `arn:aws:iam::${B.account}:root`, `it was removed by ${who}`);
        task.title = `The recheck names who removed it: ${who}`;
      },
    },
  ];
}
