import type { EmbeddedAws } from 'embedded-aws';
import type { Call } from 'embedded-aws/kernel/call.ts';
import type { VirtualClock } from './clock.ts';

const READS = ['GetItem', 'Query'];
const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem'];

interface Answer {
  ConsumedCapacity?: { CapacityUnits: number };
}

const keyIn = ({ input }: Call): string => {
  const {
    Key,
    Item = Key,
    ExpressionAttributeValues: values = {},
  } = input as Record<string, Record<string, { S?: string }>>;
  return (Item?.['pk'] ?? values[':pk'])?.S ?? '';
};

/** How much of the throughput of one partition key is used. DynamoDB limits it to capacity units per second. */
export class TableLoad {
  /** How many calls DynamoDB refused because of it. */
  refused = 0;
  readonly #units = new Map<string, number>();

  /** Counts every call of a table from now on. */
  watch({ services }: EmbeddedAws, clock: VirtualClock): void {
    const { operations } = services.get('dynamodb') ?? {};
    if (!operations) throw new Error('There are no tables.');
    for (const name of [...READS, ...WRITES]) {
      const operation = operations[name];
      if (!operation) throw new Error(`The embedded DynamoDB has no ${name}.`);
      const kind = READS.includes(name) ? 'reads' : 'writes';
      const run = async (call: Call) => {
        const second = Math.floor(clock.elapsed / 1000);
        try {
          const input = { ...call.input, ReturnConsumedCapacity: 'TOTAL' };
          const answer = (await operation.run({ ...call, input })) as Answer;
          const key = `${kind} ${second} ${keyIn(call)}`;
          const units = answer.ConsumedCapacity?.CapacityUnits ?? 0;
          this.#units.set(key, (this.#units.get(key) ?? 0) + units);
          return answer;
        } catch (error) {
          if (error instanceof Error && error.name === 'ThrottlingException') this.refused++;
          throw error;
        }
      };
      operations[name] = { ...operation, run };
    }
  }

  /** The most units that one partition key used within a second. */
  most(kind: 'reads' | 'writes'): number {
    const all = [...this.#units].filter(([key]) => key.startsWith(`${kind} `));
    return Math.max(0, ...all.map(([, units]) => units));
  }
}
