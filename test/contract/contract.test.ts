import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Embedded, embedded } from './embedded.ts';
import { makings, planOf } from './plan.ts';
import type { Row } from './probe.ts';
import type { SessionResult } from './session.ts';
import { probes } from './suite.ts';

// The embedded AWS can't answer these; the line of each says why.
const notTried = ['organization-trail', 'request-rates'];

describe('what is believed about AWS', () => {
  let aws: Embedded;
  let result: SessionResult;
  const rowsOf = (probe: string): Row[] => result.rows.filter((row) => row.probe === probe);

  after(() => aws.close());
  before(async () => {
    aws = await embedded();
    result = await aws.session(probes, new AbortController().signal);
  });

  for (const { name, does, beliefs } of probes) {
    test(`${name}: ${does}`, () => {
      const rows = rowsOf(name);
      assert.equal(rows.length, beliefs.length);
      for (const { about, believed, verdict, seen } of rows) {
        if (notTried.includes(name)) assert.equal(verdict, 'not tried', `${about}: ${seen}`);
        else assert.equal(seen, believed, about);
      }
    });
  }

  test('each probe is in docs/contract.md', () => {
    const page = readFileSync(new URL('../../docs/contract.md', import.meta.url), 'utf8');
    for (const { name } of probes) assert.ok(page.includes(`\`${name}\``), name);
  });

  test('each belief has a unique name, a source, and a request that showed it', () => {
    const keys = result.rows.map(({ probe, about }) => `${probe}: ${about}`);
    assert.equal(new Set(keys).size, keys.length);
    for (const { probe, about, source, verdict, requestId } of result.rows) {
      assert.ok(source.length > 0, `${probe}: ${about}`);
      if (verdict === 'same')
        assert.match(requestId ?? '', /^[0-9a-f-]{36}$/, `${probe}: ${about}`);
    }
  });

  test('a run makes exactly what it announces, and removes it', () => {
    const { manifest, stuck } = result;
    for (const { kind, where, count } of makings) {
      const made = manifest.count(kind, aws[where]);
      // The embedded AWS has no CloudFormation API: the stack is deployed beside it.
      assert.equal(made, kind === 'stack' ? 0 : count, kind);
    }
    assert.deepEqual(stuck, []);
    const plan = planOf(aws.a, aws.b, { records: false });
    assert.match(
      plan,
      /Account-A 111111111111 in us-east-1: at most 4 user pools, 2 queues, 2 rules, 1 role\n/,
    );
    assert.match(plan, /Account-B 222222222222 in ap-south-1: at most 21 identity pools, 6 roles/);
  });
});
