import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { run } from '../../cli/program.ts';

async function poolbridge(...args: string[]) {
  const text = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        text[name] += chunk;
        done();
      },
    });
  const code = await run(args, { stdout: stream('stdout'), stderr: stream('stderr') });
  return { code, out: text.stdout, err: text.stderr };
}

// Its answer needs no AWS.
const asked = ['completion', 'bash'];

describe('--query', () => {
  test('chooses a part of the JSON answer, with or without --output json', async () => {
    for (const json of [[], ['--json'], ['--output', 'json']]) {
      const { code, out } = await poolbridge(...asked, ...json, '--query', 'shell');
      assert.deepEqual([code, out], [0, '"bash"\n']);
    }
    const part = await poolbridge(...asked, '--query=[shell, nothing]');
    assert.deepEqual(JSON.parse(part.out), ['bash', null]);
    assert.equal((await poolbridge(...asked, '--query', 'nothing')).out, 'null\n');
  });

  test('is refused before the command does anything, if it is malformed or the answer is not JSON', async () => {
    const malformed = await poolbridge(...asked, '--query', 'shell[');
    assert.equal(malformed.code, 2);
    assert.match(JSON.parse(malformed.out).message, /^--query is not JMESPath: /);
    const text = await poolbridge(...asked, '--output', 'text', '--query', 'shell');
    assert.deepEqual([text.code, text.out], [2, '']);
    assert.match(text.err, /^--query goes with --output json\.\n/);
  });

  test('does not go with another format, which the error names', async () => {
    const { code, out } = await poolbridge('audit', '--format', 'csv', '--query', 'records');
    assert.equal(code, 2);
    assert.equal(
      JSON.parse(out).message,
      '--format csv does not go with --output json, which --query stands for. Leave one of them out.',
    );
  });

  test('that does not fit the answer fails, and says that the work is done', async () => {
    const { code, out } = await poolbridge(...asked, '--query', 'abs(shell)');
    assert.equal(code, 1);
    const { error, message } = JSON.parse(out);
    assert.equal(error, 'QueryError');
    assert.match(message, /^The command has done its work, but --query does not fit/);
  });

  test('leaves an error whole', async () => {
    const { code, out } = await poolbridge('link', '--user-pool', 'x', '--query', 'results[0]');
    assert.equal(code, 2);
    assert.equal(JSON.parse(out).error, 'UsageError');
  });
});
