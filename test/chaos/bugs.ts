import type { Bug } from './bug.ts';
import { driftBugs } from './drift-bugs.ts';

const answers = 'aws/write/answers.ts';
const safeWrite = 'aws/write/safe-write.ts';
const criticalSection = 'aws/write/critical-section.ts';
const poolWriter = 'aws/write/pool-writer.ts';
const lease = 'aws/table/lease-item.ts';
const pool = 'core/identity-pool/identity-pool.ts';

/** Mistakes that were made in the code, or almost: the suite must detect each of them. */
export const bugs: Bug[] = [
  {
    name: 'no lease',
    seed: 3,
    changes: [
      {
        file: lease,
        find: 'expiresAt < :now OR expiresAt > :latest',
        replace: 'NOT expiresAt = :now OR expiresAt > :latest',
      },
    ],
  },
  {
    name: 'no rebase: the write uses the snapshot',
    seed: 1,
    changes: [
      {
        file: 'functions/describe-identity-pool.ts',
        find: '  return inShort(await pool.describe(namesIn(target.intent)));',
        replace: `  const snapshot = inShort(await pool.describe(namesIn(target.intent)));
  Object.assign(globalThis, { [\`\${execution} \${identityPoolId}\`]: snapshot });
  return snapshot;`,
      },
      {
        file: 'functions/update-identity-pool.ts',
        find: '    const tools: WriteTools = {',
        replace: `    const { describe } = pool;
    let asked = 0;
    pool.describe = async (names) =>
      asked++ === 0
        ? structuredClone(Reflect.get(globalThis, \`\${execution} \${identityPoolId}\`))
        : describe.call(pool, names);
    const tools: WriteTools = {`,
      },
    ],
  },
  {
    name: 'anyone can release the lease',
    seed: 5,
    changes: [
      {
        file: lease,
        find: `        ConditionExpression: 'nonce = :nonce',
        UpdateExpression: \`\${set`,
        replace: `        ConditionExpression: ':nonce <> pk',
        UpdateExpression: \`\${set`,
      },
      {
        file: safeWrite,
        find: '    if (Date.now() > until || !(await changesHands(table, until))) {',
        replace: `    if (Date.now() > until || !(await changesHands(table, until))) {
      await table.lease.release({ nonce: 'not mine', sequence: 0 });`,
      },
    ],
  },
  {
    name: 'a lease shorter than the function',
    seed: 4,
    changes: [
      { file: 'core/write/lease.ts', find: 'LEASE_MS = 25_000', replace: 'LEASE_MS = 2000' },
    ],
  },
  {
    name: 'AllowClassicFlow is dropped',
    seed: 1,
    changes: [
      {
        file: pool,
        find: 'const { IdentityPoolTags: tags, Roles: _,',
        replace: 'const { IdentityPoolTags: tags, AllowClassicFlow: ____, Roles: _,',
      },
    ],
  },
  {
    name: 'the merge keeps only listed members, without the SAML providers',
    seed: 2,
    changes: [
      {
        file: pool,
        find: 'const { IdentityPoolTags: tags, Roles: _,',
        replace: 'const { IdentityPoolTags: tags, SamlProviderARNs: ____, Roles: _,',
      },
    ],
  },
  {
    name: 'the old snapshot is restored when the write does not read back',
    seed: 17,
    changes: [
      {
        file: poolWriter,
        find: '        throw new VerificationError(',
        replace: `        await pool.make({ operation: 'UpdateIdentityPool', to: this.base });
        throw new VerificationError(`,
      },
      {
        file: poolWriter,
        find: '    let now = base;\n    for (const call of callsBetween(base, wanted)) {\n',
        replace: `    let now = base;
    Object.assign(this, { base });
    for (const call of callsBetween(base, wanted)) {
`,
      },
    ],
  },
  {
    name: 'a write without an answer counts as refused',
    seed: 43,
    changes: [
      {
        file: poolWriter,
        find: `      if (!isRefusal(error)) {
        await this.#resolve(call.to, write, last, error);
        this.#hasWritten = true;
        return;
      }
`,
        replace: '',
      },
    ],
  },
  {
    name: 'a write without an answer is sent again',
    seed: 24,
    changes: [
      { file: 'aws/clients/identity-pool.ts', find: 'maxAttempts: 1', replace: 'maxAttempts: 3' },
    ],
  },
  {
    name: 'a stale description is trusted',
    seed: 7,
    changes: [
      {
        file: 'core/write/lease.ts',
        find: 'if (!last || (last.seen === true && digest === last.result)) return false;',
        replace: 'return false;',
      },
    ],
  },
  {
    name: 'a verification that never looks',
    seed: 240,
    changes: [
      {
        file: 'functions/verify-identity-pool.ts',
        find: 'const missing = missingIn(now, target, result);',
        replace: 'const missing = missingIn(now, target, result).slice(0, 0);',
      },
    ],
  },
  {
    name: 'waiting requests in the table are trusted without a check',
    seed: 17,
    changes: [
      {
        file: 'aws/write/allowed.ts',
        find: "if (clientName === undefined && request.operation === 'link') return [];",
        replace: '',
      },
      { file: 'aws/write/allowed.ts', find: 'if (!coverage) return undefined;', replace: '' },
      {
        file: 'aws/write/allowed.ts',
        find: 'clientId, ...coverage.entry }',
        replace: 'clientId, serverSideTokenCheck: false, ...coverage?.entry }',
      },
      { file: 'aws/write/allowed.ts', find: 'links: coverage.links', replace: 'links: []' },
    ],
  },
  {
    name: 'a listing is published before it is complete',
    seed: 4,
    changes: [
      {
        file: 'aws/clients/user-pools.ts',
        find: 'for await (const page of listAppClients(pool, tempo)) all.push(...page);',
        replace: `for await (const page of listAppClients(pool, tempo)) {
      all.push(...page);
      break;
    }`,
      },
    ],
  },
  {
    name: 'the quota is not checked again',
    seed: 42,
    changes: [
      {
        file: 'core/write/batch.ts',
        find: 'checkQuota(wanted, changes, quota, execution);',
        replace: 'void quota;',
      },
    ],
  },
  {
    name: 'a deletion is forgotten',
    seed: 24,
    changes: [
      {
        file: criticalSection,
        find: 'const isDeleted = await this.#isDeleted();',
        replace: 'const isDeleted = false;',
      },
    ],
  },
  {
    name: 'the ledger is forgotten',
    seed: 2,
    changes: [
      {
        file: answers,
        find: 'await inParallel(entries, (entry) => table.ledger.enter(entry));',
        replace: 'void entries;',
      },
    ],
  },
  {
    name: 'reconcile links app clients again that were unlinked by request',
    seed: 38,
    changes: [
      {
        file: 'core/reconcile/classify.ts',
        find: "return { ...finding, state: 'removed', recent: true, ...unclear };",
        replace:
          "return { ...finding, repair: intent, state: 'removed', recent: true, ...unclear };",
      },
      {
        file: 'core/reconcile/classify.ts',
        find: 'return entry === undefined && ',
        replace: 'return ',
      },
    ],
  },
  {
    name: 'reconcile writes although it must only report',
    seed: 84,
    changes: [
      {
        file: 'functions/reconcile-identity-pool.ts',
        find: 'const made = repair\n',
        replace: 'const made = repair !== undefined\n',
      },
    ],
  },
  {
    name: 'a change that needs approval is written without it',
    seed: 10,
    changes: [
      {
        file: 'core/request/approval-time.ts',
        find: 'if (times.length === 0) return undefined;',
        replace: 'if (times.length >= 0) return undefined;',
      },
    ],
  },
  {
    name: 'a pause is ignored',
    seed: 16,
    changes: [
      {
        file: poolWriter,
        find: '() => checkPause(execution, writing !== undefined)',
        replace: 'undefined',
      },
    ],
  },
  {
    name: 'an undo reverts more than the execution did',
    seed: 14,
    changes: [
      {
        file: 'core/request/undo.ts',
        find: '        takeBack: changes,\n',
        replace: '',
      },
    ],
  },
  {
    name: 'a new app client that Cognito does not list yet counts as deleted',
    seed: 1,
    changes: [
      {
        file: 'functions/resolve-targets.ts',
        find: '    if (found) checkLag(request);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'the role mappings of others are not sent back',
    seed: 4,
    changes: [
      {
        file: 'aws/clients/identity-pool.ts',
        find: 'const input = { IdentityPoolId: this.#id, Roles, RoleMappings };',
        replace: `const own = Object.entries(RoleMappings).filter(([key]) => key.includes('Chaos'));
    const input = { IdentityPoolId: this.#id, Roles, RoleMappings: Object.fromEntries(own) };`,
      },
    ],
  },
  {
    name: 'unlinking the first app client removes the principal tags of its user pool',
    seed: 520,
    changes: [{ file: 'core/identity-pool/taken-back.ts', find: ' && !isUsed', replace: '' }],
  },
  {
    name: 'a link that a later request has undone is made again while Cognito may show an old state',
    seed: 2028500,
    changes: [
      {
        file: 'functions/verify-identity-pool.ts',
        find: 'missing.length === 0 && read.isDoubtful',
        replace: 'done && read.isDoubtful',
      },
    ],
  },
  ...driftBugs,
];
