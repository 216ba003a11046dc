import { createHash, randomUUID } from 'node:crypto';
import type { PolicyDocument } from '../../kernel/iam.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html */
export interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  /** In base64, as the JSON protocol carries it. */
  BinaryValue?: string;
}

export type MessageAttributes = Record<string, MessageAttribute>;

export interface Message {
  id: string;
  body: string;
  attributes: MessageAttributes;
  sender: string;
  sent: number;
  visibleAt: number;
  receives: number;
  firstReceived?: number;
  /** The handle of the last receipt. Earlier handles no longer delete the message. */
  receipt?: string;
}

export const md5 = (data: string | Buffer): string => createHash('md5').update(data).digest('hex');

const sized = (data: string | Buffer): Buffer => {
  const bytes = Buffer.from(data);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
};

/**
 * The digest that SDKs verify.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
 *
 * @returns undefined without attributes.
 */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  const parts = entries.flatMap(([name, { DataType, StringValue, BinaryValue }]) => {
    const binary = BinaryValue !== undefined;
    const value = binary ? Buffer.from(BinaryValue, 'base64') : (StringValue ?? '');
    return [sized(name), sized(DataType), Buffer.of(binary ? 2 : 1), sized(value)];
  });
  return md5(Buffer.concat(parts));
}

/** The default attributes of a queue. */
const defaults = {
  VisibilityTimeout: '30',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};

/** One standard queue: its settings and its messages. */
export class Queue {
  readonly arn: string;
  readonly name: string;
  readonly account: string;
  policy: PolicyDocument | undefined;
  purged = Number.NEGATIVE_INFINITY;
  readonly #created = Date.now();
  #modified = Date.now();
  readonly #settings = new Map<string, string>(Object.entries(defaults));
  #messages: Message[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(arn: string) {
    this.arn = arn;
    const [, , , , account = '', name = ''] = arn.split(':');
    this.account = account;
    this.name = name;
  }

  /** Changes settings, which must have been checked. An empty value removes a setting. */
  configure(settings: Record<string, string>, policy?: PolicyDocument): void {
    for (const [name, value] of Object.entries(settings)) {
      if (value === '') this.#settings.delete(name);
      else this.#settings.set(name, value);
    }
    if (settings['Policy'] !== undefined) this.policy = policy;
    if (settings['KmsMasterKeyId']) this.#settings.set('SqsManagedSseEnabled', 'false');
    this.#modified = Date.now();
  }

  setting(name: string): string | undefined {
    return this.#settings.get(name);
  }

  seconds(name: string): number {
    return Number(this.#settings.get(name) ?? 0);
  }

  /** All attributes that GetQueueAttributes returns. */
  attributes(): Record<string, string> {
    this.#expire();
    const now = Date.now();
    const hidden = this.#messages.filter(({ visibleAt }) => visibleAt > now);
    const inFlight = hidden.filter(({ receives }) => receives > 0).length;
    return {
      ...Object.fromEntries(this.#settings),
      QueueArn: this.arn,
      ApproximateNumberOfMessages: String(this.#messages.length - hidden.length),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(hidden.length - inFlight),
      CreatedTimestamp: String(Math.floor(this.#created / 1000)),
      LastModifiedTimestamp: String(Math.floor(this.#modified / 1000)),
    };
  }

  send(
    message: Pick<Message, 'body' | 'attributes' | 'sender'>,
    delay = this.seconds('DelaySeconds'),
  ): Message {
    const now = Date.now();
    const sent = {
      id: randomUUID(),
      ...message,
      sent: now,
      receives: 0,
      visibleAt: now + delay * 1000,
    };
    this.#messages.push(sent);
    this.#wake();
    return sent;
  }

  /** Receives visible messages. Waits up to `wait` seconds for the first one. */
  async receive(most: number, visibility: number, wait: number): Promise<Message[]> {
    const until = Date.now() + wait * 1000;
    for (;;) {
      const taken = this.#take(most, visibility);
      const left = until - Date.now();
      if (taken.length > 0 || left <= 0) return taken;
      const next = this.#messages.reduce(
        (least, { visibleAt }) => Math.min(least, visibleAt),
        until,
      );
      await this.#change(next - Date.now());
    }
  }

  /** The message of a receipt handle, unless it was deleted or received again. */
  held(receipt: string): Message | undefined {
    return this.#messages.find((message) => message.receipt === receipt);
  }

  delete(receipt: string): void {
    this.#messages = this.#messages.filter((message) => message.receipt !== receipt);
  }

  hide(message: Message, seconds: number): void {
    message.visibleAt = Date.now() + seconds * 1000;
    this.#wake();
  }

  purge(): void {
    this.#messages = [];
    this.purged = Date.now();
  }

  #take(most: number, visibility: number): Message[] {
    this.#expire();
    const now = Date.now();
    const taken = this.#messages.filter(({ visibleAt }) => visibleAt <= now).slice(0, most);
    for (const message of taken) {
      message.visibleAt = now + visibility * 1000;
      message.receives += 1;
      message.firstReceived ??= now;
      message.receipt = Buffer.from(`${message.id} ${randomUUID()}`).toString('base64');
    }
    // Copies, since a later receipt changes the message.
    return taken.map((message) => ({ ...message }));
  }

  #expire(): void {
    const oldest = Date.now() - this.seconds('MessageRetentionPeriod') * 1000;
    this.#messages = this.#messages.filter(({ sent }) => sent > oldest);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #change(most: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, most).unref();
      this.#waiting.add(wake);
    });
  }
}
