import { createHash } from 'node:crypto';
import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call, Judged } from '../../kernel/call.ts';
import { enforce } from '../../kernel/constraints.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import { type PolicyDocument, parsePolicy } from '../../kernel/iam.ts';
import { partitionOf } from '../../kernel/partitions.ts';
import type { Service } from '../../kernel/service.ts';
import { type Bus, Buses, type Rule } from './buses.ts';
import { matches, parsePattern } from './pattern.ts';
import { busArn, entriesOf, jsonObject, judged, put } from './put-events.ts';
import { rates } from './rates.ts';
import { invalid, type RuleInput, Rules, ruleArn } from './rules.ts';
import { parseSchedule } from './schedule.ts';
import type { Target } from './targets.ts';

/** The common input of operations on rules. */
interface OnRule {
  Name?: string;
  Rule?: string;
  EventBusName?: string;
  Limit?: number;
  NextToken?: string;
}

interface Statement {
  StatementId?: string;
  Action?: string;
  Principal?: string;
  Condition?: object;
  Policy?: string;
}

const onRule = (call: Call): Judged => {
  const { Name, Rule: rule = Name, EventBusName } = call.input as OnRule;
  return { resource: ruleArn(call, rule, EventBusName) };
};

const onBus = (call: Call) => ({ resource: busArn(call, call.input['Name']) });

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Rule.html */
const listed = (rule: Rule): object => ({
  Name: rule.name,
  Arn: rule.arn,
  EventPattern: rule.patternText,
  State: rule.state,
  Description: rule.description,
  ScheduleExpression: rule.schedule,
  RoleArn: rule.roleArn,
  EventBusName: rule.bus.name,
});

const CRON = 'The embedded AWS stores cron schedules but never runs them.';

/** The description of a rule. For a cron rule, it says that the rule never runs. */
function described({ schedule, description }: Rule): string | undefined {
  const isCron = schedule !== undefined && parseSchedule(schedule) === undefined;
  return isCron ? [description, `[${CRON}]`].filter(Boolean).join(' ') : description;
}

function page<Item>(items: Item[], { Limit = 100, NextToken = '0' }: OnRule) {
  const end = Number(NextToken) + Limit;
  const next = end < items.length ? { NextToken: String(end) } : {};
  return { items: items.slice(Number(NextToken), end), next };
}

/** The question whether the caller may pass a role to EventBridge. */
const passes = (RoleArn: string): Judged => ({
  action: 'iam:PassRole',
  resource: RoleArn,
  context: { 'iam:PassedToService': 'events.amazonaws.com' },
});

function policyOf(text: string): PolicyDocument {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof UnsupportedError) throw error;
    const { message } = error as Error;
    throw new AwsError('ValidationException', `Parameter Policy is not valid. Reason: ${message}`);
  }
}

