import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { AskButton } from './buttons.tsx';
import { Problem, sentenceOf } from './words.tsx';

/** Something that a view reads by itself: its value once it is read, and why the last attempt failed. */
export interface Reading<T> {
  value?: T;
  failure?: string;
}

/** Reads something as soon as a view shows it, and again whenever the view asks. */
export function useReading<T>(
  read: () => Promise<T>,
  /** What it depends on: another key makes the value unknown. */
  key: string,
): Reading<T> & { again: () => Promise<void> } {
  const [reading, setReading] = useState<Reading<T>>({});
  const attempts = useRef(0);
  const again = async () => {
    const own = ++attempts.current;
    // An attempt that ends after a later one began is ignored.
    const end = (how: (before: Reading<T>) => Reading<T>) => {
      if (own === attempts.current) setReading(how);
    };
    await read().then(
      (value) => end(() => ({ value })),
      (error) => end((before) => ({ ...before, failure: sentenceOf(error) })),
    );
  };
  useEffect(() => {
    setReading({});
    void again();
    return () => {
      attempts.current++;
    };
  }, [key]);
  return { ...reading, again };
}

/** Shown in place of what is not read: that it is loading or, with a way to try again, why it could not be read. */
export const Unread = ({
  failure,
  again,
}: {
  failure: string | undefined;
  again: () => Promise<void>;
}): JSX.Element =>
  failure === undefined ? (
    <p class="dim">Loading …</p>
  ) : (
    <>
      <Problem sentence={failure} />
      <p class="buttons">
        <AskButton press={again}>Try again</AskButton>
      </p>
    </>
  );
