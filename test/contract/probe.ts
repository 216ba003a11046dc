import type { World } from './world.ts';

/** A fact that a probe observes, and the value that the code relies on. */
interface Belief {
  /** The fact in a few words; unique within its probe. */
  about: string;
  /** The answer that the code relies on. It holds if the probe sees the same text. */
  believed: string;
  /** An AWS page, or the reason for the belief without one. */
  source: string;
}

/** The observed value, and the id of the request that showed it. */
export interface Seen {
  seen: string;
  requestId?: string | undefined;
  /** More than the comparison needs, such as the text of an error or a time in milliseconds. */
  detail?: string | undefined;
}

/** Why a question was not asked. */
export interface NotTried {
  notTried: string;
}

export type Observation = Seen | NotTried;

/**
 * One experiment. It observes and asserts nothing: the results are compared with the beliefs
 * afterwards, so that one wrong belief hides no other result.
 */
export interface Probe {
  /** Unique; `--only` takes it. */
  name: string;
  /** What the probe does, in one sentence. */
  does: string;
  beliefs: Belief[];
  /** The key is the `about` of the belief. */
  observe(world: World): Promise<Record<string, Observation>>;
}

export const ASSUMPTION = 'assumption';

export type Verdict = 'same' | 'different' | 'not tried' | 'failed';

/** One line of the table. */
export interface Row {
  probe: string;
  about: string;
  believed: string;
  source: string;
  verdict: Verdict;
  seen: string;
  requestId?: string | undefined;
  detail?: string | undefined;
}

type Compared = Pick<Row, 'verdict' | 'seen' | 'requestId' | 'detail'>;

function compared({ believed }: Belief, observation: Observation | undefined): Compared {
  if (!observation) return { verdict: 'failed', seen: 'the probe says nothing about it' };
  if ('notTried' in observation) return { verdict: 'not tried', seen: observation.notTried };
  const { seen, requestId, detail } = observation;
  return { verdict: seen === believed ? 'same' : 'different', seen, requestId, detail };
}

const rowsOf = (probe: Probe, compare: (belief: Belief) => Compared): Row[] =>
  probe.beliefs.map((belief) => {
    const { about, believed, source } = belief;
    const { verdict, seen, requestId, detail } = compare(belief);
    return { probe: probe.name, about, believed, source, verdict, seen, requestId, detail };
  });

/** The lines of a probe that ended. */
export const rowsFrom = (probe: Probe, observed: Record<string, Observation>): Row[] =>
  rowsOf(probe, (belief) => compared(belief, observed[belief.about]));

/**
 * The lines of a probe that ended with an error: `not tried` if the embedded AWS lacks what the
 * probe needs, otherwise `failed`, which says nothing about AWS.
 */
export const rowsOfError = (probe: Probe, { name, message }: Error): Row[] =>
  rowsOf(probe, () => ({
    verdict: name === 'NotImplemented' ? 'not tried' : 'failed',
    seen: name === 'NotImplemented' ? message : `${name}: ${message}`,
  }));
