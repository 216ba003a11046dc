import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DescribeEventBusCommand,
  PutEventsCommand,
  PutPermissionCommand,
} from '@aws-sdk/client-eventbridge';
import { AWAY, clientOf, HOME, REGION, world } from './bus-world.ts';

test('PutEvents answers each entry separately', async (t) => {
  const w = await world(t, {});
  const entry = { Source: 'app', DetailType: 'T', Detail: '{}' };
  const { FailedEntryCount, Entries = [] } = await w.events.send(
    new PutEventsCommand({
      Entries: [
        entry,
        { ...entry, Detail: '[]' },
        { ...entry, Detail: '{"a":' },
        { ...entry, Detail: `${'{"a":'.repeat(1500)}1${'}'.repeat(1500)}` },
        { ...entry, Source: 'aws.ec2' },
        { DetailType: 'T', Detail: '{}' },
        { Source: 'app', Detail: '{}' },
        { Source: 'app', DetailType: 'T' },
        { ...entry, EventBusName: 'nowhere' },
      ],
    }),
  );
  await w.aws.buses.settled();
  const malformed = { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const missing = (name: string) => ({
    ErrorCode: 'InvalidArgument',
    ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
  });
  assert.equal(FailedEntryCount, 7);
  assert.deepEqual(Entries.slice(1, 8), [
    ...[malformed, malformed, malformed],
    {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    },
    ...['Source', 'DetailType', 'Detail'].map(missing),
  ]);
  assert.ok(Entries[0]?.EventId && Entries[8]?.EventId);
  assert.equal(w.started.length, 1);
});

test('PutEvents accepts at most ten entries and 262,144 bytes', async (t) => {
  const { events } = await world(t);
  const entry = { Source: 'app', DetailType: 'T', Detail: '{}' };
  const send = (Entries: object[]) => events.send(new PutEventsCommand({ Entries }));
  const refusal = (message: RegExp) => ({ name: 'ValidationException', message });
  await assert.rejects(send(Array(11).fill(entry)), refusal(/length less than or equal to 10/));
  await assert.rejects(send([]), refusal(/length greater than or equal to 1/));
  const filling = (bytes: number) => ({ ...entry, Detail: `{"a":"${'x'.repeat(bytes - 12)}"}` });
  await send([filling(262_144)]);
  await assert.rejects(
    send([filling(262_145)]),
    refusal(/^Total size of the entries in the request is over the limit\.$/),
  );
});

test('another account can put events only with the sources and detail types that the bus policy allows', async (t) => {
  const w = await world(t, {});
  const arn = `arn:aws:events:${REGION}:${HOME}:event-bus/default`;
  const other = clientOf(w.local, AWAY);
  const send = (DetailType: string) => {
    const entry = { Source: 'app', DetailType, Detail: '{}', EventBusName: arn };
    return other.send(new PutEventsCommand({ Entries: [entry] }));
  };
  await assert.rejects(send('Good'), { name: 'AccessDeniedException' });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: AWAY },
        Action: 'events:PutEvents',
        Resource: arn,
        Condition: { StringEquals: { 'events:source': 'app', 'events:detail-type': 'Good' } },
      },
    ],
  });
  await w.events.send(new PutPermissionCommand({ Policy }));
  await send('Good');
  await w.aws.buses.settled();
  await assert.rejects(send('Bad'), { name: 'AccessDeniedException' });
  assert.equal(JSON.parse(w.started[0]?.input ?? '{}').account, AWAY);
  const bus = await w.events.send(new DescribeEventBusCommand({}));
  assert.deepEqual(
    [bus.Name, bus.Arn, JSON.parse(bus.Policy ?? '')],
    ['default', arn, JSON.parse(Policy)],
  );
  const permission = { Action: 'events:PutEvents', Principal: AWAY, StatementId: 'all' };
  await w.events.send(new PutPermissionCommand(permission));
  await send('Bad');
  await assert.rejects(w.events.send(new PutPermissionCommand({ Policy: '{' })), {
    name: 'ValidationException',
  });
});
