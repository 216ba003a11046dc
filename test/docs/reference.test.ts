import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { REASONS } from '../../cli/check/reasons.ts';
import { run } from '../../cli/program.ts';
import { console } from '../../console/server/command.ts';
import * as errors from '../../core/errors.ts';
import { STATES } from '../../core/reconcile/classify.ts';
import { reconcileMetrics, WHOLE } from '../../core/reconcile/metrics.ts';
import { metricsOf } from '../../core/request/metrics.ts';
import { parseRequest } from '../../core/request/request.ts';
import { local } from '../../demo/command.ts';
import { codeIn, filesOf, namedIn, proseOf, read, rowsOf, section } from './pages.ts';

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

/** Checks that a page names exactly what exists. */
function assertNamed(named: Iterable<string>, there: Iterable<string>): void {
  assert.deepEqual(sorted(named), sorted(there));
}

/** The code of the product, without tests and the embedded AWS. */
const code = filesOf('**/*.ts')
  .filter((file) => !/^(test|bench|local|packages|demo)\//.test(file))
  .map(read)
  .join('\n');
const templates = filesOf(['resources/*.yml', 'events/*.yml', 'statemachines/*.yml']);

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);

async function help(...args: string[]): Promise<string> {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  await run([...args, '--help'], { stdout: stream, stderr: stream }, [console, local]);
  return text;
}

/** The options in a help text, each with its argument. */
const optionsIn = (text: string): string[] => all(text, /^ {2}(--[\w-]+(?: <\w+>)?)/gm);

const shared = optionsIn(await help());
const commands = all(await help(), /^ {2}(\w+)(?: \[options\])?(?: [<[]\w+[>\]])? {2,}/gm).filter(
  (name) => name !== 'help',
);

