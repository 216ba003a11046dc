import type { EmbeddedAws } from 'embedded-aws';
import type { EntryRemoved } from '../../core/reconcile/removed.ts';
import type { Restore } from '../../core/reconcile/restore.ts';

/** One run of ReconcileIdentityPool. Times are in milliseconds. */
export interface Look {
  execution: string;
  poolId: string;
  from: number;
  to: number;
  /** Whether it ended without an error. */
  isDone: boolean;
}

interface PutInput {
  Item?: Record<string, { S?: string }>;
}

interface Payload {
  execution?: string;
  identityPool?: { identityPoolId?: string };
}

/** What was restored, and when which identity pool was looked at, for the judge. */
export class DriftRecords {
  readonly #now: () => number;
  /** The last note about the restores of an entry, by identity pool and entry. */
  readonly restores = new Map<string, Restore>();
  readonly looks: Look[] = [];
  /** When an event last asked for a recheck of an identity pool. */
  readonly asked = new Map<string, number>();
  /** The events about entries that others removed. */
  readonly removed: EntryRemoved[] = [];

  /** @param now the time of the seed, in milliseconds. */
  constructor(aws: EmbeddedAws, now: () => number) {
    this.#now = now;
    this.#watchTable(aws);
    this.#watchFunctions(aws);
    const accept = aws.buses.accept.bind(aws.buses);
    aws.buses.accept = (bus, event, forwarded) => {
      if (event['detail-type'] === 'EntryRemoved') this.removed.push(event.detail as EntryRemoved);
      accept(bus, event, forwarded);
    };
  }

  #watchTable({ tables }: EmbeddedAws): void {
    const ask = tables.ask.bind(tables);
    tables.ask = async (where, operation, input) => {
      const answer = await ask(where, operation, input);
      if (operation === 'PutItem') this.#put(input as PutInput);
      return answer;
    };
  }

  #put({ Item = {} }: PutInput): void {
    const { pk, sk, body } = Item;
    const [kind, name, clientId] = sk?.S?.split('#') ?? [];
    if (kind !== 'restore') return;
    this.restores.set(`${pk?.S} ${name} ${clientId}`, JSON.parse(body?.S ?? '') as Restore);
  }

  #watchFunctions({ functions }: EmbeddedAws): void {
    const invoke = functions.invoke.bind(functions);
    functions.invoke = async (fn, payload) => {
      const from = this.#now();
      const answer = await invoke(fn, payload);
      const isDone = answer.functionError === undefined;
      if (fn.name.endsWith('-ReconcileIdentityPool')) {
        const { execution = '', identityPool } = JSON.parse(payload) as Payload;
        const poolId = identityPool?.identityPoolId ?? '';
        this.looks.push({ execution, poolId, from, to: this.#now(), isDone });
      }
      if (fn.name.endsWith('-NoteChange') && isDone) {
        const { identityPoolId } = JSON.parse(answer.payload) as { identityPoolId?: string };
        if (identityPoolId !== undefined) this.asked.set(identityPoolId, from);
      }
      return answer;
    };
  }
}
