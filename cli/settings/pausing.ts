import type { AttributeValue, DynamoDB } from '@aws-sdk/client-dynamodb';
import type { EventBridge, Rule } from '@aws-sdk/client-eventbridge';
import { pagesOf } from '../../aws/pace/pages.ts';
import { parseArn } from '../../core/arn.ts';
import { deployedMachine, tableName } from '../../core/deployment.ts';
import { isPause, PAUSE, type Pause } from '../../core/write/pause.ts';
import type { Session } from '../session.ts';

const Key = { pk: { S: PAUSE }, sk: { S: PAUSE } };

/** What lies in the table while writes are paused: the pause, and the rules that it has disabled. */
export interface Found {
  /** One that was left by hand may not say. */
  pause: Pause | undefined;
  rules: string[];
}

function foundIn({ body, disabled }: Record<string, AttributeValue>): Found {
  const pause: unknown = JSON.parse(body?.S ?? 'null');
  return { pause: isPause(pause) ? pause : undefined, rules: disabled?.SS ?? [] };
}

async function rulesNamed(events: EventBridge, NamePrefix: string): Promise<Rule[]> {
  const pages = pagesOf('ListRules', async (token: string | undefined) => {
    const page = await events.listRules({ NamePrefix, ...(token && { NextToken: token }) });
    return { items: page.Rules ?? [], next: page.NextToken };
  });
  const all: Rule[] = [];
  for await (const { items } of pages) all.push(...items);
  return all;
}

/** The stop that a person puts on all writes of a stage, and takes off again. */
export class Pausing {
  readonly #session: Session;
  readonly #stage: string;
  readonly #TableName: string;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#stage = stage;
    this.#TableName = tableName(stage);
  }

  async find(): Promise<Found | undefined> {
    const table = await this.#session.table();
    const { Item } = await table.getItem({
      TableName: this.#TableName,
      Key,
      ConsistentRead: true,
    });
    return Item && foundIn(Item);
  }

  /** Stops every write, then disables the rules that start executions; returns their names. */
  async pause(reason: string): Promise<string[]> {
    const table = await this.#session.table();
    const events = await this.#session.events();
    const { arn: by } = await this.#session.caller();
    // First what stops every write at once; what is disabled after it only spares failed executions.
    const since = new Date().toISOString();
    await this.#leave(table, { since, by, reason, stage: this.#stage });
    const rules = await this.rules();
    if (rules.length > 0) {
      // Before they are disabled: resume enables these, and none that was disabled on purpose.
      await table.updateItem({
        TableName: this.#TableName,
        Key,
        UpdateExpression: 'ADD disabled :rules',
        ExpressionAttributeValues: { ':rules': { SS: rules } },
      });
    }
    for (const Name of rules) await events.disableRule({ Name });
    return rules;
  }

  /** Enables the rules again and lets writes go on; returns what it found. */
  async resume(): Promise<Found | undefined> {
    const found = await this.find();
    if (!found) return undefined;
    const events = await this.#session.events();
    // The pause goes last: if this ends halfway, executions fail and say why, where without it rules
    // would stay disabled and nobody would hear of it.
    for (const Name of found.rules) await events.enableRule({ Name });
    const table = await this.#session.table();
    await table.deleteItem({ TableName: this.#TableName, Key });
    return found;
  }

  /** Leaves a pause, unless there is one: whoever paused first is whom to ask. */
  async #leave(table: DynamoDB, pause: Pause): Promise<void> {
    const Item = { ...Key, body: { S: JSON.stringify(pause) } };
    const ConditionExpression = 'attribute_not_exists(pk)';
    try {
      await table.putItem({ TableName: this.#TableName, Item, ConditionExpression });
    } catch (error) {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
    }
  }

  /** The rules that would start executions of the stage now, schedules among them. */
  async rules(): Promise<string[]> {
    const events = await this.#session.events();
    // Another stage's name may begin with this one's.
    const isOwn = (arn: string): boolean =>
      deployedMachine(parseArn(arn).resource.replace('stateMachine:', ''))?.stage === this.#stage;
    const found: string[] = [];
    for (const { Name: Rule = '', State } of await rulesNamed(events, `${this.#TableName}-`)) {
      if (State === 'DISABLED') continue;
      const { Targets = [] } = await events.listTargetsByRule({ Rule });
      if (Targets.some(({ Arn = '' }) => isOwn(Arn))) found.push(Rule);
    }
    return found;
  }
}
