import { createRequire } from 'node:module';
import type { $SchemaRef, StaticOperationSchema } from '@smithy/types';
import { enforceRequired } from './constraints.ts';
import { AwsError } from './errors.ts';
import type { Decoded } from './protocol.ts';
import type { Service } from './service.ts';

const require = createRequire(import.meta.url);

function isOperation(value: unknown): value is StaticOperationSchema {
  return Array.isArray(value) && value[0] === 9;
}

// Every call asks, and Node looks for a package on disk each time.
const models = new Map<string, Record<string, unknown>>();

/** An operation of AWS's model; undefined if AWS has no operation of that name. */
function operationOf(client: string, name: string): StaticOperationSchema | undefined {
  // Loaded on the first call of the service: loading a client takes tens of milliseconds.
  const model: Record<string, unknown> = models.get(client) ?? require(client);
  models.set(client, model);
  const member = `${name}$`;
  const found = Object.hasOwn(model, member) ? model[member] : undefined;
  return isOperation(found) ? found : undefined;
}

const serialization = (message: string): AwsError =>
  new AwsError('SerializationException', message);

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

type Fields = Record<string, unknown>;

/** Reads one input by the model: checks the types of members and collects absent required members. */
class Reader {
  /** Required members that are absent, by path as AWS writes it. */
  readonly absent: string[] = [];

  /** The value with only the members of the model: AWS JSON ignores others. */
  read(schema: $SchemaRef, value: unknown, path: string): unknown {
    const shape = typeof schema === 'function' ? schema() : schema;
    if (typeof shape === 'number') return this.#simple(shape, value, path);
    if (!Array.isArray(shape)) throw new Error(`The model has an unknown shape at ${path}.`);
    // A member with its own traits is a pair of schema and traits.
    if (shape.length === 2) return this.read(shape[0], value, path);
    switch (shape[0]) {
      case 0:
        return this.read(shape[4], value, path);
      case 1:
        return this.#list(shape[4], value, path);
      case 2:
        return this.#map(shape[5], value, path);
      case 3:
        return this.#structure(value, path, {
          names: shape[4],
          schemas: shape[5],
          required: shape[6] ?? 0,
        });
      case 4:
        return this.#structure(value, path, { names: shape[4], schemas: shape[5], required: 0 });
      default:
        throw new Error(`The model has an unknown shape at ${path}.`);
    }
  }

  // https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
  #simple(shape: number, value: unknown, path: string): unknown {
    if (shape & 128) return this.#map(shape - 128, value, path);
    if (shape & 64) return this.#list(shape - 64, value, path);
    switch (shape) {
      case 1:
        return scalar(value, 'number', 'Number');
      case 2:
        return scalar(value, 'boolean', 'Boolean');
      // Timestamps are numbers or strings, depending on their traits.
      case 4:
      case 5:
      case 6:
      case 7:
        return typeof value === 'number' ? value : scalar(value, 'string', 'Timestamp');
      case 15:
        return value;
      default:
        return scalar(value, 'string', 'String');
    }
  }

  #list(item: $SchemaRef, value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) throw unexpected(value, 'a list');
    return value.map((each, i) => this.#item(item, each, `${path}.${i + 1}.member`));
  }

  #map(item: $SchemaRef, value: unknown, path: string): Fields {
    return Object.fromEntries(
      Object.entries(fieldsOf(value, 'a map')).map(([key, each]) => [
        key,
        this.#item(item, each, `${path}.${key}.member`),
      ]),
    );
  }

  #item(schema: $SchemaRef, value: unknown, path: string): unknown {
    if (value !== null) return this.read(schema, value, path);
    this.absent.push(path);
    return value;
  }

  #structure(
    value: unknown,
    path: string,
    { names, schemas, required }: { names: string[]; schemas: $SchemaRef[]; required: number },
  ): Fields {
    const fields = fieldsOf(value, 'a structure');
    const read: [string, unknown][] = [];
    for (const [i, name] of names.entries()) {
      const schema = schemas[i];
      const at = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`;
      const member = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (member !== undefined && member !== null && schema !== undefined) {
        read.push([name, this.read(schema, member, at)]);
      } else if (i < required) {
        // The model lists required members first.
        this.absent.push(at);
      }
    }
    return Object.fromEntries(read);
  }
}

// The messages of AWS, as users report them.
function unexpected(value: unknown, wanted: string): AwsError {
  if (Array.isArray(value)) return serialization('Start of list found where not expected');
  if (typeof value === 'object') {
    return serialization('Start of structure or map found where not expected');
  }
  return serialization(`Unexpected ${typeof value} where ${wanted} is expected`);
}

function scalar(value: unknown, type: string, name: string): unknown {
  if (typeof value === type) return value;
  if (typeof value === 'object') throw unexpected(value, name);
  throw serialization(`${(typeof value).toUpperCase()}_VALUE can not be converted to a ${name}`);
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldsOf(value: unknown, wanted: string): Fields {
  if (isFields(value)) return value;
  throw unexpected(value, wanted);
}

/**
 * The input schema of the called operation, from the model in an SDK client.
 *
 * @throws AwsError UnknownOperationException if AWS has no operation of that name.
 */
function schemaOf({ service, operation }: Pick<Decoded, 'service' | 'operation'>, client: string) {
  const found = operationOf(client, operation);
  if (found) return found[4];
  throw new AwsError('UnknownOperationException', `${service} has no operation of that name.`);
}

/**
 * Reads the input of a call as AWS does before it runs an operation. Refuses members with a wrong type and absent
 * required members. Only AWS JSON has types; members of other protocols are strings.
 *
 * @param client the SDK package with AWS's model of the service, if the service speaks AWS JSON.
 * @param service undefined if the embedded AWS does not have the service.
 * @returns the input with only the members of the model; unchanged if the service lacks the operation.
 * @throws AwsError UnknownOperationException, SerializationException, or the service's error for absent members.
 * @see https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
export function readInput(
  decoded: Decoded,
  client: string | undefined,
  service: Service | undefined,
): Fields {
  const { operation, input } = decoded;
  if (client === undefined) return input;
  const schema = schemaOf(decoded, client);
  if (!service || !Object.hasOwn(service.operations, operation)) return input;
  const reader = new Reader();
  const read = fieldsOf(reader.read(schema, input, ''), 'a structure');
  if (reader.absent.length > 0) (service.refuseAbsent ?? enforceRequired)(reader.absent);
  return read;
}
