import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { auditPage } from '../../cli/output/audit-page.ts';
import { auditSheet } from '../../cli/output/audit-sheet.ts';
import { auditTable } from '../../cli/output/audit-table.ts';
import { sheetAsCsv } from '../../cli/output/sheet.ts';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { openBrowser, withoutBrowser } from '../console/browser.ts';

const scope = {
  stage: 'dev',
  account: '111111111111',
  region: 'us-east-1',
  from: '2026-01-01T00:00:00Z',
  until: '2026-02-01T00:00:00Z',
  omitted: 3,
};

const execution = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link';

const recordOf = (i: number): AuditRecord => ({
  execution: `${execution}:00000000-0000-0000-0000-${String(i).padStart(12, '0')}`,
  machine: 'link',
  source: 'history',
  status: 'SUCCEEDED',
  started: new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString(),
  seconds: 3,
  operation: 'link',
  userPoolId: 'us-east-1_EXAMPLE12',
  clientId: `client${i}`.padEnd(26, '0'),
  requestedBy: {
    via: 'cloudtrail',
    principalArn: 'arn:aws:sts::111111111111:assumed-role/a-rather-long-role-name/session',
    eventId: '00000000-0000-0000-0000-000000000000',
  },
  identityPoolId: 'ap-south-1:00000000-0000-0000-0000-000000000001',
  links: ['mobile'],
  outcome: 'LINKED',
  changes: [
    {
      op: 'add',
      provider: {
        ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE12',
        ClientId: `client${i}`.padEnd(26, '0'),
        ServerSideTokenCheck: false,
      },
    },
  ],
  verified: 'read back under the lease, and once more after it',
  sessionName: 'session',
});

const pageOf = (count: number): string =>
  auditPage(
    scope,
    Array.from({ length: count }, (_, i) => recordOf(i)),
    scope.until,
  );

const ROWS = 10_000;

describe('the audit as one HTML file', () => {
  const html = pageOf(ROWS);

  test('has its rows in parts that a browser can skip, and no part grows with their number', () => {
    const parts = html.split('<section>').slice(1);
    assert.equal(parts.length, ROWS / 100);
    for (const part of parts) {
      assert.equal(part.match(/<th scope="row">/g)?.length, 100);
      assert.equal(part.match(/<thead>/g)?.length, 1);
    }
    assert.match(
      html,
      /section \{ content-visibility: auto; contain-intrinsic-size: auto \d+rem; }/,
    );
    const rowBytes = (html.length - pageOf(100).length) / (ROWS - 100);
    assert.ok(rowBytes < 1500, `${rowBytes} bytes for each record`);
    assert.doesNotMatch(html, /<script|style=/);
  });

  test('says how many records it leaves out', () => {
    assert.match(html, /<dd>3 records of what wrote nothing; --all has them<\/dd>/);
    assert.doesNotMatch(auditPage({ ...scope, omitted: 0 }, [], ''), /Left out/);
  });

  test('says of a dry run that the request would fail, and why, as the CSV does', () => {
    const wouldFail = { error: 'ProviderQuotaError', message: 'Unlink one, or raise the quota.' };
    const records = [{ ...recordOf(0), outcome: 'PLANNED', changes: [], wouldFail }, recordOf(1)];
    const page = auditPage(scope, records, scope.until);
    assert.match(page, /<dd>would fail: ProviderQuotaError 1, LINKED 1<\/dd>/);
    assert.match(
      page,
      /<strong>would fail: ProviderQuotaError<\/strong><br><small>Unlink one, or raise the quota\.<\/small>/,
    );
    const [head = '', planned = '', linked = ''] = sheetAsCsv(auditSheet(records)).split('\r\n');
    const cellOf = (name: string, row: string) =>
      row.match(/("[^"]*"|[^,]*)(,|$)/g)![head.split(',').indexOf(name)]!.replace(/,$/, '');
    const cells = ['outcome', 'changes', 'error', 'message', 'wouldFail'];
    assert.deepEqual(
      cells.map((name) => cellOf(name, planned)),
      ['PLANNED', '', '', '', '"ProviderQuotaError: Unlink one, or raise the quota."'],
    );
    assert.deepEqual([cellOf('outcome', linked), cellOf('wouldFail', linked)], ['LINKED', '']);
  });

  test('says what a result leaves to a person, as the table and the CSV do', () => {
    const cancelled = recordOf(2).changes;
    const record: AuditRecord = {
      ...recordOf(1),
      uncovered: ['issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE12'],
      linkedSince: ['late-one', 'late-two'],
      cancelled,
    };
    const page = auditPage(scope, [record], scope.until);
    const [short, wide] = [80, Number.POSITIVE_INFINITY].map((width) =>
      auditTable([record], { width, isWide: width > 80 }).join('\n'),
    );
    for (const shown of [page, short, wide]) {
      assert.match(shown!, /so they are uncovered\. To keep them, set issuer: both/);
      assert.match(shown!, /so not unlinked: late-one, late-two\. To unlink them, ask again\./);
    }
    assert.match(page, /cancelled in the same write:<\/small><ins>\+ add .*client2/);
    const [head = [], [row = []] = []] = Object.values(auditSheet([record]));
    const cell = (name: string) => row[(head as string[]).indexOf(name)];
    assert.equal(cell('uncovered'), record.uncovered![0]);
    assert.equal(cell('linkedSince'), 'late-one late-two');
    assert.match(String(cell('cancelled')), /^add .*client2/);
  });

  describe('in a browser', { skip: withoutBrowser }, () => {
    let browser: Browser;
    let page: Page;
    before(async () => {
      browser = await openBrowser();
      page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      await page.setContent(pageOf(1000), { waitUntil: 'load' });
    });
    after(() => browser.close());

    const isLaidOut = (row: 'first' | 'last') =>
      page
        .locator('tbody tr')
        [row]()
        .evaluate((at) => at.checkVisibility({ contentVisibilityAuto: true }));
    const read = (script: string) => page.evaluate(script);
    const overflow = 'document.documentElement.scrollWidth - innerWidth';

    test('lays out only what is near the screen', async () => {
      assert.deepEqual([await isLaidOut('first'), await isLaidOut('last')], [true, false]);
      assert.ok(Number(await read(overflow)) <= 0);
    });

    test('fits a phone, with the head of each cell before it', async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      assert.ok(Number(await read(overflow)) <= 0);
      const cell = "getComputedStyle(document.querySelector('tbody td'), '::before').content";
      assert.equal(await read(cell), '"Requested by"');
      assert.equal(await read("getComputedStyle(document.querySelector('thead')).display"), 'none');
    });

    test('is on paper as a table, light and complete', async () => {
      await page.setViewportSize({ width: 1050, height: 800 });
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      assert.deepEqual([await isLaidOut('first'), await isLaidOut('last')], [true, true]);
      assert.ok(Number(await read(overflow)) <= 0);
      const head = "getComputedStyle(document.querySelector('section:last-of-type thead')).display";
      assert.equal(await read(head), 'table-header-group');
      const background = 'getComputedStyle(document.body).backgroundColor';
      assert.equal(await read(background), 'rgb(255, 255, 255)');
    });
  });
});
