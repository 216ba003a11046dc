import { burst } from './burst.ts';
import { console as consoleBench } from './console.ts';
import { crowd } from './crowd.ts';
import { drift } from './drift.ts';
import { linkBench } from './link.ts';
import { load } from './load.ts';
import { names } from './names.ts';
import { reconcile } from './reconcile.ts';
import { scale } from './scale.ts';

/** `npm run bench -- NAME [OPTIONS]`: each bench compares with something real in the same run. */
const benches: Record<string, (args: string[]) => Promise<void>> = {
  burst,
  console: consoleBench,
  crowd,
  drift,
  link: linkBench,
  load,
  names,
  reconcile,
  scale,
};

const [name = 'load', ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench) {
  await bench(args);
  // Timers of a virtual clock may never fire.
  process.exit();
} else {
  console.error(`There is no bench ${name}. The benches are ${Object.keys(benches).join(', ')}.`);
  process.exitCode = 2;
}
