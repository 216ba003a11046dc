import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import type { Aws, Call, Service } from '../kernel/aws.ts';
import { AwsError } from '../kernel/errors.ts';

/** The tables of each account and Region, each of those a store of its own. */
export class Tables {
  readonly #stores = new Map<string, Promise<Server>>();

  async #store(account: string, region: string): Promise<string> {
    const key = `${account} ${region}`;
    const starting =
      this.#stores.get(key) ??
      new Promise<Server>((resolve) => {
        const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
    this.#stores.set(key, starting);
    const { port } = (await starting).address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Passes a call on to the store, which speaks DynamoDB's own protocol. */
  async ask(where: Pick<Call, 'account' | 'region'>, operation: string, input: object) {
    const response = await fetch(await this.#store(where.account, where.region), {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        authorization:
          'AWS4-HMAC-SHA256 Credential=x/x/x/dynamodb/aws4_request, SignedHeaders=x, Signature=x',
        'x-amz-date': 'x',
      },
      body: JSON.stringify(input),
    });
    const answer = (await response.json()) as {
      __type?: string;
      message?: string;
      Message?: string;
    };
    if (response.ok) return answer;
    const code = answer.__type?.split('#').at(-1) ?? 'InternalFailure';
    throw new AwsError(code, answer.message ?? answer.Message ?? '', response.status, answer);
  }

  async close(): Promise<void> {
    const servers = await Promise.all(this.#stores.values());
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

const itemOperations = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan'];
const tableOperations = ['DescribeTable', 'DeleteTable'];

/** Amazon DynamoDB, by way of dynalite. */
export function dynamodb(aws: Aws): Service {
  const judge = ({ input, partition, region, account }: Call) => ({
    resource: `arn:${partition}:dynamodb:${region}:${account}:table/${input['TableName']}`,
  });
  const run = (call: Call) => aws.tables.ask(call, call.operation, call.input);
  const operations = [...itemOperations, ...tableOperations].map((name) => [name, { judge, run }]);
  return {
    operations: { ...Object.fromEntries(operations), ListTables: { run } },
    resources: {
      'AWS::DynamoDB::Table': {
        properties: [
          ...['TableName', 'AttributeDefinitions', 'KeySchema', 'BillingMode', 'SSESpecification'],
          ...['PointInTimeRecoverySpecification', 'TimeToLiveSpecification'],
          'DeletionProtectionEnabled',
        ],
        async create(properties, { account, region, partition, stack, logicalId }) {
          const TableName = String(properties['TableName'] ?? `${stack}-${logicalId}`);
          const { AttributeDefinitions, KeySchema } = properties;
          // What expires here expires by its own time, never by TTL: items stay until deleted.
          const table = {
            TableName,
            AttributeDefinitions,
            KeySchema,
            BillingMode: 'PAY_PER_REQUEST',
          };
          await aws.tables.ask({ account, region }, 'CreateTable', table);
          const Arn = `arn:${partition}:dynamodb:${region}:${account}:table/${TableName}`;
          return { ref: TableName, attributes: { Arn } };
        },
      },
    },
  };
}
