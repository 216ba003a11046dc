import type { SFN } from '@aws-sdk/client-sfn';
import { inParallel } from '../../aws/pace/in-parallel.ts';
import { isDenied } from '../../cli/denied.ts';
import { waitingIn } from '../../cli/executions/approvals.ts';
import { historyOf } from '../../cli/executions/history.ts';
import { nowIn } from '../../cli/executions/machines.ts';
import type { Session } from '../../cli/session.ts';
import type { Abilities } from './abilities.ts';
import { Kept } from './kept.ts';
import type { Row } from './protocol.ts';

// The current state is read for this many running executions at each refresh, in turn.
const AT_A_TIME = 5;

// The current state of this many running executions is kept.
const KEPT = 100;

/** Where a running execution is. */
interface At {
  state: string;
  /** The id of its last event. */
  event: number;
  /** The identity pools in which it waits for approval. */
  waitsIn?: string[];
}

/** @param known where it was before: its whole history is read only if it waits and has gone on since. */
async function atNow(sfn: SFN, execution: string, known: At | undefined): Promise<At> {
  const now = await nowIn(sfn, execution);
  if (now.state !== 'RequestApproval') return now;
  if (known?.event === now.event && known.waitsIn) return known;
  const waiting = waitingIn(await historyOf(sfn, execution));
  return { ...now, waitsIn: waiting.map(({ identityPoolId }) => identityPoolId) };
}

export const isRunning = ({ status }: Row): boolean => status === 'RUNNING';

/** The current states of running executions. */
export class Following {
  readonly #session: Session;
  readonly #abilities: Abilities;
  readonly #at = new Kept<At>(KEPT);
  #mayFollow = true;

  constructor(session: Session, abilities: Abilities) {
    this.#session = session;
    this.#abilities = abilities;
  }

  /** Reads the current state of some running executions: of those that were not read yet, or longest ago. */
  async read(rows: Row[]): Promise<void> {
    if (!this.#mayFollow) return;
    const running = new Set(rows.filter(isRunning).map(({ execution }) => execution));
    const known = [...this.#at.all.keys()];
    const unread = [...running].filter((execution) => !known.includes(execution));
    const read = known.filter((execution) => running.has(execution));
    await inParallel([...unread, ...read].slice(0, AT_A_TIME), async (execution) => {
      const sfn = await this.#session.stepFunctions();
      const at = await atNow(sfn, execution, this.#at.get(execution)).catch((error) =>
        this.#unread(error),
      );
      this.#at.set(execution, at);
    });
  }

  /** Without the permission to read histories, an execution is shown as running, which it is. */
  #unread(error: Error): At {
    if (!isDenied(error)) throw error;
    this.#mayFollow = false;
    this.#abilities.record('seeStates', error);
    return { state: '', event: 0 };
  }

  /** The current state of an execution, while it runs. */
  of(row: Row): Pick<Row, 'at' | 'waitsIn'> {
    const { state, waitsIn } = (isRunning(row) && this.#at.get(row.execution)) || {};
    return { ...(state && { at: state }), ...(waitsIn && { waitsIn }) };
  }
}
