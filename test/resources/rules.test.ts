import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  checkInput,
  type InputShape,
  inputFor,
} from 'embedded-aws/services/events/input-transformer.ts';
import { parse } from 'yaml';

const circumstances = {
  ruleArn: 'arn:aws:events:us-east-1:111111111111:rule/r',
  ruleName: 'r',
  ingestionTime: '2026-01-02T03:04:05Z',
};

test('the rules pick from an event exactly what the link workflow takes', () => {
  const shapeOf = (file: string, rule: string): InputShape =>
    parse(readFileSync(new URL(`../../events/${file}`, import.meta.url), 'utf8')).Resources[rule]
      .Properties.Targets[0];
  const { InputTransformer } = shapeOf('app-client-created.yml', 'AppClientCreated');
  const created = {
    account: '111111111111',
    region: 'us-east-1',
    detail: {
      eventID: 'id',
      eventTime: '2026-01-02T03:04:05Z',
      userIdentity: { type: 'Root' },
      responseElements: {
        userPoolClient: { userPoolId: 'us-east-1_A', clientId: 'c', clientName: 'a "b"' },
      },
    },
  };
  assert.ok(InputTransformer);
  checkInput('link', { InputTransformer });
  assert.deepEqual(JSON.parse(inputFor({ InputTransformer }, created, circumstances)), {
    request: {
      operation: 'link',
      userPoolId: 'us-east-1_A',
      clientId: 'c',
      clientName: 'a "b"',
    },
    requestedBy: {
      via: 'cloudtrail',
      principalArn: '',
      eventId: 'id',
      time: '2026-01-02T03:04:05Z',
      account: '111111111111',
      region: 'us-east-1',
    },
  });
  const requested = shapeOf('link-requested.yml', 'LinkRequested');
  checkInput('link', {
    ...(requested.InputTransformer && { InputTransformer: requested.InputTransformer }),
  });
  const detail = { userPoolId: 'us-east-1_A', dryRun: true };
  assert.deepEqual(
    JSON.parse(inputFor(requested, { ...created, id: 'e', detail }, circumstances)),
    {
      request: detail,
      requestedBy: {
        via: 'event',
        eventId: 'e',
        time: '',
        account: '111111111111',
        region: 'us-east-1',
      },
    },
  );
});
