import { parseArgs, styleText } from 'node:util';
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  type ListRulesResponse,
  ListTargetsByRuleCommand,
  type Rule,
} from '@aws-sdk/client-eventbridge';
import { isPause, PAUSE, type Pause, pausedText } from '../core/pause.ts';
import { callerIdentity, config } from './caller.ts';
import { exit, runCommand, UsageError } from './command.ts';

const usage = `Pauses all writes to identity pools at once, or resumes them.

  npm run pause -- --reason "the identity pool is being moved"
  npm run resume

  --reason TEXT        why, for whoever finds it paused; pause asks for it
  --stage NAME         the deployment's stage, dev if absent

Dry runs still work while writes are paused. Endpoint, Region and credentials come from where the
AWS CLI takes them.`;

const dynamodb = new DynamoDBClient(config);
const events = new EventBridgeClient(config);
const Key = { pk: { S: PAUSE }, sk: { S: PAUSE } };

/** What lies in the table while writes are paused: the pause, and the rules that it has disabled. */
interface Found {
  pause: Pause | undefined;
  rules: string[];
}

function foundIn({ body, disabled }: Record<string, AttributeValue>): Found {
  const pause: unknown = JSON.parse(body?.S ?? 'null');
  return { pause: isPause(pause) ? pause : undefined, rules: disabled?.SS ?? [] };
}

async function find(TableName: string): Promise<Found | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName, Key, ConsistentRead: true }),
  );
  return Item && foundIn(Item);
}

/** Leaves a pause, unless there is one: whoever paused first is whom to ask. */
async function leave(TableName: string, pause: Pause): Promise<void> {
  const Item = { ...Key, body: { S: JSON.stringify(pause) } };
  const ConditionExpression = 'attribute_not_exists(pk)';
  try {
    await dynamodb.send(new PutItemCommand({ TableName, Item, ConditionExpression }));
  } catch (error) {
    if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
  }
}

async function rulesNamed(NamePrefix: string): Promise<Rule[]> {
  const all: Rule[] = [];
  let NextToken: string | undefined;
  do {
    const page: ListRulesResponse = await events.send(
      new ListRulesCommand({ NamePrefix, NextToken }),
    );
    all.push(...(page.Rules ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return all;
}

/** The rules that would start executions of the stage now, schedules among them. */
async function startingRules(stage: string): Promise<string[]> {
  // Of this stage alone, and not of one whose name begins alike.
  const machine = new RegExp(`:stateMachine:poolbridge-${stage}-[a-z]+$`);
  const found: string[] = [];
  for (const { Name: Rule = '', State } of await rulesNamed(`poolbridge-${stage}-`)) {
    if (State === 'DISABLED') continue;
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule }));
    if (Targets.some(({ Arn = '' }) => machine.test(Arn))) found.push(Rule);
  }
  return found;
}

const tell = (line: string): void => console.log(styleText('dim', `  ${line}`));

async function pause(stage: string, reason: string): Promise<void> {
  const TableName = `poolbridge-${stage}`;
  const { arn: by } = await callerIdentity();
  // First what stops every write at once; what is disabled after it only spares failed executions.
  await leave(TableName, { since: new Date().toISOString(), by, reason, stage });
  const rules = await startingRules(stage);
  if (rules.length > 0) {
    // Before they are disabled: resume enables these, and none that was disabled on purpose.
    const update = new UpdateItemCommand({
      ...{ TableName, Key, UpdateExpression: 'ADD disabled :rules' },
      ExpressionAttributeValues: { ':rules': { SS: rules } },
    });
    await dynamodb.send(update);
  }
  for (const Name of rules) {
    await events.send(new DisableRuleCommand({ Name }));
    tell(`disabled ${Name}`);
  }
  const found = await find(TableName);
  console.log(
    `All writes of the stage ${stage} have been paused ${pausedText(found?.pause)}. A write that had begun by then ends within 20 seconds. Executions that come to write fail with PausedError; dry runs work. Resume with: npm run resume -- --stage ${stage}`,
  );
}

async function resume(stage: string): Promise<void> {
  const TableName = `poolbridge-${stage}`;
  const found = await find(TableName);
  if (!found) {
    console.log(`Writes of the stage ${stage} are not paused.`);
    return;
  }
  // The pause goes last: if this ends halfway, executions fail and say why, where without it rules
  // would stay disabled and nobody would hear of it.
  for (const Name of found.rules) {
    await events.send(new EnableRuleCommand({ Name }));
    tell(`enabled ${Name}`);
  }
  await dynamodb.send(new DeleteItemCommand({ TableName, Key }));
  console.log(
    `Writes of the stage ${stage} are resumed; they had been paused ${pausedText(found.pause)}. Events of that time were missed or have failed: the next reconciliation heals them, or start it now: an execution of poolbridge-${stage}-reconcile with the input {"repair":true}.`,
  );
}

function askedIn(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      stage: { type: 'string', default: 'dev' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command, ...more] = positionals;
  const { help = command === undefined } = values;
  if (help) return { ...values, help, command };
  if (command !== 'pause' && command !== 'resume') throw new UsageError('pause or resume?');
  if (more.length > 0) throw new UsageError(`there is nothing to do with ${more.join(' ')}`);
  if (command === 'pause' && !values.reason) throw new UsageError('--reason is missing');
  return { ...values, help, command };
}

async function run({ command, stage, reason = '' }: ReturnType<typeof askedIn>): Promise<number> {
  await (command === 'pause' ? pause(stage, reason) : resume(stage));
  return exit.done;
}

await runCommand({ usage, asked: askedIn, run });
