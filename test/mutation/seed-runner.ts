import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InstrumenterContext } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import type { readDeployment } from '../chaos/accounts.ts';
import type { bugs } from '../chaos/bugs.ts';
import type { Handlers, loadHandlers } from '../chaos/bundle.ts';
import type { scripts } from '../chaos/scripts.ts';
import type { Suite } from '../chaos/suite.ts';

// Enough app clients at once for common writes, and few enough to be quick.
const CROWD = 12;

/** The modules of the fault suite in the copy of the project with the mutants. */
interface FaultSuite {
  readDeployment: typeof readDeployment;
  loadHandlers: typeof loadHandlers;
  Suite: typeof Suite;
  scripts: typeof scripts;
  bugs: typeof bugs;
}

const fromCopy = async (...files: string[]): Promise<FaultSuite> => {
  const modules = files.map((file) => import(pathToFileURL(resolve('test/chaos', file)).href));
  return Object.assign({}, ...(await Promise.all(modules)));
};

/** The variables that mutants read: https://stryker-mutator.io/docs/mutation-testing-elements/mutant-states-and-metrics */
const shared: { -readonly [K in keyof InstrumenterContext]: InstrumenterContext[K] | undefined } =
  {};
Object.assign(globalThis, { __stryker__: shared });

/** One check that may detect a mutant. */
interface Trial {
  name: string;
  /** The violations; empty if all is well. */
  run(handlers: Handlers): Promise<string[]>;
}

/**
 * Tries mutants of the handlers and of `aws/` with the scripts, a crowd and the seeds that are known to detect
 * mutants. All run in one process, since the mutant is chosen at run time.
 */
class SeedRunner implements TestRunner {
  #suite: FaultSuite | undefined;
  #trials: Trial[] = [];
  #handlers: Handlers | undefined;

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    const suite = await fromCopy('accounts.ts', 'bugs.ts', 'bundle.ts', 'scripts.ts', 'suite.ts');
    this.#suite = suite;
    const deployment = suite.readDeployment(process.env['POOLBRIDGE_ARTIFACT'] ?? '');
    const seeds = new Set(suite.bugs.map(({ seed }) => seed));
    const crowd: Trial = {
      name: 'crowd',
      async run(handlers) {
        const plot = { crowd: { count: CROWD } };
        const outcome = await new suite.Suite(1, handlers, plot).run(deployment);
        const { violations, entries, updates } = outcome;
        if (entries === CROWD && updates <= CROWD / 2) return violations;
        return [...violations, `${entries} entries, ${updates} updates`];
      },
    };
    this.#trials = [
      ...suite.scripts.map(
        (script): Trial => ({
          name: script.name,
          run: async (handlers) =>
            (await new suite.Suite(1, handlers, { script }).run(deployment)).violations,
        }),
      ),
      crowd,
      ...[...seeds].map(
        (seed): Trial => ({
          name: `seed ${seed}`,
          run: async (handlers) =>
            (await new suite.Suite(seed, handlers).run(deployment)).violations,
        }),
      ),
    ];
  }

  async #load(): Promise<Handlers> {
    if (!this.#suite) throw new Error('The runner is used before it is ready.');
    this.#handlers = await this.#suite.loadHandlers();
    return this.#handlers;
  }

  async #try(handlers: Handlers, trials: Trial[], goOn: boolean): Promise<TestResult[]> {
    const results: TestResult[] = [];
    for (const { name, run } of trials) {
      shared.currentTestId = name;
      const began = performance.now();
      const violations = await run(handlers);
      const ran = { id: name, name, timeSpentMs: performance.now() - began };
      const [failureMessage] = violations;
      if (failureMessage === undefined) results.push({ ...ran, status: TestStatus.Success });
      else results.push({ ...ran, status: TestStatus.Failed, failureMessage });
      if (failureMessage !== undefined && !goOn) break;
    }
    shared.currentTestId = undefined;
    return results;
  }

  async dryRun(): Promise<DryRunResult> {
    const tests = await this.#try(await this.#load(), this.#trials, true);
    const { mutantCoverage } = shared;
    return { status: DryRunStatus.Complete, tests, ...(mutantCoverage && { mutantCoverage }) };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, mutantActivation, reloadEnvironment, hitLimit, testFilter } = options;
    const isStatic = mutantActivation === 'static';
    Object.assign(shared, { hitLimit, hitCount: hitLimit === undefined ? undefined : 0 });
    shared.activeMutant = isStatic ? activeMutant.id : undefined;
    const known = reloadEnvironment || isStatic ? undefined : this.#handlers;
    const handlers = known ?? (await this.#load());
    shared.activeMutant = activeMutant.id;
    const trials = this.#trials.filter(({ name }) => testFilter?.includes(name) ?? true);
    const tests = await this.#try(handlers, trials, false);
    // What detects one mutant often detects the next one too, so try it first.
    const last = this.#trials.findIndex(({ name }) => name === tests.at(-1)?.name);
    if (tests.at(-1)?.status === TestStatus.Failed) {
      this.#trials.unshift(...this.#trials.splice(last, 1));
    }
    const endless = determineHitLimitReached(shared.hitCount, hitLimit);
    // A module that was loaded with an active mutant is not used for the next one.
    if (isStatic) this.#handlers = undefined;
    return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests });
  }
}

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'seeds', () => new SeedRunner()),
];
