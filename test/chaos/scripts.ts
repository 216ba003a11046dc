import type { Script } from './script.ts';
import { commonWriteScripts } from './scripts/common.ts';
import { doubtScripts } from './scripts/doubt.ts';
import { driftScripts } from './scripts/drift.ts';
import { issuerScripts } from './scripts/issuer.ts';
import { judgingScripts } from './scripts/judging.ts';
import { leaseScripts } from './scripts/lease.ts';
import { ledgerScripts } from './scripts/ledger.ts';
import { marksScripts } from './scripts/marks.ts';
import { readingBackScripts } from './scripts/reading-back.ts';
import { repairScripts } from './scripts/repairs.ts';
import { restoringScripts } from './scripts/restoring.ts';
import { settlingScripts } from './scripts/settling.ts';
import { targetScripts } from './scripts/targets.ts';
import { waitingScripts } from './scripts/waiting.ts';

/** All scripts, each with the mistakes that it detects. */
export const scripts: Script[] = [
  ...leaseScripts,
  ...waitingScripts,
  ...judgingScripts,
  ...issuerScripts,
  ...commonWriteScripts,
  ...settlingScripts,
  ...ledgerScripts,
  ...doubtScripts,
  ...readingBackScripts,
  ...marksScripts,
  ...targetScripts,
  ...repairScripts,
  ...driftScripts,
  ...restoringScripts,
];
