import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { knownRegions } from '../../core/links/regions.ts';
import { dnsSuffixOf, partitionNames, partitionOf } from '../../core/partitions.ts';

/** The part of the SDK's data that the test reads. */
interface SdkPartition {
  id: string;
  outputs: { dnsSuffix: string };
  regionRegex: string;
  regions: Record<string, object>;
}

/** The SDK's own data. The SDK exports only a lookup by Region. */
async function sdkPartitions(): Promise<SdkPartition[]> {
  const core = dirname(createRequire(import.meta.url).resolve('@aws-sdk/core/package.json'));
  const file = 'dist-es/submodules/client/util-endpoints/lib/aws/partitions.js';
  const { partitionsInfo } = await import(pathToFileURL(join(core, file)).href);
  return partitionsInfo.partitions;
}

// Beside its Regions, the SDK lists a name for services that a partition has only once.
const isRegion = (name: string): boolean => !name.endsWith('-global');

test('partitions, their domains and their Regions are those of the AWS SDK', async () => {
  const sdk = await sdkPartitions();
  assert.deepEqual(
    partitionNames.map((name) => [name, dnsSuffixOf(name)]),
    sdk.map(({ id, outputs }) => [id, outputs.dnsSuffix]),
  );
  for (const { id, regions, regionRegex } of sdk) {
    const own = Object.keys(regions).filter(isRegion);
    assert.ok(own.length > 0, id);
    // A future Region is recognized by its name; \w stands for a part that is new.
    const future = own.map((region) => region.replace(/-\w+-\d+$/, '-new-99'));
    for (const region of [...own, ...future]) {
      assert.ok(new RegExp(regionRegex).test(region), region);
      assert.equal(partitionOf(region), id, region);
    }
  }
});

test('the known Regions are those of the AWS SDK', async () => {
  const sdk = await sdkPartitions();
  const all = sdk.flatMap(({ regions }) => Object.keys(regions).filter(isRegion));
  assert.deepEqual([...knownRegions].sort(), all.sort());
});

test('a Region of no partition is recognized', () => {
  for (const region of [
    '',
    'useast1',
    'us-east',
    'mars-east-1',
    'us-isox-east-1',
    'eusc-fr-east-1',
  ]) {
    assert.equal(partitionOf(region), undefined, region);
  }
});
