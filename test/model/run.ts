import { parseArgs } from 'node:util';
import { LARGE } from './bounds.ts';
import type { Checked } from './checker.ts';
import { mistakes } from './mistakes.ts';
import { checked } from './model.ts';
import { type State, stateText } from './state.ts';

const figures = ({ states, moves, depth, seconds }: Checked<State>): string =>
  `${states} states, ${moves} moves, depth ${depth}, ${seconds.toFixed(1)} s`;

/** Prints the steps of a counterexample, one per line, each with the state after it. */
function printTrace({ violation }: Checked<State>): void {
  const trace = violation?.trace ?? [];
  for (const [i, { name, state }] of trace.entries()) {
    console.log(`  ${String(i).padStart(2)}  ${name.padEnd(72)}  ${stateText(state)}`);
  }
}

/** Checks the protocol of the product in each bound. */
function checkProduct(): boolean {
  let isRight = true;
  for (const { name, bound } of LARGE) {
    const found = checked(bound);
    isRight &&= found.violation === undefined;
    console.log(`${found.violation ? '✗' : '✔'} ${name}: ${figures(found)}`);
    if (!found.violation) continue;
    console.log(`  ${found.violation.what}`);
    printTrace(found);
  }
  return isRight;
}

/** Checks that each mistake is detected, and prints the shortest trace to its violation. */
function checkMistakes(): boolean {
  let areSeen = true;
  for (const { name, bound, protocol, sees } of mistakes) {
    const found = checked(bound, protocol);
    const what = found.violation?.what ?? '';
    const isSeen = sees.test(what);
    areSeen &&= isSeen;
    console.log(`${isSeen ? '✔' : '✗'} ${name}: ${what || 'not detected'} (${figures(found)})`);
    printTrace(found);
  }
  return areSeen;
}

const { values } = parseArgs({ options: { mistakes: { type: 'boolean', default: false } } });
process.exitCode = (values.mistakes ? checkMistakes() : checkProduct()) ? 0 : 1;
