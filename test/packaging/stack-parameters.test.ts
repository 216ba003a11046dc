import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { packagedService } from '../../demo/package-cache.ts';
import type { Artifact } from '../../demo/package-service.ts';
import KeptTablePlugin from '../../packaging/kept-table-plugin.ts';

const KEY = 'arn:aws:kms:us-east-1:111111111111:key/12345678-1234-1234-1234-123456789012';

interface Resource {
  Type: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  Properties: Record<string, unknown>;
}

function resourcesIn(folder: string): [string, Resource][] {
  const file = join(folder, 'cloudformation-template-update-stack.json');
  const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as {
    Resources: Record<string, Resource>;
  };
  return Object.entries(Resources);
}

const kept = ([, { DeletionPolicy }]: [string, Resource]) => DeletionPolicy !== undefined;

const logGroups = (folder: string) => {
  const found = resourcesIn(folder).filter(([, { Type }]) => Type === 'AWS::Logs::LogGroup');
  assert.ok(found.length >= 16, `${found.length} log groups`);
  return found;
};

describe('the parameters of the stack', () => {
  let changed: Artifact;
  const byDefault = process.env['POOLBRIDGE_ARTIFACT'] ?? '';
  before(async () => {
    changed = await packagedService('links: {}\n', 'dev', {
      logsKmsKey: KEY,
      tableOnRemove: 'delete',
    });
  });
  after(() => changed.remove());

  test('keep only the table when the stack is removed, unless a parameter says otherwise', () => {
    const [[id, table] = [], ...more] = resourcesIn(byDefault).filter(kept);
    assert.ok(id === 'PoolTable' && table);
    assert.deepEqual(more, []);
    assert.deepEqual([table.DeletionPolicy, table.UpdateReplacePolicy], ['Retain', 'Retain']);
    assert.equal(table.Properties['DeletionProtectionEnabled'], true);
    assert.deepEqual(table.Properties['PointInTimeRecoverySpecification'], {
      PointInTimeRecoveryEnabled: true,
    });
    // CloudFormation imports a table only if the template itself sets its name.
    assert.equal(table.Properties['TableName'], 'poolbridge-dev');

    const [[, deleted] = []] = resourcesIn(changed.folder).filter(kept);
    assert.equal(deleted?.DeletionPolicy, 'Delete');
    assert.equal(deleted?.Properties['DeletionProtectionEnabled'], false);
  });

  test('encrypt every log group with the KMS key that they name', () => {
    for (const [id, { Properties }] of logGroups(changed.folder)) {
      assert.equal(Properties['KmsKeyId'], KEY, id);
    }
    for (const [id, { Properties }] of logGroups(byDefault)) {
      assert.equal(Properties['KmsKeyId'], undefined, id);
    }
  });

  test('are refused if they do not name a KMS key, before anything is packaged', async () => {
    await assert.rejects(packagedService('links: {}\n', 'dev', { logsKmsKey: 'alias/logs' }), {
      message: /logsKmsKey is "alias\/logs", which is not the ARN of a KMS key\. Use one like/,
    });
  });

  test('make the change set of the next stack import a table that was kept', () => {
    const deploying = {
      stack: 'poolbridge-dev',
      getCreateChangeSetParams(type: unknown) {
        return { StackName: this.stack, ChangeSetType: type };
      },
    };
    const plugins = [{}, deploying];
    new KeptTablePlugin({ pluginManager: { plugins } }).hooks['before:deploy:deploy']();
    assert.deepEqual(deploying.getCreateChangeSetParams('UPDATE'), {
      StackName: 'poolbridge-dev',
      ChangeSetType: 'UPDATE',
      ImportExistingResources: true,
    });
  });
});
