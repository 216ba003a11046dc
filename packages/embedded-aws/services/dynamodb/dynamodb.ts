import type { Server } from 'node:http';
import dynalite from 'dynalite';
import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { AwsError } from '../../kernel/errors.ts';
import type { Service } from '../../kernel/service.ts';
import { KeyThroughput } from './key-throughput.ts';

interface StoreAnswer {
  __type?: string;
  message?: string;
  Message?: string;
  Table?: { TableStatus: string };
  ConsumedCapacity?: { CapacityUnits: number };
}

interface Table {
  TableName: string;
  KeySchema: { AttributeName: string; KeyType: string }[];
}

type Attributes = Record<string, { S?: string; N?: string }>;

interface KeyedInput {
  TableName?: string;
  Item?: Attributes;
  Key?: Attributes;
  KeyConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Attributes;
}

/** The partition key value of a query. DynamoDB compares it only for equality. */
function queriedKey(
  { KeyConditionExpression = '', ...input }: KeyedInput,
  partitionKey: string,
): Attributes[string] | undefined {
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = input;
  const comparisons = [...KeyConditionExpression.matchAll(/([#\w.-]+)\s*=\s*(:\w+)/g)];
  const found = comparisons.find(([, name = '']) => (names[name] ?? name) === partitionKey);
  return values[found?.[2] ?? ''];
}

/** Sends a request to a store without a socket. */
function askStore(store: Server, operation: string, input: object) {
  return new Promise<{ status: number; answer: StoreAnswer }>((resolve) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': 'x',
      authorization:
        'AWS4-HMAC-SHA256 Credential=x/x/x/dynamodb/aws4_request, SignedHeaders=x, Signature=x',
    };
    const listeners = new Map<string, (data?: Buffer) => void>();
    const request = {
      method: 'POST',
      url: '/',
      headers,
      on: (event: string, listener: () => void) => listeners.set(event, listener),
      removeAllListeners() {},
    };
    const response = {
      statusCode: 200,
      setHeader() {},
      end(body: string) {
        resolve({ status: this.statusCode, answer: JSON.parse(body) });
      },
    };
    store.emit('request', request, response);
    listeners.get('data')?.(Buffer.from(JSON.stringify(input)));
    listeners.get('end')?.();
  });
}

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items
const MOST_BYTES = 400 * 1024;

/**
 * Refuses an item larger than 400 KB. DynamoDB counts bytes in UTF-8, but the store counts in UTF-16. The store
 * checks items that grow by an update.
 *
 * @throws AwsError ValidationException
 */
function checkSize({ Item = {} }: KeyedInput): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(Item)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value.S ?? '');
  }
  if (bytes <= MOST_BYTES) return;
  throw new AwsError('ValidationException', 'Item size has exceeded the maximum allowed size');
}

/** The tables, in one store in memory per account and Region. */
class Tables {
  readonly #stores = new Map<string, Server>();
  /** The names of the partition keys, by table name. */
  readonly #partitionKeys = new Map<string, string>();

