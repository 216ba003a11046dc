import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/**
 * Runs the cases of what the embedded AWS promises: against it, or with --aws against the account
 * and Region that the AWS CLI would use. They create and delete user pools, identity pools, a stack
 * (with the AWS CLI itself), a rule and a queue, and cost nothing to speak of. The record cases need
 * a trail that logs write management events.
 */
const { values } = parseArgs({ options: { aws: { type: 'boolean' } } });
const { status } = spawnSync(process.execPath, ['--test', 'test/contract/*.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, ...(values.aws && { POOLBRIDGE_CONTRACT: 'aws' }) },
});
process.exitCode = status ?? 1;
