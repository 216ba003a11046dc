import type { Bug } from './bug.ts';

const rechecks = 'aws/table/rechecks.ts';

/** Mistakes about what others do to identity pools, and about events that are lost. */
export const driftBugs: Bug[] = [
  {
    name: 'an entry is restored whenever it is gone',
    seed: 110,
    changes: [
      {
        file: 'core/reconcile/restore.ts',
        find: 'return restore.times.length >= MOST_RESTORES && last - first <= WITHIN_MS;',
        replace: 'return restore.times.length < 0 && last - first <= WITHIN_MS;',
      },
    ],
  },
  {
    name: 'an entry that is no longer restored is not reported',
    seed: 110,
    changes: [
      {
        file: 'core/reconcile/removed.ts',
        find: 'if (!lost) return [];',
        replace: 'if (!lost || braked) return [];',
      },
    ],
  },
  {
    name: 'what a person unlinked is restored',
    seed: 60,
    changes: [
      {
        file: 'core/reconcile/classify.ts',
        find: "if (before.state !== 'linked') return { ...finding, state: 'removed' };",
        replace: '',
      },
    ],
  },
  {
    name: 'what others removed is restored although its link says tell',
    seed: 60,
    changes: [
      {
        file: 'core/reconcile/classify.ts',
        find: 'if (!want.restores) return lost;',
        replace: '',
      },
    ],
  },
  {
    name: 'what others removed stays removed although its link says restore',
    seed: 60,
    changes: [
      {
        file: 'core/reconcile/classify.ts',
        find: 'if (!want.restores) return lost;',
        replace: 'if (want) return lost;',
      },
    ],
  },
  {
    name: 'a recheck runs beside another',
    seed: 176,
    changes: [
      {
        file: rechecks,
        find: "'endsBy > :now AND (attribute_not_exists(asker) OR asker <> :asker)'",
        replace: "'endsBy > :now AND asker = :yes AND NOT asker = :asker'",
      },
      {
        file: rechecks,
        find: "'attribute_not_exists(endsBy) OR endsBy <= :now'",
        replace: "'attribute_not_exists(endsBy) OR NOT endsBy = :now'",
      },
    ],
  },
  {
    name: 'a sweep forgets where it stopped',
    seed: 164,
    changes: [
      {
        file: 'functions/sweep.ts',
        find: 'if (last !== undefined) await sweeps.keep(last);',
        replace: 'void last;',
      },
    ],
  },
  {
    name: 'a sweep does not see that an app client is gone',
    seed: 164,
    changes: [
      {
        file: 'core/reconcile/sweep.ts',
        find: '!clients.has(clientId) &&',
        replace: 'clients.has(clientId) && !clients.has(clientId) &&',
      },
    ],
  },
];
