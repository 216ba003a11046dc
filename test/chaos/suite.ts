import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { type AwsOptions, assembleAws } from 'embedded-aws';

import {
  Accounts,
  ALL_POOLS,
  CROWDED,
  covering,
  type Deployment,
  HOME,
  MAPPED,
  POOLS,
  QUOTAS,
  TAGGED,
  USER_POOLS,
} from './accounts.ts';
import { Beside } from './beside.ts';
import type { Handlers } from './bundle.ts';
import { START, VirtualClock } from './clock.ts';
import { Disturbances } from './disturbances.ts';
import type { Counts, Drawn } from './drawn.ts';
import { Drift, stopSweeps } from './drift.ts';
import { DriftJudge } from './drift-judge.ts';
import { Faults } from './faults.ts';
import { Judge } from './judge.ts';
import { invocations, Lambda } from './lambda.ts';
import { LedgerHistory } from './ledger-history.ts';
import { Network, type SdkRequest } from './network.ts';
import { Observer } from './observer.ts';
import { hasOperators, Operators } from './operators.ts';
import { OperatorsJudge } from './operators-judge.ts';
import { People } from './people.ts';
import { Pools } from './pools.ts';
import { Random } from './random.ts';
import { Refusals } from './refusals.ts';
import type { Scene } from './scene.ts';
import type { Script } from './script.ts';
import { Stage } from './stage.ts';
import { TableLoad } from './table-load.ts';
import { fill, lagListings, shortenPages } from './user-pools.ts';

// Latency and rates of AWS when many app clients are created at once; the suite's own latency is added.
const IN_A_CROWD: AwsOptions = {
  latency: { 'cognito-identity': 100, 'cognito-idp': 100 },
  rates: { 'cognito-identity:UpdateIdentityPool': 10 },
  // AWS would limit the rate of creations; without that limit, the test is harder for the service.
  unlimited: ['cognito-idp:UserPoolClientUpdate'],
};
// The longest duration of an execution, in milliseconds of virtual time; waiting for approval adds at most an
// hour.
const LONGEST = 40 * 60_000;
const LONGEST_WAIT = LONGEST + 60 * 60_000;

/** The result of one seed. */
export interface Outcome {
  seed: number;
  violations: string[];
  timeline: string[];
  executions: number;
  updates: number;
  calls: number;
  /** Number of calls of ListUserPoolClients. */
  lists: number;
  /** What a crowd used of the throughput of one partition key of the table, in capacity units per second. */
  table: { reads: number; writes: number; refused: number };
  faults: number;
  /** When the last execution ended, in milliseconds. */
  lastEnd: number;
  /** How many of our entries the first identity pool has at the end. */
  entries: number;
  overwrittenInTheInstant: number;
  overwrittenUnseen: number;
  /** Writes of ours that a write of ours overwrote without having seen them. */
  lost: number;
  /** Those of them that were lost beyond the bounds. */
  lostToLate: number;
  lostToOld: number;
  /** How many violations were found after such a loss. */
  beyond: number;
  /** How often each drawn event has happened. */
  drawn: Counts;
}

/**
 * Replaces the random numbers of Node.js with a seeded source.
 *
 * @returns a callback that restores them.
 */
function drawFrom(source: () => Random): () => void {
  const { randomUUID, randomBytes, randomInt } = crypto;
  const { random } = Math;
  Math.random = () => source().next();
  Object.assign(crypto, {
    randomUUID: () => source().uuid(),
    randomBytes: (length: number) => source().bytes(length),
    randomInt: (from: number, to?: number) =>
      to === undefined ? source().between(0, from - 1) : source().between(from, to - 1),
  });
  syncBuiltinESMExports();
  return () => {
    Math.random = random;
    Object.assign(crypto, { randomUUID, randomBytes, randomInt });
    syncBuiltinESMExports();
  };
}

/** App clients that are created at the same moment, without other events. */
export interface Crowd {
  count: number;
  /** How many other app clients the user pool has; if given, links cover app clients by name. */
  among?: number;
}

/** What happens instead of what the seed draws, without random faults. */
export interface Plot {
  crowd?: Crowd;
  script?: Script;
}

/** One seed: its own embedded AWS, a schedule of requests and faults, and the judges. */
export class Suite {
  readonly #seed: number;
  readonly #handlers: Handlers;
  readonly #crowd: Crowd | undefined;
  readonly #script: Script | undefined;
  readonly #timeline: string[] = [];
  readonly #drawn: Counts = {};
  readonly #table = new TableLoad();

  constructor(seed: number, handlers: Handlers, { crowd, script }: Plot = {}) {
    this.#seed = seed;
    this.#handlers = handlers;
    this.#crowd = crowd;
    this.#script = script;
  }

