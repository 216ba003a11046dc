import type { AttributeValue, DynamoDB } from '@aws-sdk/client-dynamodb';
import type { EventBridge, Rule } from '@aws-sdk/client-eventbridge';
import { pagesOf } from '../../aws/pace/pages.ts';
import { parseArn } from '../../core/arn.ts';
import { deployedMachine, tableName } from '../../core/deployment.ts';
import { isPause, PAUSE, type Pause, pausedText } from '../../core/write/pause.ts';
import { isDenied } from '../denied.ts';
import { Failure } from '../output/exit.ts';
import type { Paused } from '../output/pause-lines.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';

const Key = { pk: { S: PAUSE }, sk: { S: PAUSE } };

/** What the table holds while writes are paused: the pause, and the rules that it disabled. */
interface StoredPause {
  /** Undefined if the item was written by hand and does not describe the pause. */
  pause: Pause | undefined;
  rules: string[];
}

function pauseIn({ body, disabled }: Record<string, AttributeValue>): StoredPause {
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

/** What an answer says of the pause of a stage; nothing if there is none, or the caller may not read it. */
export async function pausedIn(session: Session, stage: string): Promise<Paused> {
  try {
    const found = await new Pauses(session, stage).find();
    return found ? { paused: found.pause ?? {} } : {};
  } catch {
    return {};
  }
}

/**
 * Refuses what would do nothing, or harm, while writes are paused. If the caller may not read the pause, it goes on.
 *
 * @param consequence what was not done, and why, as a sentence.
 * @throws Failure, or the error of AWS if it is not known whether writes are paused.
 */
export async function checkNotPaused(
  { session, stage, terminal }: { session: Session; stage: string; terminal: Terminal },
  consequence: string,
): Promise<void> {
  const found = await new Pauses(session, stage).find().catch((error: Error) => {
    if (!isDenied(error)) throw error;
  });
  if (!found) return;
  throw new Failure(
    'PausedError',
    `All writes have been paused ${pausedText(found.pause)}. ${consequence} When the reason is gone: ${terminal.commandLine('resume')}`,
  );
}

/** Pauses all writes of a stage, and resumes them. */
export class Pauses {
  readonly #session: Session;
  readonly #stage: string;
  readonly #TableName: string;

  constructor(session: Session, stage: string) {
    this.#session = session;
    this.#stage = stage;
    this.#TableName = tableName(stage);
  }

  async find(): Promise<StoredPause | undefined> {
    const table = await this.#session.table();
    const { Item } = await table.getItem({
      TableName: this.#TableName,
      Key,
      ConsistentRead: true,
    });
    return Item && pauseIn(Item);
  }

  /** Stops every write, then disables the rules that start executions. Returns the names of these rules. */
  async pause(reason: string): Promise<string[]> {
    const table = await this.#session.table();
    const events = await this.#session.events();
    const { arn: by } = await this.#session.caller();
    // The item stops every write at once; disabling the rules only avoids executions that would fail.
    const since = new Date().toISOString();
    await this.#put(table, { since, by, reason, stage: this.#stage });
    const rules = await this.rules();
    if (rules.length > 0) {
      // Recorded before they are disabled, so that resume enables these rules and no rule that was disabled on purpose.
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

  /** Enables the rules again and resumes writes. Returns the pause that it removed. */
  async resume(): Promise<StoredPause | undefined> {
    const found = await this.find();
    if (!found) return undefined;
    const events = await this.#session.events();
    // The pause goes last: if this stops halfway, executions fail and say why. Without the pause, rules would
    // stay disabled unnoticed.
    for (const Name of found.rules) await events.enableRule({ Name });
    const table = await this.#session.table();
    await table.deleteItem({ TableName: this.#TableName, Key });
    return found;
  }

  /** Stores a pause, unless there is one already: the first one names the person to ask. */
  async #put(table: DynamoDB, pause: Pause): Promise<void> {
    const Item = { ...Key, body: { S: JSON.stringify(pause) } };
    const ConditionExpression = 'attribute_not_exists(pk)';
    try {
      await table.putItem({ TableName: this.#TableName, Item, ConditionExpression });
    } catch (error) {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
    }
  }

  /** The enabled rules that start executions of the stage, schedules included. */
  async rules(): Promise<string[]> {
    const events = await this.#session.events();
    // The name of another stage may begin with the name of this one.
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
