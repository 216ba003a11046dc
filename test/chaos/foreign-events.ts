import type { EmbeddedAws } from 'embedded-aws';
import type { BusEvent } from 'embedded-aws/kernel/call.ts';
import { type IdentityPool, identityPoolRegion } from '../../core/identity-pool/identity-pool.ts';
import { ACCOUNT_B } from './accounts.ts';
import type { Drawn } from './drawn.ts';
import type { Random } from './random.ts';
import type { Scene } from './scene.ts';

// In milliseconds: how late CloudTrail reports a call, usually and at most.
const USUAL: [number, number] = [300, 1500];
const LATE: [number, number] = [5000, 300_000];

/** Records a foreign write in CloudTrail, and returns its event without putting it on a bus. */
function recorded({ trail, iam }: EmbeddedAws, pool: IdentityPool): BusEvent {
  const { enabled } = trail;
  trail.enabled = false;
  trail.record(
    {
      service: 'cognito-identity',
      operation: 'UpdateIdentityPool',
      input: structuredClone({ ...pool }),
      principal: iam.principalOf(ACCOUNT_B),
      account: ACCOUNT_B,
      region: identityPoolRegion(pool.IdentityPoolId),
      partition: 'aws',
      requestId: 'foreign',
      userAgent: 'foreign',
    },
    structuredClone(pool),
  );
  trail.enabled = enabled;
  const detail = trail.records.at(-1);
  if (!detail) throw new Error('CloudTrail records nothing.');
  return {
    source: 'aws.cognito-identity',
    'detail-type': 'AWS API Call via CloudTrail',
    time: String(detail['eventTime']),
    resources: [],
    detail,
  };
}

/** Records a foreign write in CloudTrail, with an event after each of these delays in milliseconds. */
export function reportForeignWrite(
  aws: EmbeddedAws,
  pool: IdentityPool,
  delays: readonly number[],
): void {
  const event = recorded(aws, pool);
  const region = identityPoolRegion(pool.IdentityPoolId);
  for (const delay of delays) setTimeout(() => aws.emit(ACCOUNT_B, region, event), delay);
}

/** The events of CloudTrail about foreign writes: most come soon, some late, twice or never, and so out of order. */
export class ForeignEvents {
  readonly #scene: Scene;
  readonly #random: Random;

  constructor(scene: Scene, random: Random) {
    this.#scene = scene;
    this.#random = random;
  }

  /** Records a foreign write, and schedules its events. */
  report(pool: IdentityPool): void {
    const delays = this.#times().map(([from, to]) => this.#random.between(from, to));
    reportForeignWrite(this.#scene.aws, pool, delays);
  }

  /** When the events come: one range for each. */
  #times(): [number, number][] {
    const drawn = this.#random.next();
    const counted = (what: Drawn, ...times: [number, number][]) => {
      this.#scene.count(what);
      return times;
    };
    if (drawn < 0.1) return counted('foreignEventLost');
    if (drawn < 0.2) return counted('foreignEventTwice', USUAL, USUAL);
    if (drawn < 0.3) return counted('foreignEventLate', LATE);
    return [USUAL];
  }
}
