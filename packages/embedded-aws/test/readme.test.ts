import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { README, readmeOf } from '../readme.ts';

test('the README has each operation and each rate of each service, and no other', () => {
  const text = readFileSync(README, 'utf8');
  assert.equal(readmeOf(text), text, 'Run: node packages/embedded-aws/readme.ts');
});

test('the README says of each service where it differs from AWS', () => {
  const text = readFileSync(README, 'utf8');
  const silent = /^\| `(?<service>[\w-]+)` \| [^|]* \|\s*\|$/m.exec(text)?.groups?.['service'];
  assert.equal(silent, undefined);
});
