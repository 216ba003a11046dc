import { console } from '../console/server/command.ts';
import { local } from '../demo/command.ts';
import { run } from './program.ts';

process.exitCode = await run(process.argv.slice(2), process, [console, local]);
