import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Action } from '../server/protocol.ts';
import { keepFocus, partsAround } from './focus.ts';
import { change, page, say } from './store.ts';
import { type Children, sentenceOf } from './words.tsx';

/** Runs an action, one at a time, and shows its error. */
function useAction(): [isBusy: boolean, run: (action: () => Promise<unknown>) => Promise<void>] {
  const [isBusy, setBusy] = useState(false);
  const run = async (action: () => Promise<unknown>) => {
    if (isBusy) return;
    setBusy(true);
    say('');
    try {
      await action();
    } catch (error) {
      say(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return [isBusy, run];
}

interface Attributes {
  class?: string;
  'aria-pressed'?: boolean;
}

/** A button that changes only what the page shows. */
export const Button = ({
  press,
  children,
  ...attributes
}: Attributes & { press: () => void; children: Children }): JSX.Element => (
  <button
    type="button"
    {...attributes}
    onClick={({ currentTarget }) => {
      const parts = partsAround(currentTarget);
      press();
      // It may be gone in the next frame.
      requestAnimationFrame(() => keepFocus(parts));
    }}
  >
    {children}
  </button>
);

/** A button that copies a text. */
export const Copy = ({ text, what }: { text: string; what: string }): JSX.Element => (
  <button
    type="button"
    class="small copy"
    onClick={() =>
      navigator.clipboard.writeText(text).then(
        () => say(`Copied: ${text}`),
        () => say('The browser does not allow copying.'),
      )
    }
  >
    {`Copy ${what}`}
  </button>
);

/** A button whose action asks the console; it is off while the console does not answer. */
export function AskButton({
  press,
  children,
  ...attributes
}: Attributes & { press: () => Promise<unknown>; children: Children }): JSX.Element {
  const [isBusy, run] = useAction();
  return (
    <button
      type="button"
      {...attributes}
      aria-busy={isBusy}
      disabled={!page.isLive}
      onClick={async ({ currentTarget }) => {
        const parts = partsAround(currentTarget);
        await run(press);
        requestAnimationFrame(() => keepFocus(parts));
      }}
    >
      {children}
    </button>
  );
}

/** A button that opens the plan of an action. */
export const PlanButton = ({
  action,
  isOff = false,
  children,
}: {
  action: Action;
  /** Whether the action can't be done now. The place of the button says why. */
  isOff?: boolean;
  children: Children;
}): JSX.Element => (
  <button
    type="button"
    disabled={!page.isLive || isOff}
    onClick={() => change({ action, message: { text: '', isSeen: false } })}
  >
    {children}
  </button>
);

/** A form whose action asks the console. Its fields are given by name, without blanks around them. */
export function AskForm({
  submit,
  children,
}: {
  submit: (field: (name: string) => string, button: string) => unknown;
  children: Children;
}): JSX.Element {
  const [isBusy, run] = useAction();
  return (
    <form
      aria-busy={isBusy}
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        const fields = new FormData(form);
        const field = (name: string) => String(fields.get(name) ?? '').trim();
        const pressed = event.submitter?.getAttribute('value') ?? '';
        void run(async () => submit(field, pressed));
      }}
    >
      {children}
    </form>
  );
}

/** The button of a form; it is off while the console does not answer. */
export const Submit = ({
  value,
  children,
}: {
  value?: string;
  children: Children;
}): JSX.Element => (
  <button type="submit" value={value} disabled={!page.isLive}>
    {children}
  </button>
);

export const Field = ({
  name,
  label,
  placeholder,
  isNeeded = true,
  longest,
}: {
  name: string;
  label: string;
  placeholder?: string;
  isNeeded?: boolean;
  longest?: number;
}): JSX.Element => (
  <label>
    {label}
    <input
      name={name}
      placeholder={placeholder}
      required={isNeeded}
      // Blanks alone are nothing.
      pattern={isNeeded ? '.*\\S.*' : undefined}
      maxLength={longest}
      autocomplete="off"
      spellcheck={false}
    />
  </label>
);
