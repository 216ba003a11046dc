import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CLOCKS_MS, UNKNOWN_MS } from '../../core/write/lease.ts';
import { type Deployment, readDeployment } from './accounts.ts';
import { bounds, scriptOf } from './bounds.ts';
import { type Handlers, loadHandlers } from './bundle.ts';
import { DRAWN, type Drawn } from './drawn.ts';
import { runSeeds } from './shares.ts';
import type { Stage } from './stage.ts';
import { type Outcome, Suite } from './suite.ts';
import { Tally } from './tally.ts';

// The number of a seed alone decides what it draws. The first seeds are as good as any others.
const SEEDS = 200;

const artifact = process.env['POOLBRIDGE_ARTIFACT'] ?? '';

describe('the service under random faults', () => {
  let deployment: Deployment;
  let handlers: Handlers;
  before(async () => {
    deployment = readDeployment(artifact);
    handlers = await loadHandlers();
  });

  const again = ({ seed, violations, timeline }: Outcome) =>
    [
      ...[`npm run chaos -- --seeds ${seed}`, ...timeline],
      ...violations.map((violation) => `✗ ${violation}`),
    ].join('\n');

  test(`loses nothing, does not hang and reports only what is true: ${SEEDS} seeds`, async (t) => {
    const sums = { updates: 0, faults: 0, overwrittenInTheInstant: 0, overwrittenUnseen: 0 };
    const failed: Outcome[] = [];
    const tally = new Tally();
    const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1);
    await runSeeds({ artifact, seeds, timeline: false }, (outcome) => {
      tally.add(outcome);
      if (outcome.violations.length > 0) failed.push(outcome);
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += outcome[key];
    });
    assert.equal(failed.length, 0, failed.map(again).join('\n\n'));
    assert.equal(tally.seeds, SEEDS);
    t.diagnostic(JSON.stringify(sums));
    // Without updates and faults, a suite finds nothing.
    assert.ok(sums.updates > SEEDS && sums.faults > SEEDS, JSON.stringify(sums));
    const undrawn = (Object.keys(DRAWN) as Drawn[]).filter((name) => tally.drawn(name) === 0);
    assert.deepEqual(undrawn, [], 'Each of these must happen in at least one seed.');
  });

  test('links fifty app clients created at once with at most ten updates, and loses none', async () => {
    const outcome = await new Suite(1, handlers, { crowd: { count: 50 } }).run(deployment);
    assert.deepEqual(outcome.violations, [], again(outcome));
    assert.equal(outcome.entries, 50);
    assert.ok(outcome.updates <= 10, `${outcome.updates} updates`);
  });

  test('shares listings between fifty app clients created at once among a thousand, linked by name', async () => {
    const outcome = await new Suite(1, handlers, { crowd: { count: 50, among: 950 } }).run(
      deployment,
    );
    assert.deepEqual(outcome.violations, [], again(outcome));
    assert.equal(outcome.entries, 50);
    const pages = Math.ceil(1000 / 60);
    assert.ok(outcome.lists <= 3 * pages, `${outcome.lists} calls for ${pages} pages`);
    assert.ok(outcome.lastEnd <= 90_000, `${outcome.lastEnd} ms`);
  });

  for (const bound of Object.values(bounds)) {
    test(`loses no write while ${bound.name} within the bound, and not far beyond it one`, async () => {
      const run = (delay: number) =>
        new Suite(1, handlers, { script: scriptOf(bound, delay) }).run(deployment);
      const within = await run(bound.derived);
      assert.deepEqual(within.violations, [], again(within));
      assert.equal(within.lost, 0);
      assert.equal((await run(bound.found - 20)).lost, 0);
      assert.equal((await run(bound.found + 20)).lost, 1);
    });
  }

  test('counts an unlink that a state from beyond the bound misled, and takes it for no violation', async () => {
    const script = {
      name: 'an unlink that Cognito misled',
      mistakes: [],
      async play(stage: Stage) {
        const [one, other] = [await stage.createClient(), await stage.createClient()];
        for (const client of [one, other]) await stage.said(await stage.tell('link', client));
        // By now, no state is doubted but the one just before the last write.
        await stage.sleep(UNKNOWN_MS + CLOCKS_MS);
        stage.showPast(UNKNOWN_MS + CLOCKS_MS + 5000);
        const { outcome } = await stage.said(await stage.ask('unlink', other));
        assert.equal(outcome, 'NOT_LINKED');
      },
    };
    const { violations, lostToOld, beyond } = await new Suite(1, handlers, { script }).run(
      deployment,
    );
    assert.deepEqual(violations, []);
    assert.equal(lostToOld, 1);
    assert.equal(beyond, 1, 'the ledger lacks an entry');
  });

  test('behaves the same in every run of a seed', async () => {
    const [first, second] = [new Suite(7, handlers), new Suite(7, handlers)];
    const { timeline } = await first.run(deployment);
    assert.ok(timeline.length > 50);
    assert.deepEqual((await second.run(deployment)).timeline, timeline);
  });
});
