import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { README, readmeOf } from '../readme.ts';

test('the README lists exactly the operations and the rates of the services', () => {
  const text = readFileSync(README, 'utf8');
  assert.equal(readmeOf(text), text, 'Run: node packages/embedded-aws/readme.ts');
});

test('the README describes the differences from AWS for each service', () => {
  const text = readFileSync(README, 'utf8');
  const silent = /^\| `(?<service>[\w-]+)` \| [^|]* \|\s*\|$/m.exec(text)?.groups?.['service'];
  assert.equal(silent, undefined);
});
