import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { auditPage } from '../../cli/output/audit-page.ts';
import { auditSheet } from '../../cli/output/audit-sheet.ts';
import { consoleLink } from '../../cli/output/console-link.ts';
import { Failure } from '../../cli/output/exit.ts';
import { sheetAsCsv } from '../../cli/output/sheet.ts';
import { Terminal } from '../../cli/output/terminal.ts';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { visible, visibleText } from '../../core/visible.ts';

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

// Line ends, tabs and the colours of styleText.
const OWN = new RegExp(`\\r?\\n|\\t|${String.fromCharCode(27)}\\[\\d{1,2}m`, 'g');

// Text that clears the screen, sets the title, reorders a line, is invisible or starts a new line.
const hostile = [
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u009b31m',
  '\u202ereversed',
  '\u200b',
  '\ud800',
  '\r\n',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'grapheme' })), { maxLength: 6 })
  .map((parts) => parts.join(''));

function outputOf(write: (terminal: Terminal) => void, json = false): { out: string; err: string } {
  const output = { out: '', err: '' };
  const streamTo = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        output[name] += String(chunk);
        done();
      },
    });
  write(
    new Terminal(
      { format: json ? 'json' : 'table' },
      { stdout: streamTo('out'), stderr: streamTo('err') },
    ),
  );
  return output;
}

const recordWith = (words: string): AuditRecord => ({
  execution: 'arn',
  machine: 'link',
  source: 'history',
  status: 'FAILED',
  started: '2026-01-31T12:00:00.000Z',
  outcome: 'FAILED',
  links: [words],
  changes: [],
  sessionName: words,
  message: words,
  verified: 'no',
  seconds: 1,
  requestedBy: { via: 'person', reason: words },
});

describe('untrusted text', () => {
  test('is shown on one line, with every character visible', () => {
    fc.assert(
      fc.property(text, (words) => {
        assert.doesNotMatch(visibleText(words), UNSEEN);
        assert.doesNotMatch(JSON.stringify(visible({ [words]: [words] })), UNSEEN);
      }),
    );
    assert.equal(visibleText('a\u001b[2J\n\u{e0001}é😀'), 'a\\u001b[2J\\n\\udb40\\udc01é😀');
  });

  test('can not control the terminal, as an answer, a note, an error or a table', () => {
    fc.assert(
      fc.property(text, (words) => {
        const { out, err } = outputOf((terminal) => {
          terminal.answer({ words }, (shown) => [shown.words]);
          terminal.write(words);
          terminal.note(words);
          terminal.fail(new Error(words), '');
        });
        for (const stream of [out, err]) {
          assert.doesNotMatch(stream.replaceAll(OWN, ''), UNSEEN);
        }
      }),
    );
    const forged = 'a\n\u001b[32mLINKED';
    const document = { reason: forged };
    const linesOf = ({ reason }: typeof document) => [reason];
    const answered = outputOf((terminal) => terminal.answer(document, linesOf));
    assert.equal(answered.out, 'a\\n\\u001b[32mLINKED\n');
    const noted = outputOf((terminal) => terminal.note(forged));
    assert.match(noted.err, /a\\n\\u001b\[32mLINKED/);
    const failed = outputOf((terminal) =>
      terminal.fail(new Failure('AnyError', forged, { document, linesOf }), ''),
    );
    assert.equal(failed.out, answered.out);
    assert.match(failed.err, /^\S*AnyError\S*: a\\n\\u001b\[32mLINKED\n$/);
  });

  test('is complete in JSON, which holds nothing that controls a terminal', () => {
    fc.assert(
      fc.property(text, (words) => {
        const { out } = outputOf((terminal) => terminal.answer({ words }, () => []), true);
        assert.doesNotMatch(out.replaceAll('\n', ''), UNSEEN);
        assert.equal(JSON.parse(out).words, words);
      }),
    );
  });

  test('is not a formula in a spreadsheet, whatever separates its cells', () => {
    for (const words of [
      '=1+1',
      ' =1',
      '\t=1',
      '+1',
      '-1',
      '@a',
      '＝1',
      'a;=1',
      'a;"=1',
      'a; +1',
    ]) {
      const [, line = ''] = sheetAsCsv(auditSheet([recordWith(words)])).split('\r\n');
      for (const cell of line.split(/[,;]/))
        assert.doesNotMatch(cell, /^[\s"]*[=+\-@＝＋－＠]/, line);
    }
    const [, line = '', ...more] = sheetAsCsv(
      auditSheet([recordWith('\u001b[2J\r\nforged,line')]),
    ).split('\r\n');
    assert.doesNotMatch(line, UNSEEN);
    assert.deepEqual(more, ['']);
  });

  test('is neither markup nor reordered in the audit page', () => {
    const scope = { stage: 'dev', account: '1', region: 'r', from: '', until: '', omitted: 0 };
    const page = auditPage(scope, [recordWith('<img onerror=x>\u202e"\'&')], '');
    assert.doesNotMatch(page, /<img|\u202e/);
    assert.ok(page.includes('&lt;img onerror=x&gt;\\u202e&quot;&#39;&amp;'));
  });

  test('can not make a link lead to another host', () => {
    const arn = (region: string) => `arn:aws:states:${region}:111111111111:execution:m:name`;
    assert.match(
      consoleLink(arn('us-east-1')) ?? '',
      /^https:\/\/us-east-1\.console\.aws\.amazon\.com\//,
    );
    for (const region of ['evil.example/', 'javascript', '@evil.example#', 'a b', '']) {
      const link = consoleLink(arn(region));
      assert.ok(link === undefined || new URL(link).hostname.endsWith('.console.aws.amazon.com'));
    }
  });
});
