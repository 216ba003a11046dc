import { styleText } from 'node:util';
import type { Fault } from '../../core/failure.ts';
import { grouped } from '../../core/grouped.ts';
import { sentence } from '../../core/sentence.ts';

/** An identity pool that failed or would fail, and why. */
export interface Faulty {
  identityPoolId: string;
  links: string[];
  fault: Fault;
}

// The message without what differs between identity pools: it then says what to do about all of them.
const remedyOf = ({ identityPoolId, fault: { error, message } }: Faulty): string =>
  `${error} ${message.replaceAll(identityPoolId, '')}`;

// More would fill the terminal, and each has its own line anyway.
const MOST_NAMED = 3;

/** The error of several identity pools. A message that names the first of them goes on with the others. */
function sharedFault([first, ...others]: [Faulty, ...Faulty[]]): Fault {
  const { identityPoolId, fault } = first;
  if (others.length === 0 || !fault.message.includes(identityPoolId)) return fault;
  const rest =
    others.length <= MOST_NAMED
      ? others.map((other) => other.identityPoolId).join(', ')
      : `the other ${others.length} identity pools above`;
  return { ...fault, message: `${sentence(fault.message)} The same applies to ${rest}.` };
}

/** An error as a line. */
export const faultLine = ({ error, message }: Fault, prefix = '', count = ''): string =>
  `  ${prefix}${styleText('red', error)}${count}: ${message}`;

/**
 * Identity pools that failed or would fail: one line for each, and each remedy once.
 *
 * @param headOf the line of an identity pool.
 * @param prefix what comes before the error.
 */
export const remedyLines = (
  pools: Faulty[],
  headOf: (pool: Faulty) => string,
  prefix = '',
): string[] =>
  [...grouped(pools, remedyOf).values()].flatMap((group) => {
    const [first, ...others] = group;
    if (!first) return [];
    const count = others.length > 0 ? `, for all ${group.length}` : '';
    return [...group.map(headOf), faultLine(sharedFault([first, ...others]), prefix, count)];
  });

/** What comes before the error of a dry run. */
export const WOULD_FAIL = 'would fail: ';