  async run(deployment: Deployment): Promise<Outcome> {
    const random = new Random(this.#seed);
    const isCalm = this.#crowd !== undefined || this.#script !== undefined;
    const faults = new Faults(random, isCalm, this.#seed);
    const clock = new VirtualClock(() => invocations.getStore()?.skew ?? 0);
    const observer = new Observer(() => clock.elapsed, QUOTAS);
    // The deployment does not draw from the sequence of the seed.
    let source = new Random(0);
    const giveBack = drawFrom(() => source);
    const { links: judged } = this.#handlers;
    const links = structuredClone(judged);
    // Otherwise each request reads user pool tags, and the rate limit of that would dominate a crowd.
    if (isCalm && !this.#script?.readsTags) delete judged[TAGGED.link];
    clock.install();
    try {
      const aws = assembleAws({ trailDelay: [300, 1500], ...(this.#crowd && IN_A_CROWD) });
      const tell = (what: string) => {
        this.#timeline.push(`${String(clock.elapsed).padStart(7)}  ${what}`);
      };
      const count = (what: Drawn) => {
        this.#drawn[what] = (this.#drawn[what] ?? 0) + 1;
      };
      const refusals = new Refusals({ count, poolId: MAPPED.pool }, isCalm, this.#seed);
      const beside = new Beside(aws);
      const ledgers = new LedgerHistory(aws, () => clock.elapsed);
      const common = { random, faults, clock, observer, aws, ledgers, refusals, beside };
      const scene: Scene = { ...common, tell, count };
      const accounts = new Accounts(scene);
      const pools = new Pools(scene);
      const network = new Network(scene, () => pools.foreignWrite());
      this.#connect(scene, network);
      let isDeployed = false;
      const deploying = accounts.deploy(deployment).then(() => {
        isDeployed = true;
      });
      await clock.run(() => false, 1000);
      // With the latency of a crowd, the deployment takes longer.
      await clock.run(() => isDeployed, LONGEST);
      await deploying;
      source = random;
      aws.trail.enabled = this.#script === undefined;
      pools.watch();
      beside.watch();
      const people = new People(scene, accounts, pools);
      const disturbances = new Disturbances(scene, { accounts, people, links: judged }, this.#seed);
      if (this.#crowd) {
        this.#table.watch(aws, clock);
        this.#gather(this.#crowd, aws, people);
      } else {
        shortenPages(aws);
        lagListings(scene, faults.lag);
      }
      if (this.#script) await new Stage(scene, { accounts, network, pools }).play(this.#script);
      else if (!this.#crowd) {
        people.schedule();
        disturbances.schedule();
      }
      if (!isCalm && hasOperators(this.#seed)) {
        const operators = new Operators(scene, accounts, this.#seed);
        const drift = new Drift(scene, accounts, pools, this.#seed);
        operators.schedule();
        drift.schedule();
        await clock.run(() => false, LONGEST_WAIT);
        const driftJudge = new DriftJudge(scene, drift);
        driftJudge.judgeBeforeLast();
        faults.end();
        refusals.end();
        operators.lookAgain();
        await clock.run(() => false, LONGEST);
        await new OperatorsJudge(scene, people, operators.records).judge(disturbances.covered());
        driftJudge.judge();
      } else {
        stopSweeps(aws);
        await clock.run(() => false, LONGEST);
      }
      disturbances.judge();
      const userPools = [...USER_POOLS, CROWDED];
      await new Judge({ ...scene, home: HOME, pools: ALL_POOLS, userPools, covering }).judge();
      return this.#outcome(scene, network);
    } finally {
      // Restore the links in the order of the file.
      for (const name of Object.keys(judged)) delete judged[name];
      Object.assign(judged, links);
      clock.clear();
      clock.uninstall();
      giveBack();
    }
  }

  #gather({ count, among }: Crowd, aws: Scene['aws'], people: People): void {
    const userPoolId = among === undefined ? USER_POOLS[0] : CROWDED;
    if (among !== undefined) fill(aws, userPoolId, among);
    people.createAtOnce(count, userPoolId);
  }

  /** Runs the handlers in this process, sends their calls through the network, and pauses the clock for tables. */
  #connect({ aws, clock, observer, ...scene }: Scene, network: Network): void {
    const { tables } = aws;
    const ask = tables.ask.bind(tables);
    tables.ask = async (where, operation, input) => {
      const answer = await clock.during(ask(where, operation, input));
      const invocation = invocations.getStore();
      if (operation === 'UpdateItem') observer.leaseUpdated(input, invocation);
      if (operation === 'PutItem') observer.moot.recorded(input);
      return answer;
    };
    const lambda = new Lambda({ aws, clock, observer, ...scene }, this.#handlers);
    aws.functions.invoke = (fn, payload) => lambda.invoke(fn, payload);
    Object.assign(globalThis, {
      chaos: {
        handle: (request: SdkRequest, options: { requestTimeout?: number }) =>
          network.handle(request, options),
        credentials: () => invocations.getStore()?.credentials,
      },
    });
  }

  #outcome({ aws, observer }: Scene, network: Network): Outcome {
    const { violations, updates, overwrittenInTheInstant, overwrittenUnseen } = observer;
    const { lost, lostToLate, lostToOld, beyond } = observer;
    const executions = [...aws.stateMachines.executions.values()];
    const ours = observer.entriesNow(POOLS[0]).filter((key) => !key.includes(' foreign'));
    return {
      seed: this.#seed,
      violations,
      timeline: this.#timeline,
      updates,
      overwrittenInTheInstant,
      overwrittenUnseen,
      lost,
      lostToLate,
      lostToOld,
      beyond: beyond.length,
      drawn: this.#drawn,
      calls: network.calls,
      lists: network.lists,
      table: {
        reads: this.#table.most('reads'),
        writes: this.#table.most('writes'),
        refused: this.#table.refused,
      },
      faults: network.faultsMet,
      executions: executions.length,
      lastEnd: Math.max(0, ...executions.map(({ stopDate = 0 }) => stopDate)) * 1000 - START,
      entries: ours.length,
    };
  }
}
