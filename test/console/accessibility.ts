import type { Page } from 'playwright-core';

/** What of WCAG 2.2 AA a page breaks, as far as a program can see it, each in a sentence. */
export async function barriersIn(page: Page): Promise<string[]> {
  return [
    ...(await page.evaluate(contrastBarriers)),
    ...(await page.evaluate(structureBarriers)),
    ...(await page.evaluate(scrollBarriers)),
    ...(await nameBarriers(page)),
  ];
}

/**
 * Text that is hard to tell from its ground. Runs in the page.
 * https://www.w3.org/TR/WCAG22/#contrast-minimum
 */
function contrastBarriers(): string[] {
  type Colour = [red: number, green: number, blue: number, alpha: number];
  const colourOf = (css: string): Colour => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue, alpha];
  };
  const over = ([r, g, b, a]: Colour, [R, G, B]: Colour): Colour => [
    r * a + R * (1 - a),
    g * a + G * (1 - a),
    b * a + B * (1 - a),
    1,
  ];
  const groundOf = (element: Element | null): Colour => {
    if (!element)
      return colourOf(matchMedia('(prefers-color-scheme: dark)').matches ? '0,0,0' : '255,255,255');
    const own = colourOf(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, groundOf(element.parentElement));
  };
  const luminance = (colour: Colour): number => {
    const [r = 0, g = 0, b = 0] = colour.slice(0, 3).map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found: string[] = [];
  const judge = (element: Element, text: string, pseudo?: string) => {
    const style = getComputedStyle(element, pseudo);
    const ground = groundOf(element);
    const [a, b] = [luminance(over(colourOf(style.color), ground)), luminance(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`"${text}" has a contrast of ${ratio.toFixed(2)}`);
  };
  const root = document.querySelector('dialog[open]') ?? document.body;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.nodeValue?.trim() ?? '';
    if (!element || text === '' || !element.checkVisibility()) continue;
    judge(element, text);
  }
  for (const input of root.querySelectorAll('input[placeholder]')) {
    judge(input, input.getAttribute('placeholder') ?? '', '::placeholder');
  }
  return found;
}

/** Headings that skip a level, landmarks that are missing, targets too small. Runs in the page. */
function structureBarriers(): string[] {
  const found: string[] = [];
  const say = (holds: boolean, sentence: string) => {
    if (!holds) found.push(sentence);
  };
  const all = (selector: string) =>
    [...document.querySelectorAll<HTMLElement>(selector)].filter((each) => each.checkVisibility());
  say(document.documentElement.lang === 'en', 'the page does not say its language');
  say(document.title !== '', 'the page has no title');
  say(all('main').length === 1 && all('header').length === 1, 'a landmark is missing');
  const open = document.querySelector('dialog[open]');
  const headings = all('h1, h2, h3, h4').filter((each) => !each.closest('dialog'));
  say(headings.filter(({ tagName }) => tagName === 'H1').length === 1, 'there is not one h1');
  const levels = headings.map(({ tagName }) => Number(tagName[1]));
  for (const [i, level] of levels.entries()) {
    const before = levels[i - 1] ?? 0;
    say(level <= before + 1, `the heading "${headings[i]?.textContent}" skips a level`);
  }
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  say(new Set(ids).size === ids.length, 'an id is there twice');
  for (const each of all('[aria-labelledby]')) {
    const label = document.getElementById(each.getAttribute('aria-labelledby') ?? '');
    say(label !== null, `${each.outerHTML.slice(0, 80)} is labelled by nothing`);
  }
  for (const each of all(open ? 'dialog button' : 'button, select, input')) {
    const { width, height } = each.getBoundingClientRect();
    say(width >= 24 && height >= 24, `"${each.textContent}" is ${width} by ${height} pixels`);
  }
  for (const each of all('th'))
    say(each.hasAttribute('scope'), `th ${each.textContent} has no scope`);
  return found;
}

/** What scrolls, and no key reaches it. Runs in the page. https://www.w3.org/TR/WCAG22/#keyboard */
function scrollBarriers(): string[] {
  const found: string[] = [];
  for (const each of document.querySelectorAll<HTMLElement>('body *')) {
    const { overflowX, overflowY } = getComputedStyle(each);
    const isWide = /auto|scroll/.test(overflowX) && each.scrollWidth > each.clientWidth;
    const isHigh = /auto|scroll/.test(overflowY) && each.scrollHeight > each.clientHeight;
    const isReached = each.tabIndex >= 0 || each.querySelector('button, a, input, textarea');
    if ((isWide || isHigh) && !isReached) found.push(`.${each.className} scrolls by no key`);
  }
  return found;
}

const named = new Set([
  ...['button', 'link', 'textbox', 'combobox', 'dialog', 'region', 'listbox', 'img'],
]);

interface AxNode {
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  backendDOMNodeId?: number;
}

/** What one can act on and that says nothing, in the tree that a screen reader is given. */
async function nameBarriers(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  try {
    const { nodes } = (await session.send('Accessibility.getFullAXTree')) as { nodes: AxNode[] };
    return nodes
      .filter(({ ignored, role, name }) => !ignored && named.has(role?.value ?? '') && !name?.value)
      .map(({ role, backendDOMNodeId }) => `a ${role?.value} has no name (${backendDOMNodeId})`);
  } finally {
    await session.detach();
  }
}

/** What one can act on and no Tab reaches, or that shows no focus when it does. */
export async function keyboardBarriers(page: Page): Promise<string[]> {
  // Marked, since what is reached must be just this.
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
  for (let i = 0; i < count + 3; i++) {
    await page.keyboard.press('Tab');
    const [key, shows] = await page.evaluate((): [string, boolean] => {
      const at = document.activeElement as HTMLElement | null;
      const { outlineStyle = 'none', outlineWidth = '0' } = at ? getComputedStyle(at) : {};
      return [at?.dataset['expected'] ?? '', outlineStyle !== 'none' && outlineWidth !== '0px'];
    });
    reached.set(key, shows);
  }
  const describe = (i: number) =>
    page.evaluate(
      (key) => document.querySelector(`[data-expected="${key}"]`)?.outerHTML.slice(0, 120) ?? '',
      i,
    );
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    if (reached.get(String(i)) !== true) {
      const how = reached.has(String(i)) ? 'shows no focus' : 'is reached by no Tab';
      found.push(`${await describe(i)} ${how}`);
    }
  }
  return found;
}
