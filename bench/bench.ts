import { load } from './load.ts';

/** `npm run bench -- NAME`: measures, each as a ratio to something real in the same run. */
const benches: Record<string, () => Promise<void>> = { load };

const [name = 'load'] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench) await bench();
else {
  console.error(`There is no bench ${name}; there is ${Object.keys(benches).join(', ')}.`);
  process.exitCode = 2;
}