  #store({ account, region }: Pick<Call, 'account' | 'region'>): Server {
    const key = `${account} ${region}`;
    const store =
      this.#stores.get(key) ?? dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    this.#stores.set(key, store);
    return store;
  }

  /** Creates a table, and waits until it is active. */
  async create(where: Pick<Call, 'account' | 'region'>, table: Table) {
    const { TableName, KeySchema } = table;
    const { AttributeName = '' } = KeySchema.find(({ KeyType }) => KeyType === 'HASH') ?? {};
    this.#partitionKeys.set(TableName, AttributeName);
    await this.ask(where, 'CreateTable', table);
    for (;;) {
      const { Table } = await this.ask(where, 'DescribeTable', { TableName });
      if (Table?.TableStatus === 'ACTIVE') return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /**
   * The condition key dynamodb:LeadingKeys: the partition key of a request. A scan has none, so it gets a value that
   * no policy names.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
   */
  leadingKeys(input: KeyedInput): string[] {
    const { TableName = '', Item, Key = Item } = input;
    const partitionKey = this.#partitionKeys.get(TableName) ?? '';
    const value = Key?.[partitionKey] ?? queriedKey(input, partitionKey);
    return [value?.S ?? value?.N ?? '(not judged here)'];
  }

  /** @throws AwsError that DynamoDB answers. */
  async ask(where: Pick<Call, 'account' | 'region'>, operation: string, input: object) {
    if (operation === 'PutItem') checkSize(input);
    const { status, answer } = await askStore(this.#store(where), operation, input);
    if (status === 200) return answer;
    const code = answer.__type?.split('#').at(-1) ?? 'InternalFailure';
    throw new AwsError(code, answer.message ?? answer.Message ?? '', status, answer);
  }
}

const itemOperations = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan'];
const tableOperations = ['DescribeTable', 'DeleteTable'];

function start(aws: Aws): Service {
  const tables = aws.state(Tables);
  const judge = ({ input, partition, region, account }: Call) => ({
    resource: `arn:${partition}:dynamodb:${region}:${account}:table/${input['TableName']}`,
    context: { 'dynamodb:LeadingKeys': tables.leadingKeys(input) },
  });
  const run = (call: Call) => tables.ask(call, call.operation, call.input);
  const throughput = new KeyThroughput();
  /** As `run`, within the throughput of one partition key. */
  const runPaced = async (call: Call) => {
    const { input, operation, account, region } = call;
    // A scan reads many partitions, so no single key's throughput applies.
    if (!aws.throttle.enabled || operation === 'Scan') return run(call);
    const [partitionKey] = tables.leadingKeys(input);
    const key = `${account} ${region} ${input['TableName']} ${partitionKey}`;
    const kind = operation === 'GetItem' || operation === 'Query' ? 'read' : 'write';
    throughput.admit(key, kind);
    const counted = { ...input, ReturnConsumedCapacity: 'TOTAL' };
    const { ConsumedCapacity, ...answer } = await tables.ask(call, operation, counted);
    throughput.consume(key, kind, ConsumedCapacity?.CapacityUnits ?? 1);
    return input['ReturnConsumedCapacity'] === undefined ? answer : { ...answer, ConsumedCapacity };
  };
  const onItems = itemOperations.map((name) => [name, { judge, run: runPaced }]);
  const onTables = tableOperations.map((name) => [name, { judge, run }]);
  return {
    operations: { ...Object.fromEntries([...onItems, ...onTables]), ListTables: { run } },
    resources: {
      'AWS::DynamoDB::Table': {
        properties: [
          ...['TableName', 'AttributeDefinitions', 'KeySchema', 'BillingMode', 'SSESpecification'],
          ...['PointInTimeRecoverySpecification', 'TimeToLiveSpecification'],
          'DeletionProtectionEnabled',
        ],
        async create(properties, { account, region, partition, stack, logicalId }) {
          const TableName = String(properties['TableName'] ?? `${stack}-${logicalId}`);
          const { AttributeDefinitions } = properties;
          const KeySchema = properties['KeySchema'] as Table['KeySchema'];
          // TTL is not implemented: items stay until deleted.
          const table = {
            TableName,
            AttributeDefinitions,
            KeySchema,
            BillingMode: 'PAY_PER_REQUEST',
          };
          await tables.create({ account, region }, table);
          const Arn = `arn:${partition}:dynamodb:${region}:${account}:table/${TableName}`;
          return { ref: TableName, attributes: { Arn } };
        },
      },
    },
  };
}

/** Amazon DynamoDB, implemented by dynalite. */
export const dynamodb = {
  name: 'dynamodb',
  json: {
    targets: ['DynamoDB_20120810'],
    client: '@aws-sdk/client-dynamodb',
  },
  // DynamoDB limits capacity units per partition key instead of requests: see key-throughput.ts.
  state: { tables: Tables },
  start,
} as const satisfies ServiceDefinition;