describe('docs/commands.md', () => {
  const page = 'docs/commands.md';
  const firstTable = (text: string): string => text.split(/^## /m)[0] ?? '';

  test('has each command, and no other', () => {
    const rows = rowsOf(firstTable(read(page))).map(([first = '']) => codeIn(first));
    assertNamed(
      rows.flat().filter((name) => !name.startsWith('--')),
      commands,
    );
  });

  test('has the options of all commands', () => {
    const named = namedIn(firstTable(read(page))).filter((name) => name.startsWith('--'));
    assertNamed(named, shared);
  });

  const headings = all(read(page), /^## (.+)$/gm);
  test('has a section for each command', () => {
    const named = headings.flatMap((heading) => heading.split(' and '));
    assert.deepEqual(
      commands.filter((command) => !named.includes(command)),
      [],
    );
  });

  for (const heading of headings) {
    const own = heading.split(' and ').filter((name) => commands.includes(name));
    if (own.length === 0) continue;
    test(`has the options of ${own.join(' and ')}, and no other`, async () => {
      const there = (await Promise.all(own.map((name) => help(name)))).flatMap(optionsIn);
      const named = namedIn(section(page, `## ${heading}`)).filter((name) => name.startsWith('--'));
      assertNamed(
        named,
        there.filter((option) => !shared.includes(option)),
      );
    });
  }

  test('has each reason that why may give, and no other', () => {
    const named = namedIn(section(page, '## why')).filter((name) => !name.startsWith('--'));
    assertNamed(named, REASONS);
  });

  test('has each key of the input of an execution, and no other', () => {
    const keysOf = (input: object): string[] => {
      try {
        parseRequest(input);
      } catch (error) {
        return (/it may hold (.+)\.$/.exec(String(error))?.[1] ?? '').split(', ');
      }
      return [];
    };
    const there = [...keysOf({ other: 1 }), ...keysOf({ operation: 'undo', other: 1 })];
    assert.ok(there.length > 8, String(there));
    assertNamed(namedIn(section(page, '## Other ways to ask')), there);
  });

  test('matches docs/permissions.md, which has every command that calls AWS', () => {
    const named = namedIn(section('docs/permissions.md', '## To use the command'));
    const local = ['local', 'completion'];
    assertNamed(
      named,
      commands.filter((name) => !local.includes(name)),
    );
  });
});

describe('docs/outcomes.md', () => {
  const page = 'docs/outcomes.md';

  test('has each outcome, and no other', () => {
    const there = all(/export type Outcome =([^;]+);/.exec(code)?.[1] ?? '', /'(\w+)'/g);
    assert.ok(there.length > 4, String(there));
    assertNamed(namedIn(section(page, '## Outcomes')), there);
  });

  test('has each error, and no other', () => {
    const named = namedIn(section(page, '## Errors'));
    // Errors that stand for several failures, or come from a state, have no class.
    const literal = all(code, /\b(?:error: .*?|MIXED = )'([A-Z]\w+Error)'/g).filter(
      (name) => name !== 'UsageError',
    );
    const states = templates.flatMap((file) => all(read(file), /\bError: (\w+Error)$/gm));
    assert.ok(literal.includes('LinkFailedError') && states.includes('ApprovalExpiredError'));
    assertNamed(named, [...Object.keys(errors), ...literal, ...states]);
    const first = namedIn(section('docs/runbook.md', '## When something is wrong'));
    assertNamed(
      first.filter((name) => name !== 'States.Timeout'),
      named,
    );
  });
});

describe('docs/events.md', () => {
  const page = 'docs/events.md';

  test('has each event, and no other', () => {
    const published = all(code, /\bpublish(?:All)?\('(\w+)'/g);
    const received = templates
      .map(read)
      .filter((text) => /source: \[poolbridge\]/.test(text))
      .flatMap((text) => all(text, /detail-type: \[(\w+)\]/g));
    assert.ok(published.length > 3 && received.length > 1);
    const named = all(section(page, '## Events'), /^### (\w+)$/gm);
    assertNamed(named, [...published, ...received]);
  });

  test('has each metric, and no other', () => {
    const executionArn = 'arn';
    const outcomes = ['LINKED', 'ALREADY_LINKED', 'UNLINKED', 'NOT_LINKED', 'PLANNED', 'FAILED'];
    const results = outcomes.map((outcome) => ({ identityPoolId: '', links: [], outcome }));
    const finished = { executionArn, status: 'SUCCEEDED', results };
    const ofLink = metricsOf(finished as unknown as Parameters<typeof metricsOf>[0]);
    const ofReconcile = reconcileMetrics({
      totals: {
        linked: 0,
        missing: 0,
        orphaned: 0,
        foreign: 0,
        removed: 0,
        uncovered: 0,
        changed: 0,
      },
    });
    assertNamed(namedIn(section(page, '## Metrics')), [
      ...[...ofLink, ...ofReconcile].map(({ metric }) => metric),
      WHOLE,
    ]);
  });

  test('has each alarm, and no other', () => {
    const there = templates.flatMap((file) =>
      all(read(file), /AlarmName: poolbridge-\S+\}-(\S+)$/gm),
    );
    assert.ok(there.length > 8, String(there));
    assertNamed(
      namedIn(section(page, '## Alarms')),
      there.map((name) => `poolbridge-STAGE-${name}`),
    );
    const inRunbook = all(section('docs/runbook.md', '## An alarm'), /\[`…-([\w-]+)`\]/g);
    assertNamed(inRunbook, there);
  });
});

test('docs/reconcile.md has each state of an entry, and no other', () => {
  assertNamed(namedIn(section('docs/reconcile.md', '## What it reports')), STATES);
});

describe('docs/deploy.md', () => {
  const page = 'docs/deploy.md';

  test('has each parameter of the service with its default, and no other', () => {
    const { params } = parse(read('serverless.yml')) as { params: { default: object } };
    const rows = rowsOf(section(page, '### The service'));
    assertNamed(
      rows.flatMap(([first = '']) => codeIn(first)),
      Object.keys(params.default),
    );
    for (const [name, value] of Object.entries(params.default)) {
      const shown = rows.find(([first]) => first === `\`${name}\``)?.[2] ?? '';
      if (value === '') assert.ok(!shown.includes('`'), `${name}: ${shown}`);
      else assert.equal(shown, `\`${value}\``, name);
    }
  });

  const parametersOf = (file: string): Record<string, { Default?: unknown }> =>
    parse(read(file), { logLevel: 'error' })['Parameters'];

  test('has each parameter of account-b.yml, and no other', () => {
    assertNamed(
      namedIn(section(page, '### Account-B')),
      Object.keys(parametersOf('resources/account-b.yml')),
    );
  });

  test('has each parameter of forwarder.yml and user-pool-account.yml', () => {
    const named = codeIn(section(page, '### Forwarders and user pool accounts'));
    const there = ['forwarder', 'user-pool-account'].flatMap((name) =>
      Object.keys(parametersOf(`resources/${name}.yml`)),
    );
    assertNamed(
      named.filter((name) => /^[A-Z]\w+$/.test(name)),
      there,
    );
  });
});

describe('docs/links.md', () => {
  interface Schema {
    default?: unknown;
    enum?: string[];
    [key: string]: unknown;
  }
  const schema = JSON.parse(read('links.schema.json')) as {
    definitions: { link: { properties: Record<string, Schema> } };
  };
  const { properties } = schema.definitions.link;
  const rows = rowsOf(read('docs/links.md'));

  test('has each key of links.yml with its default, and no other', () => {
    assertNamed(
      rows.flatMap(([first = '']) => codeIn(first)),
      Object.keys(properties),
    );
    for (const [key, { default: value }] of Object.entries(properties)) {
      if (value === undefined) continue;
      const shown = rows.find(([first]) => first === `\`${key}\``)?.[2];
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      assert.equal(shown, `\`${text}\``, key);
    }
  });

  test('and docs/roles-and-tags.md have each value that a key may have', () => {
    const pages = `${proseOf('docs/links.md')}\n${proseOf('docs/roles-and-tags.md')}`;
    const enums = (value: unknown): string[] => {
      if (typeof value !== 'object' || value === null) return [];
      const own = 'enum' in value ? (value.enum as string[]) : [];
      return [...own, ...Object.values(value).flatMap(enums)];
    };
    const values = enums(properties);
    assert.ok(values.length > 10, String(values));
    assert.deepEqual(
      values.filter((value) => !codeIn(pages).includes(value)),
      [],
    );
  });
});

test('docs/architecture.md has each step, and no other', () => {
  const { functions } = parse(read('serverless.yml')) as { functions: object };
  const tables = ['## The way of a request', '## Reconcile'].flatMap((heading) =>
    rowsOf(section('docs/architecture.md', heading)),
  );
  assertNamed(
    tables.map(([step = '']) => step),
    Object.keys(functions),
  );
});

test('docs/glossary.md names code that exists in the named file', () => {
  const missing = rowsOf(read('docs/glossary.md')).flatMap(([word, , place = '']) => {
    const [, name = '', file = ''] = /^`(\w+)` in `(\S+)`$/.exec(place) ?? [];
    return name === '' || new RegExp(`\\b${name}\\b`).test(read(file)) ? [] : [word];
  });
  assert.deepEqual(missing, []);
});
