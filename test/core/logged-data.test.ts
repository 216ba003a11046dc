import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BEGINS, dataLines, loggedData, REPORTED, RESOLVED } from '../../core/logged-data.ts';

const EXECUTION = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:one';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const LINE_BYTES = 256 * 1024;

let clock = 0;

/** The lines as the log group of a function holds them. */
const logged = (message: string, value: unknown) =>
  dataLines(value).map((line) => ({
    message,
    timestamp: new Date(1_000 * ++clock).toISOString(),
    correlation_id: EXECUTION,
    ...line,
  }));

const report = (results: unknown) => ({ status: 'SUCCEEDED', output: { results } });

test('what a function logs of an execution is read as it was, whatever its characters and length', () => {
  const values = fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 });
  fc.assert(
    fc.property(
      fc.jsonValue(),
      values,
      fc.integer({ min: 1, max: 60_000 }),
      (input, texts, times) => {
        const results = texts.map((text) => text.repeat(times).slice(0, 60_000));
        const lines = [...logged(BEGINS, input), ...logged(REPORTED.link, report(results))];
        for (const line of lines) {
          assert.ok(Buffer.byteLength(JSON.stringify(line)) < LINE_BYTES);
          assert.match(line.data, /^[ -~]+$/, 'what a terminal would obey is escaped');
        }
        const { input: json = '', report: found } = loggedData(lines).get(EXECUTION)!;
        assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(input)));
        assert.deepEqual(found, JSON.parse(JSON.stringify(report(results))));
      },
    ),
    { numRuns: 20 },
  );
});

test('of a step that was tried again, the last attempt counts, in any order of the lines', () => {
  const first = [{ identityPoolId: 'one', links: ['a'] }];
  const last = [{ identityPoolId: 'two', links: ['b'] }];
  const lines = [...logged(RESOLVED, first), ...logged(RESOLVED, last)];
  assert.deepEqual(loggedData(lines.toReversed()).get(EXECUTION)!.targets, last);
});

test('a value of which a line was lost is absent, and so is what an older version logged', () => {
  const [, ...rest] = logged(REPORTED.link, report('x'.repeat(300_000)));
  assert.equal(rest.length, 2);
  const older = { message: RESOLVED, correlation_id: EXECUTION, targets: 1 };
  const reported = { message: REPORTED.link, correlation_id: EXECUTION, status: 'SUCCEEDED' };
  for (const lines of [rest, [older, reported], logged(REPORTED.link, 'not a report')]) {
    assert.deepEqual(loggedData(lines).get(EXECUTION), {});
  }
});
