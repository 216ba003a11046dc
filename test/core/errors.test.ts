import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../../core/errors.ts';

test('every error bears the name that the state machine matches on', () => {
  for (const [name, Failure] of Object.entries(errors)) {
    assert.equal(new Failure('why').name, name);
  }
});
