/** A partition of AWS. It has its own accounts, domains and Regions, and no call crosses into another. */
interface Partition {
  /** As in an ARN: `arn:NAME:…`. */
  name: string;
  /** The domain of its endpoints and of its user pools' issuers. */
  dnsSuffix: string;
  /** The Regions that it has or may get. */
  regions: RegExp;
}

// A copy of the AWS SDK's data, which the SDK does not export. test/core/partitions.test.ts compares the two.
const partitions: readonly Partition[] = [
  {
    name: 'aws',
    dnsSuffix: 'amazonaws.com',
    regions: /^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/,
  },
  { name: 'aws-cn', dnsSuffix: 'amazonaws.com.cn', regions: /^cn-\w+-\d+$/ },
  { name: 'aws-eusc', dnsSuffix: 'amazonaws.eu', regions: /^eusc-(de)-\w+-\d+$/ },
  { name: 'aws-iso', dnsSuffix: 'c2s.ic.gov', regions: /^us-iso-\w+-\d+$/ },
  { name: 'aws-iso-b', dnsSuffix: 'sc2s.sgov.gov', regions: /^us-isob-\w+-\d+$/ },
  { name: 'aws-iso-e', dnsSuffix: 'cloud.adc-e.uk', regions: /^eu-isoe-\w+-\d+$/ },
  { name: 'aws-iso-f', dnsSuffix: 'csp.hci.ic.gov', regions: /^us-isof-\w+-\d+$/ },
  { name: 'aws-us-gov', dnsSuffix: 'amazonaws.com', regions: /^us-gov-\w+-\d+$/ },
];

/** The names of all partitions. */
export const partitionNames: readonly string[] = partitions.map(({ name }) => name);

/** The longest name of a partition, for texts that must fit in every partition. */
export const longestPartitionName: string = partitionNames.reduce((a, b) =>
  b.length > a.length ? b : a,
);

/**
 * The name of the partition that a Region is in.
 *
 * @returns undefined if no known partition has the Region.
 */
export const partitionOf = (region: string): string | undefined =>
  partitions.find(({ regions }) => regions.test(region))?.name;

/** The domain of a partition's endpoints; undefined for an unknown partition. */
export const dnsSuffixOf = (partition: string): string | undefined =>
  partitions.find(({ name }) => name === partition)?.dnsSuffix;

/** The end of a sentence about a Region that no known partition has: what is wrong and what to do. */
export const unknownRegion = (region: string): string =>
  `no AWS partition that Poolbridge knows has the Region ${region.slice(0, 55)}: correct the id, or update Poolbridge if the partition is new`;
