import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { packagingKey } from '../../demo/package-cache.ts';
import { root, sources } from '../../demo/package-service.ts';

const asked = ['links: {}\n', 'dev', {}];

describe('a package is not reused', () => {
  let project: string;
  let installed: string;
  before(() => {
    project = mkdtempSync(join(tmpdir(), 'poolbridge-cache-'));
    for (const source of sources) {
      cpSync(join(root, source), join(project, source), { recursive: true });
    }
    mkdirSync(join(project, 'node_modules', 'some'), { recursive: true });
    installed = join(project, 'node_modules', 'some', 'index.js');
    writeFileSync(installed, 'export {};');
  });
  after(() => rmSync(project, { recursive: true }));

  test('unless nothing has changed', () => {
    const key = packagingKey(asked, project);
    mkdirSync(join(project, 'node_modules', '.cache'));
    writeFileSync(join(project, 'node_modules', '.cache', 'x'), '');
    assert.equal(packagingKey(asked, project), key);
  });

  for (const source of sources) {
    test(`after a change of ${source}`, () => {
      const key = packagingKey(asked, project);
      const path = join(project, source);
      const [first = ''] = statSync(path).isDirectory() ? globSync(`${path}/**/*.*`) : [path];
      const { atime, mtime } = statSync(first);
      appendFileSync(first, '\n');
      utimesSync(first, atime, mtime);
      assert.notEqual(packagingKey(asked, project), key);
    });
  }

  test('after a change of an installed package, though its size and time stay', () => {
    const key = packagingKey(asked, project);
    const { atime, mtime } = statSync(installed);
    writeFileSync(installed, 'import {};');
    utimesSync(installed, atime, mtime);
    assert.notEqual(packagingKey(asked, project), key);
  });

  test('for other links, another stage, other parameters or another setting of Node', () => {
    const others = [
      ['links:\n', 'dev', {}],
      ['links: {}\n', 'prod', {}],
      ['links: {}\n', 'dev', { alarmTopic: 'x' }],
    ];
    const keys = [asked, ...others].map((each) => packagingKey(each, project));
    const { NODE_OPTIONS } = process.env;
    process.env['NODE_OPTIONS'] = '--conditions=other';
    keys.push(packagingKey(asked, project));
    if (NODE_OPTIONS === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = NODE_OPTIONS;
    assert.equal(new Set(keys).size, keys.length);
  });
});
