import { styleText } from 'node:util';
import type { Fault } from '../../core/failure.ts';
import { grouped } from '../../core/grouped.ts';

/** An identity pool that failed or would fail, and why. */
export interface Faulty {
  identityPoolId: string;
  links: string[];
  fault: Fault;
}

// The message without what differs between identity pools: it then says what to do about all of them.
const remedyOf = ({ identityPoolId, fault: { error, message } }: Faulty): string =>
  `${error} ${message.replaceAll(identityPoolId, '')}`;

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
    const [first] = group;
    const count = group.length > 1 ? `, for all ${group.length}` : '';
    return [...group.map(headOf), ...(first ? [faultLine(first.fault, prefix, count)] : [])];
  });

/** What comes before the error of a dry run. */
export const WOULD_FAIL = 'would fail: ';
