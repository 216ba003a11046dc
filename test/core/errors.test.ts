import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../../core/errors.ts';

test('every error has the name that the state machine matches', () => {
  for (const [name, Failure] of Object.entries(errors)) {
    assert.equal(new Failure('why').name, name);
  }
});
