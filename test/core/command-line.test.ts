import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commandFor } from '../../core/command-line.ts';

const execution = 'arn:aws:states:eu-west-1:111111111111:execution:poolbridge-prod-link:one';

describe('a command in a message of the functions', () => {
  test('names the stage and the Region of its execution, whatever the shell has', () => {
    assert.equal(
      commandFor(execution, 'resume'),
      'npx poolbridge resume --stage prod --region eu-west-1',
    );
  });

  test('passes each value on as one word, whatever others have put into it', () => {
    assert.equal(
      commandFor(execution, 'link', '--client', "$(rm -r .) 'x'"),
      String.raw`npx poolbridge link --client '$(rm -r .) '\''x'\''' --stage prod --region eu-west-1`,
    );
  });

  test('says what is to be filled in where the execution is not one of Poolbridge', () => {
    assert.equal(
      commandFor('arn:aws:states', 'resume'),
      'npx poolbridge resume --stage STAGE --region REGION',
    );
  });
});
