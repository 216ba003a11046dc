import { visibleText } from '../../core/visible.ts';

type Value = string | number | boolean | undefined;
export type Child = Node | string | false | undefined | Child[];
export type Attributes = Record<string, Value>;

const SVG = 'http://www.w3.org/2000/svg';

// The policy of the page forbids style attributes, but allows setting styles from a script.
function put(element: HTMLElement | SVGElement, name: string, value: Value): void {
  if (value === undefined || value === false) return;
  const text = value === true ? '' : String(value);
  if (name === 'style') element.style.cssText = text;
  // A link must not run a script: it leads within the page or to a web site.
  else if (name !== 'href' || /^(#|https:\/\/)/.test(text)) element.setAttribute(name, text);
}

function filled<E extends HTMLElement | SVGElement>(
  element: E,
  attributes: Attributes,
  children: Child[],
): E {
  for (const [name, value] of Object.entries(attributes)) put(element, name, value);
  for (const child of children.flat(9)) {
    if (typeof child === 'string') element.append(visibleText(child, '\n'));
    else if (child !== false && child !== undefined) element.append(child as Node);
  }
  return element;
}

/** An element. Its content is always text, never HTML. */
export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => filled(document.createElement(tag), attributes, children);

/** An element of a drawing. */
export const draw = (tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement =>
  filled(document.createElementNS(SVG, tag) as SVGElement, attributes, children);

const keyOf = (node: Node): string | undefined =>
  node instanceof Element ? (node.getAttribute('data-key') ?? undefined) : undefined;

const isAlike = (a: Node, b: Node): boolean => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

// What a person opened or typed stays as it is.
const OWN = new Set(['open', 'style']);

function becomeElement(old: Element, fresh: Element): void {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !OWN.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (!OWN.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old instanceof HTMLElement && fresh instanceof HTMLElement) {
    const { cssText } = fresh.style;
    if (old.style.cssText !== cssText) old.style.cssText = cssText;
  }
  become(old, fresh);
}

/** Makes the content of an element equal to that of another, and leaves equal parts untouched. */
export function become(old: Element, fresh: Element): void {
  const keyed = new Map([...old.childNodes].map((node) => [keyOf(node), node]));
  let at: ChildNode | null = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const key = keyOf(next);
    const found: ChildNode | null = key === undefined ? at : (keyed.get(key) ?? at);
    if (!found || !isAlike(found, next)) {
      old.insertBefore(next, at);
      continue;
    }
    if (found === at) at = at?.nextSibling ?? null;
    else old.insertBefore(found, at);
    if (found instanceof Element) becomeElement(found, next as Element);
    else if (found.nodeValue !== next.nodeValue) found.nodeValue = next.nodeValue;
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}
