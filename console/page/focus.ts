/** Whether the keyboard would begin at the top of the page again. */
export const isFocusLost = (): boolean =>
  document.activeElement === null || document.activeElement === document.body;

/** Lets the keyboard go on from the heading of what the page shows. */
export const focusHeading = (): void => document.querySelector('h1')?.focus();