/** Replaces a bus's policy, or one statement of it. */
function permit(bus: Bus, asked: Statement): void {
  const { StatementId, Action, Principal, Condition, Policy } = asked;
  if (Policy !== undefined) {
    bus.policy = policyOf(Policy);
    return;
  }
  if (Condition !== undefined) throw new UnsupportedError('organizations in PutPermission');
  enforce([
    ['statementId', StatementId, { required: true, min: 1, max: 64, pattern: '[a-zA-Z0-9-_]+' }],
    ['action', Action, { required: true, pattern: 'events:[a-zA-Z]+' }],
    ['principal', Principal, { required: true, pattern: '(\\d{12}|\\*)' }],
  ]);
  const statement = {
    Sid: StatementId,
    Effect: 'Allow',
    Action,
    Resource: bus.arn,
    Principal: Principal === '*' ? '*' : { AWS: Principal },
  };
  const { Statement: added } = policyOf(JSON.stringify({ Statement: [statement] }));
  const others = (bus.policy?.Statement ?? []).filter(({ Sid }) => Sid !== StatementId);
  bus.policy = { Version: '2012-10-17', Statement: [...others, ...added] };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html */
function testPattern({ input }: Call): object {
  const event = jsonObject(String(input['Event'] ?? ''));
  const needed = ['id', 'account', 'source', 'time', 'region', 'detail-type'];
  if (!event || !needed.every((name) => Object.hasOwn(event, name))) {
    throw new AwsError('ValidationException', 'Parameter Event is not valid.');
  }
  return { Result: matches(parsePattern(String(input['EventPattern'] ?? '')), event) };
}

function start(aws: Aws): Service {
  const buses = aws.state(Buses);
  const rules = new Rules(buses);
  aws.emit = (account, region, event) =>
    buses.emit(busArn({ account, region, partition: partitionOf(region) }, undefined), event);

  const ruleOf = (call: Call): Rule => {
    const { Name, Rule: name = Name, EventBusName } = call.input as OnRule;
    return rules.find(call, name, EventBusName);
  };

  const switchTo = (state: string) => ({
    writes: true,
    judge: onRule,
    run: (call: Call) => buses.put({ ...ruleOf(call), state }),
  });

  return {
    stop: () => buses.stop(),

    operations: {
      PutEvents: {
        judge: (call) => entriesOf(call).map((entry) => judged(buses, call, entry)),
        run(call) {
          const Entries = entriesOf(call).map((entry) => put(buses, call, entry));
          const failed = Entries.filter((result) => 'ErrorCode' in result);
          return { FailedEntryCount: failed.length, Entries };
        },
      },

      // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
      PutRule: {
        writes: true,
        judge(call) {
          const { RoleArn } = call.input as RuleInput;
          return [onRule(call), ...(RoleArn === undefined ? [] : [passes(RoleArn)])];
        },
        run(call) {
          if (call.input['Tags'] !== undefined) throw new UnsupportedError('tags on rules');
          return { RuleArn: rules.put(call, call.input as RuleInput).arn };
        },
      },

      DescribeRule: {
        judge: onRule,
        run(call) {
          const rule = ruleOf(call);
          return { ...listed(rule), Description: described(rule), CreatedBy: call.account };
        },
      },

      ListRules: {
        run(call) {
          const {
            NamePrefix = '',
            EventBusName,
            ...paging
          } = call.input as OnRule & {
            NamePrefix?: string;
          };
          const all = [...rules.bus(call, EventBusName).rules.values()];
          const found = all.filter(({ name }) => name.startsWith(NamePrefix));
          const { items, next } = page(found, paging);
          return { Rules: items.map(listed), ...next };
        },
      },

      EnableRule: switchTo('ENABLED'),
      DisableRule: switchTo('DISABLED'),

      // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html
      DeleteRule: {
        writes: true,
        judge: onRule,
        run(call) {
          const { Name = '', EventBusName } = call.input as OnRule;
          const rule = rules.bus(call, EventBusName).rules.get(Name);
          if (!rule) return;
          if (rule.targets.size > 0) {
            throw new AwsError(
              'ValidationException',
              "Rule can't be deleted since it has targets.",
            );
          }
          buses.remove(rule);
        },
      },

      // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
      PutTargets: {
        writes: true,
        judge(call) {
          const { Targets = [] } = call.input as { Targets?: Target[] };
          const context = { 'events:TargetArn': Targets.map(({ Arn }) => Arn) };
          const roles = Targets.flatMap(({ RoleArn }) => RoleArn ?? []);
          return [{ ...onRule(call), context }, ...[...new Set(roles)].map(passes)];
        },
        run(call) {
          const { Targets } = call.input as { Targets?: Target[] };
          enforce([['targets', Targets, { required: true, min: 1, max: 100 }]]);
          rules.putTargets(ruleOf(call), Targets ?? []);
          return { FailedEntryCount: 0, FailedEntries: [] };
        },
      },

      RemoveTargets: {
        writes: true,
        judge: onRule,
        run(call) {
          const { targets } = ruleOf(call);
          for (const id of (call.input['Ids'] ?? []) as string[]) targets.delete(id);
          return { FailedEntryCount: 0, FailedEntries: [] };
        },
      },

      ListTargetsByRule: {
        judge: onRule,
        run(call) {
          const { items, next } = page([...ruleOf(call).targets.values()], call.input as OnRule);
          return { Targets: items, ...next };
        },
      },

      TestEventPattern: { run: testPattern },

      DescribeEventBus: {
        judge: onBus,
        run(call) {
          const { name, arn, policy } = rules.bus(call, call.input['Name'] as string | undefined);
          return { Name: name, Arn: arn, Policy: policy && JSON.stringify(policy) };
        },
      },

      CreateEventBus: {
        writes: true,
        judge: onBus,
        run(call) {
          const { Name, ...extra } = call.input;
          enforce([['name', Name, { required: true, max: 256, pattern: '[\\.\\-_A-Za-z0-9]+' }]]);
          const odd = Object.keys(extra)[0];
          if (odd !== undefined) throw new UnsupportedError(`${odd} of an event bus`);
          const arn = busArn(call, Name);
          if (buses.find(arn)) {
            throw new AwsError(
              'ResourceAlreadyExistsException',
              `Event bus ${Name} already exists.`,
            );
          }
          return { EventBusArn: buses.create(arn).arn };
        },
      },

      // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html
      DeleteEventBus: {
        writes: true,
        judge: onBus,
        run(call) {
          const bus = rules.bus(call, String(call.input['Name']));
          if (bus.name === 'default') invalid('Cannot delete event bus default.');
          if (bus.rules.size > 0)
            invalid(`Event bus ${bus.name} can not be deleted: it has rules.`);
          buses.delete(bus);
        },
      },

      // The operation has no resource type, so only a policy on `*` allows it.
      // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
      PutPermission: {
        writes: true,
        run(call) {
          const { EventBusName, ...statement } = call.input as Statement & OnRule;
          permit(rules.bus(call, EventBusName), statement);
        },
      },
    },

    resources: {
      // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
      'AWS::Events::Rule': {
        properties: [
          ...['Name', 'Description', 'EventBusName', 'EventPattern', 'State', 'RoleArn'],
          ...['ScheduleExpression', 'Targets'],
        ],
        create({ EventPattern, Targets = [], ...properties }, { stack, logicalId, ...place }) {
          const hash = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex');
          const rule = rules.put(place, {
            Name: `${stack}-${logicalId}`.slice(0, 51).concat('-', hash.slice(0, 12)),
            ...properties,
            ...(EventPattern !== undefined && { EventPattern: JSON.stringify(EventPattern) }),
          });
          rule.targets.clear();
          rules.putTargets(rule, Targets as Target[]);
          const { name, arn, bus } = rule;
          const ref = bus.name === 'default' ? name : `${bus.name}|${name}`;
          return { ref, attributes: { Arn: arn } };
        },
      },

      // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbuspolicy.html
      'AWS::Events::EventBusPolicy': {
        properties: ['EventBusName', 'StatementId', 'Statement', 'Action', 'Principal'],
        create({ EventBusName, StatementId, Statement, ...rest }, place) {
          const bus = rules.bus(place, EventBusName as string | undefined);
          const Sid = String(StatementId);
          if (Statement === undefined) permit(bus, { StatementId: Sid, ...rest });
          else {
            const others = (bus.policy?.Statement ?? []).filter((each) => each.Sid !== Sid);
            const added = [Statement].flat().map((each) => ({ Sid, ...(each as object) }));
            permit(bus, { Policy: JSON.stringify({ Statement: [...others, ...added] }) });
          }
          return { ref: `${bus.name}-${Sid}` };
        },
      },
    },
  };
}

/** Amazon EventBridge: event buses, rules and targets. */
export const events = {
  name: 'events',
  json: {
    targets: ['AWSEvents'],
    client: '@aws-sdk/client-eventbridge',
  },
  rates,
  state: { buses: Buses },
  start,
} as const satisfies ServiceDefinition;
