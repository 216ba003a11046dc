/** A part of AWS with accounts, domains and Regions of its own, which no call crosses. */
interface Partition {
  /** As ARNs begin with it: `arn:NAME:`. */
  name: string;
  /** The domain of its endpoints and of its user pools' issuers. */
  dnsSuffix: string;
  /** The Regions that it has or may get. */
  regions: RegExp;
}

// A copy of the AWS SDK's data, which the SDK exports to no one and core, which knows no SDK, could not
// load. test/core/partitions.test.ts compares the two.
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

/** The longest name of a partition, for what must fit in any of them. */
export const longestPartitionName: string = partitionNames.reduce((a, b) =>
  b.length > a.length ? b : a,
);

/**
 * The name of the partition that a Region is in.
 *
 * @returns undefined for a Region of no known partition.
 */
export const partitionOf = (region: string): string | undefined =>
  partitions.find(({ regions }) => regions.test(region))?.name;

/** The domain of a partition's endpoints; undefined for an unknown partition. */
export const dnsSuffixOf = (partition: string): string | undefined =>
  partitions.find(({ name }) => name === partition)?.dnsSuffix;

/** What is wrong with a Region that is in no known partition, and what to do, as the end of a sentence. */
export const unknownRegion = (region: string): string =>
  `no AWS partition that Poolbridge knows has the Region ${region.slice(0, 55)}: correct the id, or update Poolbridge if the partition is new`;
