import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkInput, type InputShape, inputFor } from '../input-transformer.ts';

const circumstances = {
  ruleArn: 'arn:aws:events:us-east-1:111111111111:rule/r',
  ruleName: 'r',
  ingestionTime: '2026-01-02T03:04:05Z',
};

const event = {
  version: '0',
  id: 'e',
  'detail-type': 'T',
  source: 's',
  detail: {
    text: 'plain',
    quote: 'say "hi"\n',
    number: 7,
    yes: true,
    nothing: null,
    list: ['ACTIVE', 'INACTIVE'],
    object: { id: '0a-1', sub: { n: 1 } },
    items: [{ id: 1 }, { id: 2 }, {}],
  },
};

/** The input that a template gives. Every field of the detail has a placeholder. */
function filled(InputTemplate: string, paths: Record<string, string> = {}): string {
  const names = [...Object.keys(event.detail), 'missing'];
  const InputPathsMap = {
    ...Object.fromEntries(names.map((name) => [name, `$.detail.${name}`])),
    ...paths,
  };
  const shape = { InputTransformer: { InputPathsMap, InputTemplate } };
  checkInput('t', shape);
  return inputFor(shape, event, circumstances);
}

test('outside quotation marks, a value becomes JSON, and a missing value becomes an empty string', () => {
  const names = ['text', 'quote', 'number', 'yes', 'nothing', 'list', 'object'];
  const output = filled(`{${[...names, 'missing'].map((n) => `"${n}":<${n}>`).join(',')}}`);
  const { items: _, ...detail } = event.detail;
  assert.deepEqual(JSON.parse(output), { ...detail, missing: '' });
});

test('inside quotation marks, a value becomes part of the text, and a missing value is omitted', () => {
  const output = filled('{"a":"users/<text>/<number>/<yes>/<missing>.","b":"<quote>"}');
  assert.deepEqual(JSON.parse(output), { a: 'users/plain/7/true/.', b: 'say "hi"\n' });
});

test('objects and lists in a text lose their quotation marks', () => {
  assert.equal(
    filled('"got <object> and <list>"'),
    '"got {id:0a-1,sub:{n:1}} and [ACTIVE,INACTIVE]"',
  );
  assert.equal(
    filled('"first <text>"\n"second <list>"'),
    '"first plain"\n"second [ACTIVE,INACTIVE]"',
  );
});

test('an object in a quoted value of a JSON template gives invalid JSON, as in AWS', () => {
  assert.throws(() => filled('{"a":"<object>"}'), { name: 'INVALID_JSON' });
  assert.throws(() => filled('{"a":"<list>"}'), { name: 'INVALID_JSON' });
});

test('an escaped quotation mark does not end the text around a placeholder', () => {
  const output = filled('{"a":"it is \\"<text>\\"","b":<text>}');
  assert.deepEqual(JSON.parse(output), { a: 'it is "plain"', b: 'plain' });
});

test('the predefined variables describe the rule and the event', () => {
  const output = filled(
    '{"rule":"<aws.events.rule-arn>","name":<aws.events.rule-name>,"at":<aws.events.event.ingestion-time>,"event":<aws.events.event>,"json":<aws.events.event.json>}',
  );
  assert.deepEqual(JSON.parse(output), {
    rule: circumstances.ruleArn,
    name: 'r',
    at: circumstances.ingestionTime,
    event: { version: '0', id: 'e', source: 's', detailType: 'T' },
    json: event,
  });
});

test('paths can select members, elements, and all elements of a list', () => {
  const paths = { second: '$.detail.list[1]', ids: '$.detail.items[*].id', all: '$' };
  assert.deepEqual(JSON.parse(filled('{"a":<second>,"b":<ids>,"c":<all>}', paths)), {
    a: 'INACTIVE',
    b: [1, 2],
    c: event,
  });
});

test('a path does not select inherited properties', () => {
  assert.equal(filled('{"a":<x>}', { x: '$.constructor.name' }), '{"a":""}');
});

test('InputPath selects a part of the event, Input replaces it, and without both it is unchanged', () => {
  const sent = (shape: InputShape) => inputFor(shape, event, circumstances);
  assert.equal(sent({ InputPath: '$.detail.object' }), '{"id":"0a-1","sub":{"n":1}}');
  assert.equal(sent({ InputPath: '$.detail.text' }), '"plain"');
  assert.equal(sent({ Input: '{"a": 1}' }), '{"a": 1}');
  assert.equal(sent({}), JSON.stringify(event));
});

const refused: [InputShape, string][] = [
  [
    { InputTransformer: { InputTemplate: '"a <unknown>"' } },
    'InputTemplate for target t contains invalid placeholder unknown.',
  ],
  [
    { InputTransformer: { InputPathsMap: { a: '$.a' }, InputTemplate: '{"a": <a> "b"}' } },
    'Invalid InputTemplate for target t.',
  ],
  [
    { InputTransformer: { InputTemplate: '"<aws.events.event.json>"' } },
    'InputTemplate for target t contains placeholder aws.events.event.json valid only for JSON template.',
  ],
  [{ InputPath: 'detail' }, 'InputPath for target t is invalid.'],
  [
    { InputTransformer: { InputPathsMap: { a: "$.a['b']" }, InputTemplate: '"<a>"' } },
    'InputPath for target t is invalid.',
  ],
  [{ Input: 'hello' }, 'JSON syntax error in input for target t.'],
  [
    { Input: '{}', InputPath: '$' },
    'Only one of Input, InputPath, or InputTransformer must be provided for target t.',
  ],
];

test('an invalid transformation is refused when the target is put', () => {
  for (const [shape, message] of refused) {
    assert.throws(() => checkInput('t', shape), { name: 'ValidationException', message });
  }
});

const awkward = fc.constantFrom('"', '\\', '\n', '\0', '<', '>', 'text', '\u2028', '\ud800', '😀');
const json = fc.jsonValue({ maxDepth: 2 });

test('no text in an event can break the JSON of a template', () => {
  fc.assert(
    fc.property(fc.string({ unit: awkward }), json, (text, value) => {
      const InputTransformer = {
        InputPathsMap: { text: '$.text', value: '$.value' },
        InputTemplate: '{"a":"x<text>y","b":<value>,"c":"z"}',
      };
      const output = inputFor({ InputTransformer }, { text, value }, circumstances);
      // JSON.stringify turns negative zero into zero.
      const expected = { a: `x${text}y`, b: JSON.parse(JSON.stringify(value)), c: 'z' };
      assert.deepEqual(JSON.parse(output), expected);
    }),
  );
});

test('a text template always gives one JSON string', () => {
  fc.assert(
    fc.property(json, (value) => {
      const InputTransformer = { InputPathsMap: { v: '$.v' }, InputTemplate: '"is <v>."' };
      const output = inputFor({ InputTransformer }, { v: value }, circumstances);
      assert.match(JSON.parse(output), /^is .*\.$/s);
    }),
  );
});
