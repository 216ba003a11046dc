import { partition } from '@aws-sdk/core/client';

type Partition = ReturnType<typeof partition>;

// A request may name any text as its Region.
const MOST_KNOWN = 100;

const known = new Map<string, Partition>();

/** Every call asks, and the SDK tries its patterns in turn each time. */
function ofRegion(region: string): Partition {
  const found = known.get(region) ?? partition(region);
  if (known.size < MOST_KNOWN) known.set(region, found);
  return found;
}

/** The partition of a Region, from the SDK's data; `aws` for an unknown Region. */
export const partitionOf = (region: string): string => ofRegion(region).name;

/** The DNS suffix of a Region's endpoints, from the same data. */
export const dnsSuffixOf = (region: string): string => ofRegion(region).dnsSuffix;
