import { console } from '../console/server/command.ts';
import { local } from '../demo/command.ts';
import { run } from './program.ts';

// What reads the output may stop reading, as head does. That is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await run(process.argv.slice(2), process, [console, local]);
