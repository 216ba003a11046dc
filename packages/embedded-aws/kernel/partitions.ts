import { partition } from '@aws-sdk/core/client';

/** The partition that a Region is in, by the SDK's own data; aws for a Region of none. */
export const partitionOf = (region: string): string => partition(region).name;

/** The domain of a Region's endpoints, by the same data. */
export const dnsSuffixOf = (region: string): string => partition(region).dnsSuffix;
