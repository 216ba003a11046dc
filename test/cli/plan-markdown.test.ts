import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { amountOfReport, amountOfResults } from '../../cli/output/amount.ts';
import { planMarkdown } from '../../cli/output/plan-markdown.ts';
import type { ReconcileReport } from '../../cli/output/reconcile-table.ts';
import type { TargetReport } from '../../core/request/outcome.ts';

const POOL = 'ap-south-1:00000000-0000-0000-0000-000000000001';
const USER_POOL = 'us-east-1_EXAMPLE12';
const providerName = `cognito-idp.us-east-1.amazonaws.com/${USER_POOL}`;

type Pools = NonNullable<ReconcileReport['identityPools']>;
type Entry = Extract<Pools[number], { entries: unknown }>['entries'][number];

const missing = (i: number, more: Partial<Entry> = {}): Entry => ({
  state: 'missing',
  repair: 'link',
  providerName,
  clientId: `client${i}`,
  clientName: `app-${i}`,
  ...more,
});

const poolOf = (entries: Entry[], more: object = {}): Pools[number] =>
  ({ identityPoolId: POOL, links: ['mobile'], counts: {}, entries, ...more }) as Pools[number];

function planOf(identityPools: Pools): string {
  const report = { identityPools };
  const apply = 'poolbridge reconcile --repair --stage prod';
  const about = {
    stage: 'prod',
    amount: amountOfReport(report),
    apply,
    resume: 'poolbridge resume',
    names: new Map(),
  };
  return planMarkdown(report, about).join('\n');
}

describe('a plan as Markdown', () => {
  test('does not say just now, since it is read later', () => {
    const { repair: _, ...removed } = missing(1, {
      state: 'removed',
      unlinked: true,
      recent: true,
    });
    const plan = planOf([poolOf([removed])]);
    assert.match(plan, /\| removed, unlinked by request, in the minute before this plan \|/);
  });

  test('has a table for each identity pool, what is left to a person, and the command that applies it', () => {
    const orphan = missing(2, { state: 'orphaned', repair: 'unlink' });
    const { repair: _, ...uncovered } = missing(3, { state: 'uncovered' });
    const refused = missing(4, { refused: 'ProviderQuotaError' });
    const wouldFail = { error: 'ProviderQuotaError', message: 'No room.' };
    const plan = planOf([
      poolOf([missing(1), orphan, refused, uncovered], { wouldFail }),
      poolOf([], { identityPoolId: 'ap-south-1:2' }),
    ]);
    assert.equal(
      plan,
      `## Poolbridge plan, stage \`prod\`

**1 to add, 1 to remove, 1 refused.**

### \`${POOL}\` (\`mobile\`)

|  | App client | Id | User pool |  |
| --- | --- | --- | --- | --- |
| ➕ | \`app-1\` | \`client1\` | \`${USER_POOL}\` |  |
| ➖ | \`app-2\` | \`client2\` | \`${USER_POOL}\` |  |
| ⚠️ | \`app-4\` | \`client4\` | \`${USER_POOL}\` | refused: \`ProviderQuotaError\` |

<details><summary>For a person to decide: 1</summary>

| State | App client | Id | User pool |
| --- | --- | --- | --- |
| uncovered | \`app-3\` | \`client3\` | \`${USER_POOL}\` |

</details>

> **\`ProviderQuotaError\`**: \`No room.\`

### \`ap-south-1:2\` (\`mobile\`)

Nothing would change.

To apply:

\`\`\`sh
poolbridge reconcile --repair --stage prod
\`\`\``,
    );
  });

  test('folds long tables, and fits one comment whatever it holds', () => {
    const folded = planOf([poolOf(Array.from({ length: 21 }, (_, i) => missing(i)))]);
    assert.match(folded, /<details><summary>21 changes<\/summary>\n\n\| /);
    const pools = Array.from({ length: 250 }, (_, i) =>
      poolOf(
        Array.from({ length: 40 }, (_, j) => missing(j)),
        { identityPoolId: POOL.replace(/\d{3}$/, String(i).padStart(3, '0')) },
      ),
    );
    const long = planOf(pools);
    assert.ok(long.length <= 65_536, `${long.length} characters`);
    assert.equal(long.match(/^### /gm)?.length, 250);
    assert.match(long, /^Left out, since a comment has no room for it\.$/m);
    assert.match(long, /^\*\*10000 to add\.\*\*$/m);
  });

  test('shows names of others as code, so that they mention no one and end no cell', () => {
    const plan = planOf([poolOf([missing(1, { clientName: 'a|b`@team #1 <b>' })])]);
    assert.ok(plan.includes('| ``a\\|b`@team #1 <b>`` |'), plan);
    assert.equal(plan.split('\n').filter((line) => line.includes('@team')).length, 1);
  });

  test('shows a dry run of link: entries with their names, and what is beside them', () => {
    const results = [
      {
        identityPoolId: POOL,
        links: ['mobile'],
        outcome: 'PLANNED',
        needsApproval: true,
        changes: [
          { op: 'add', provider: { ProviderName: providerName, ClientId: 'one' } },
          { op: 'tag', provider: { ProviderName: providerName }, principalTags: { team: 'team' } },
        ],
      },
      { identityPoolId: 'other', links: [], outcome: 'FAILED', error: 'E', message: 'No.' },
    ] as unknown as TargetReport[];
    const plan = planMarkdown(
      { results },
      {
        stage: 'dev',
        amount: amountOfResults(results),
        apply: 'poolbridge link',
        resume: 'poolbridge resume',
        names: new Map([['one', 'web']]),
      },
    );
    assert.ok(plan.includes(`| ➕ | \`web\` | \`one\` | \`${USER_POOL}\` |  |`), plan.join('\n'));
    assert.match(plan.join('\n'), /\| ➕ \| {2}\| {2}\| {2}\| `principal tags of .*"team".*` \|/);
    assert.ok(plan.includes('A person must approve it before it is written.'));
    assert.ok(plan.includes('> **`E`**: `No.`'));
  });

  test('does not say that nothing would change if it failed', () => {
    const failure = { error: 'TargetAccessDeniedError', message: 'Refused.' };
    const about = { stage: 'dev', apply: 'apply', resume: 'resume', names: new Map(), failure };
    const planFor = (identityPools: Pools) => {
      const report = { identityPools };
      return planMarkdown(report, { ...about, amount: amountOfReport(report) }).join('\n');
    };
    const failed: Pools[number] = { identityPoolId: 'other', links: ['web'], failure };
    assert.match(planFor([failed]), /\*\*The identity pool failed\.\*\*/);
    assert.match(
      planFor([failed, poolOf([missing(1)])]),
      /\*\*1 to add\. 1 of 2 identity pools failed\.\*\*/,
    );
    assert.match(planFor([]), /\*\*The plan failed\.\*\*\n\n> .*`Refused\.`/);
  });
});
