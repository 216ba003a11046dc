import { globSync, readFileSync } from 'node:fs';
import aslValidator from 'asl-validator';
import { parse } from 'yaml';

// Checks every state machine against the Amazon States Language and the rules of this project.
interface State {
  Type: string;
  Comment?: string;
  TimeoutSeconds?: number;
  TimeoutSecondsPath?: string;
  Retry?: unknown;
  ItemProcessor?: Workflow;
}

interface Workflow {
  States: Record<string, State>;
}

const retries = parse(readFileSync('statemachines/retry.yml', 'utf8'));
const RETRY = /^\$\{file\(statemachines\/retry\.yml\):(\w+)\}$/;

// Replaces references and variables by their values, as packaging does.
function packaged(_: string, value: unknown): unknown {
  if (value === '${links:executionSeconds}') return 3600;
  const [, retry] = typeof value === 'string' ? (RETRY.exec(value) ?? []) : [];
  if (retry !== undefined) return retries[retry];
  if (typeof value !== 'object' || value === null) return value;
  if ('Fn::Sub' in value) return String(value['Fn::Sub']).replace('${AWS::Partition}', 'aws');
  return 'Fn::GetAtt' in value ? 'arn:aws:lambda:us-east-1:111111111111:function:step' : value;
}

const statesOf = ({ States }: Workflow): [string, State][] =>
  Object.entries(States).flatMap(([name, state]) => [
    [name, state],
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : []),
  ]);

function problemsOf([name, state]: [string, State]): string[] {
  const lacking = [
    ...(state.Comment ? [] : ['Comment']),
    ...(state.Type === 'Task' && !state.TimeoutSeconds && !state.TimeoutSecondsPath
      ? ['TimeoutSeconds']
      : []),
    ...(state.Type === 'Task' && !state.Retry ? ['Retry'] : []),
  ];
  return lacking.map((field) => `${name} lacks ${field}`);
}

let failed = false;
for (const file of globSync('statemachines/*.asl.yml')) {
  const source = parse(readFileSync(file, 'utf8'));
  const workflow = JSON.parse(JSON.stringify(source, packaged));
  const { isValid, errorsText } = aslValidator(structuredClone(workflow));
  const problems = [
    ...(isValid ? [] : [errorsText('\n')]),
    ...(workflow.TimeoutSeconds ? [] : ['the machine lacks TimeoutSeconds']),
    ...statesOf(workflow).flatMap(problemsOf),
  ];
  console.log(`${file}: ${problems.length > 0 ? problems.join('; ') : 'valid'}`);
  failed ||= problems.length > 0;
}
process.exitCode = failed ? 1 : 0;
