import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type LocalAws, startAws } from '../../index.ts';
import { deployStack, readTemplate } from '../cloudformation.ts';

describe('a template', () => {
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-template-'));
  after(() => rmSync(folder, { recursive: true }));
  let local: LocalAws;
  let made: Record<string, unknown>[];

  before(async () => {
    local = await startAws();
    local.aws.services.set('test', {
      operations: {},
      resources: {
        'Test::Thing': {
          properties: ['Value', 'Name'],
          create(properties) {
            made.push(properties);
            const ref = `thing-${made.length}`;
            return { ref, attributes: { Arn: `arn:${ref}` } };
          },
        },
      },
    });
  });
  after(() => local.close());
  beforeEach(() => {
    made = [];
  });

  const deploy = (yaml: string, parameters: Record<string, string> = {}, region = 'eu-west-1') => {
    const file = join(folder, 'template.yml');
    writeFileSync(file, yaml);
    const stack = { name: 'stack', account: '111111111111', region, parameters };
    return deployStack(local.aws, { ...stack, template: readTemplate(file) });
  };
  const resolved = async (value: string, more = '', parameters = {}) => {
    await deploy(
      `${more}\nResources:\n  It:\n    Type: Test::Thing\n    Properties:\n      Value: ${value}\n`,
      parameters,
    );
    return made.at(-1)!['Value'];
  };

  const parameters =
    'Parameters:\n  P: { Type: String, Default: "" }\n  L: { Type: CommaDelimitedList, Default: "a, b" }\nConditions:\n  HasP: !Not [!Equals [!Ref P, ""]]\n  HasNoP: !Equals [!Ref P, ""]\n  Both: !And [!Condition HasP, !Equals [!Ref "AWS::Region", eu-west-1]]\n  Either: !Or [!Condition HasP, !Condition HasNoP]\n';
  const cases: [string, string, unknown][] = [
    [
      'pseudo parameters',
      '!Sub "${AWS::Partition} ${AWS::Region} ${AWS::AccountId} ${AWS::StackName}"',
      'aws eu-west-1 111111111111 stack',
    ],
    ['given parameters', '!Ref P', 'given'],
    ['default values of parameters, with lists as lists', '!Ref L', ['a', 'b']],
    ['Join, Split and Select', '!Select [1, !Split ["-", !Join ["-", !Ref L]]]', 'b'],
    [
      'Sub with its own variables and with a literal',
      '!Sub ["${X}-${!X}", { X: !Ref P }]',
      'given-${X}',
    ],
    ['If, also with NoValue', '[!If [HasP, 1, 2], !If [HasNoP, 1, !Ref "AWS::NoValue"]]', [1]],
    ['conditions of conditions', '[!If [Both, 1, 2], !If [Either, 1, 2]]', [1, 1]],
    [
      'maps, without keys that are NoValue',
      '{ a: !If [HasNoP, 1, !Ref "AWS::NoValue"], b: 2 }',
      { b: 2 },
    ],
    [
      'the element Condition of a policy, which is not an intrinsic',
      '{ Condition: { StringEquals: { a: b } } }',
      { Condition: { StringEquals: { a: 'b' } } },
    ],
  ];
  for (const [what, value, expected] of cases) {
    test(`resolves ${what}`, async () => {
      assert.deepEqual(await resolved(value, parameters, { P: 'given' }), expected);
    });
  }

  test('creates referenced resources first, and each resource once', async () => {
    const outputs = await deploy(`
Resources:
  Last: { Type: Test::Thing, Properties: { Name: last, Value: !GetAtt First.Arn } }
  Also: { Type: Test::Thing, DependsOn: Last, Properties: { Name: also, Value: !Sub "\${First.Arn} \${Last}" } }
  First: { Type: Test::Thing, Properties: { Name: first } }
  Bucket: { Type: AWS::S3::Bucket }
Outputs:
  Ref: { Value: !Ref First }
`);
    assert.deepEqual(made, [
      { Name: 'first' },
      { Name: 'last', Value: 'arn:thing-1' },
      { Name: 'also', Value: 'arn:thing-1 thing-2' },
    ]);
    assert.deepEqual(outputs, { Ref: 'thing-1' });
  });

  test('skips a resource whose condition is false', async () => {
    await deploy(`${parameters}Resources:\n  It: { Type: Test::Thing, Condition: HasP }\n`);
    assert.deepEqual(made, []);
  });

  const bad: [string, string, RegExp][] = [
    [
      'a resource type',
      'Resources:\n  It: { Type: AWS::EC2::Instance }',
      /has a resource of type AWS::EC2::Instance, which is not supported/,
    ],
    [
      'a property',
      'Resources:\n  It: { Type: Test::Thing, Properties: { Odd: 1 } }',
      /gives It \(Test::Thing\) the property Odd, which is not supported/,
    ],
    [
      'an intrinsic',
      'Resources:\n  It: { Type: Test::Thing, Properties: { Value: { "Fn::Cidr": [] } } }',
      /uses Fn::Cidr, which is not supported/,
    ],
    [
      'a reference',
      'Resources:\n  It: { Type: Test::Thing, Properties: { Value: !Ref Nothing } }',
      /refers to Nothing, which it does not have/,
    ],
    [
      'an attribute',
      'Resources:\n  A: { Type: Test::Thing }\n  It: { Type: Test::Thing, Properties: { Value: !GetAtt A.Odd } }',
      /asks for the attribute Odd of A/,
    ],
    [
      'a circle',
      'Resources:\n  A: { Type: Test::Thing, DependsOn: B }\n  B: { Type: Test::Thing, DependsOn: A }',
      /is circular: A → B → A/,
    ],
    [
      'a condition',
      'Conditions:\n  C: { "Fn::Odd": [] }\nResources:\n  It: { Type: Test::Thing, Condition: C }',
      /has a condition with Fn::Odd/,
    ],
  ];
  for (const [what, yaml, pattern] of bad) {
    test(`with ${what} that is not supported is refused`, async () => {
      await assert.rejects(deploy(yaml), pattern);
    });
  }

  test('refuses parameters that an assertion of a rule does not allow', async () => {
    const yaml = [
      'Parameters: { P: { Type: String }, Q: { Type: String, Default: "" } }',
      'Rules:',
      '  Both:',
      '    RuleCondition: !Equals [!Ref P, "yes"]',
      '    Assertions: [{ Assert: !Not [!Equals [!Ref Q, ""]], AssertDescription: P needs Q }]',
      'Resources: {}',
    ].join('\n');
    await assert.rejects(deploy(yaml, { P: 'yes' }), /refuses the parameters: P needs Q/);
    await deploy(yaml, { P: 'yes', Q: 'x' });
    await deploy(yaml, { P: 'no' });
  });

  test('requires parameters without a default, and refuses unknown parameters and values that break the pattern', async () => {
    const yaml =
      'Parameters:\n  P: { Type: String, AllowedPattern: "[0-9]{2}" }\nResources:\n  It: { Type: Test::Thing, Properties: { Value: !Ref P } }';
    await assert.rejects(deploy(yaml), /needs a value for the parameter P/);
    await assert.rejects(deploy(yaml, { P: '12', Q: '' }), /has no parameter Q/);
    await assert.rejects(
      deploy(yaml, { P: '123' }),
      /does not allow the value '123' for the parameter P/,
    );
    await deploy(yaml, { P: '12' });
  });
});
