import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

/** A finding of the engine about one element. */
interface Finding {
  ruleId: string;
  value: [policy: string, verdict: string];
  message: string;
  snippet: string;
}

interface Engine {
  Checker: new () => {
    check(root: Document | Element, rules: string[]): Promise<{ results: Finding[] }>;
  };
}

const source = readFile(
  fileURLToPath(import.meta.resolve('accessibility-checker-engine/ace-window.js')),
  'utf8',
);

/**
 * The certain violations of WCAG 2.2 A and AA on a page, or in its open dialog, one sentence each.
 *
 * @see https://github.com/IBMa/equal-access
 */
export async function barriersIn(page: Page): Promise<string[]> {
  // The engine is loaded once for each page, since it is slow.
  if (!(await page.evaluate(() => 'ace' in globalThis))) await page.evaluate(await source);
  const findings = await page.evaluate(async () => {
    const { ace } = globalThis as unknown as { ace: Engine };
    // What is behind an open dialog can't be reached, but the engine measures its distance to the dialog.
    const root = document.querySelector('dialog[open]') ?? document;
    const { results } = await new ace.Checker().check(root, ['WCAG_2_2']);
    return results;
  });
  return findings
    .filter(({ value: [policy, verdict] }) => policy === 'VIOLATION' && verdict === 'FAIL')
    .map(({ ruleId, message, snippet }) => `${ruleId}: ${message}: ${snippet}`);
}

/** Controls that the Tab key does not reach, or that show no focus when it does. */
export async function keyboardBarriers(page: Page): Promise<string[]> {
  // Each control gets a mark, to recognise it when it has the focus.
  const count = await page.evaluate(() => {
    const root = document.querySelector('dialog[open]') ?? document.body;
    const all = root.querySelectorAll<HTMLElement>(
      'a[href], button, input, select, textarea, summary, [tabindex="0"]',
    );
    const seen = [...all].filter((each) => each.checkVisibility() && !each.matches(':disabled'));
    for (const [i, each] of seen.entries()) each.dataset['expected'] = String(i);
    (document.activeElement as HTMLElement | null)?.blur();
    return seen.length;
  });
  const reached = new Map<string, boolean>();
  // An open page may get more controls meanwhile, which the Tab key reaches too.
  for (let i = 0; i < 2 * count + 20 && (i < count || reached.size < count); i++) {
    await page.keyboard.press('Tab');
    const [key, shows] = await page.evaluate((): [string, boolean] => {
      const at = document.activeElement as HTMLElement | null;
      const { outlineStyle = 'none', outlineWidth = '0' } = at ? getComputedStyle(at) : {};
      return [at?.dataset['expected'] ?? '', outlineStyle !== 'none' && outlineWidth !== '0px'];
    });
    if (key !== '') reached.set(key, shows);
  }
  const describe = (i: number) =>
    page.evaluate(
      (key) => document.querySelector(`[data-expected="${key}"]`)?.outerHTML.slice(0, 120) ?? '',
      i,
    );
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    // What the page no longer shows is not there to be reached.
    if (reached.get(String(i)) !== true && (await describe(i)) !== '') {
      const how = reached.has(String(i)) ? 'shows no focus' : 'is not reached by Tab';
      found.push(`${await describe(i)} ${how}`);
    }
  }
  return found;
}
