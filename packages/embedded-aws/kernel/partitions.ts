import { partition } from '@aws-sdk/core/client';

/** The partition of a Region, from the SDK's data; `aws` for an unknown Region. */
export const partitionOf = (region: string): string => partition(region).name;

/** The DNS suffix of a Region's endpoints, from the same data. */
export const dnsSuffixOf = (region: string): string => partition(region).dnsSuffix;
