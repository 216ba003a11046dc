/** Whether the keyboard would begin at the top of the page again. */
const isFocusLost = (): boolean =>
  document.activeElement === null || document.activeElement === document.body;

/** Lets the keyboard go on from the heading of what the page shows. */
export const focusHeading = (): void => document.querySelector('h1')?.focus();

/** The parts of the page around an element, the innermost first. */
export function partsAround(element: Element | null): Element[] {
  const part = element?.closest('section, search');
  return part ? [part, ...partsAround(part.parentElement)] : [];
}

const CONTROLS = 'a[href], button:enabled, input, select, textarea, [tabindex="0"]';

/**
 * Lets the keyboard go on near what had the focus and is gone, such as a button that another person's action has made
 * useless.
 *
 * @param parts of the page around it. The heading gets the focus if none of them is left.
 */
export function keepFocus(parts: Element[] = []): void {
  if (!isFocusLost()) return;
  const left = parts.find((part) => part.isConnected);
  const next = left?.matches('[tabindex="0"]') ? left : left?.querySelector(CONTROLS);
  if (next instanceof HTMLElement) next.focus();
  else focusHeading();
}
