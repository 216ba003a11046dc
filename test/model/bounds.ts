import { type Bound, DELETE_A, LINK_A, LINK_B, UNLINK_A, UNLINK_ALL } from './world.ts';

type Kind = keyof Bound['faults'];

/** The given kinds of faults, each at most once. */
export function faults(...kinds: Kind[]): Bound['faults'] {
  const may = (kind: Kind): number => Number(kinds.includes(kind));
  return {
    crash: may('crash'),
    stall: may('stall'),
    lost: may('lost'),
    refused: may('refused'),
    foreign: may('foreign'),
  };
}

/** A bound with these requests, in which only what `more` allows may happen. */
export const bound = (requests: Bound['requests'], more: Partial<Bound> = {}): Bound => ({
  requests,
  reconcile: false,
  waiting: false,
  linkedBefore: false,
  faults: faults(),
  ...more,
});

interface Named {
  name: string;
  bound: Bound;
}

const THREE = [LINK_A, LINK_B, UNLINK_A];
const TWO = [LINK_A, UNLINK_A];
const WHOLE = [LINK_A, UNLINK_ALL, LINK_B];

/** The bounds that the test checks. */
export const SMALL: Named[] = [
  {
    name: 'two writers and a call whose answer is lost',
    bound: bound(TWO, { linkedBefore: true, faults: faults('lost') }),
  },
  {
    name: 'two writers, a refused call and the foreign writer',
    bound: bound(TWO, { linkedBefore: true, faults: faults('refused', 'foreign') }),
  },
  {
    name: 'two writers that wait, and a refused call',
    bound: bound(TWO, { waiting: true, linkedBefore: true, faults: faults('refused') }),
  },
  {
    name: 'a link and an unlink of the whole user pool that wait, and a refused call',
    bound: bound([LINK_A, UNLINK_ALL], {
      waiting: true,
      linkedBefore: true,
      faults: faults('refused'),
    }),
  },
];

/** The bounds that `npm run model` checks. */
export const LARGE: Named[] = [
  { name: 'three writers', bound: bound(THREE, { linkedBefore: true }) },
  {
    name: 'three writers that wait, one is killed or stopped',
    bound: bound(THREE, { waiting: true, faults: faults('crash') }),
  },
  {
    name: 'three writers that wait, a call whose answer is lost',
    bound: bound(THREE, { waiting: true, faults: faults('lost') }),
  },
  {
    name: 'three writers that wait, the foreign writer, a call that is refused',
    bound: bound(THREE, { waiting: true, faults: faults('foreign', 'refused') }),
  },
  {
    name: 'two writers, and each kind of fault except a lost lease',
    bound: bound(TWO, {
      linkedBefore: true,
      faults: faults('crash', 'lost', 'refused', 'foreign'),
    }),
  },
  {
    name: 'two writers, a lease that is lost while its holder lives',
    bound: bound(TWO, { linkedBefore: true, faults: faults('stall') }),
  },
  {
    name: 'a link and a deletion, one is killed or stopped, the foreign writer',
    bound: bound([LINK_A, DELETE_A], { linkedBefore: true, faults: faults('crash', 'foreign') }),
  },
  {
    name: 'two writers and reconcile, one is killed or stopped',
    bound: bound(TWO, { reconcile: true, linkedBefore: true, faults: faults('crash') }),
  },
  {
    name: 'two links and an unlink of the whole user pool that wait, one is killed or stopped',
    bound: bound(WHOLE, { waiting: true, linkedBefore: true, faults: faults('crash') }),
  },
  {
    name: 'two links and an unlink of the whole user pool that wait, a call whose answer is lost',
    bound: bound(WHOLE, { waiting: true, linkedBefore: true, faults: faults('lost') }),
  },
];
