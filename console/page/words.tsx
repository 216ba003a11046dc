import type { ComponentChildren, JSX } from 'preact';
import { age } from '../../cli/output/times.ts';
import { moment } from '../../core/moment.ts';

export type Children = ComponentChildren;

export const Time = ({ at }: { at: string }): JSX.Element => (
  <time dateTime={at}>{moment(at)}</time>
);

/** How long ago a time was; the time itself is shown when a person points at it. */
export const Ago = ({ at }: { at: string }): JSX.Element => (
  <time dateTime={at} title={moment(at)}>
    {age(at)}
  </time>
);

/** Long text without blanks, which may break after a colon or slash. */
export const breakable = (text: string): Children =>
  text
    .split(/(?<=[:/])(?![:/])/)
    .flatMap((part, i): Children[] => (i === 0 ? [part] : [<wbr key={i} />, part]));

/** A name that people have given, which may be long and without a blank. */
export const Named = ({ of }: { of: string | undefined }): JSX.Element | null =>
  of === undefined ? null : <span class="named">{of}</span>;

export const Code = ({ of }: { of: string }): JSX.Element => <code>{breakable(of)}</code>;

/** The message of an error. */
export const sentenceOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** An error, shown at the place where it happened. */
export const Problem = ({ sentence }: { sentence: string }): JSX.Element => (
  <p class="sentence" role="alert">
    {sentence}
  </p>
);

/** The failure of an identity pool; its message may be long. */
export const Failed = ({ error, message }: { error: string; message: string }): JSX.Element => (
  <p class="sentence" tabIndex={message.length > 600 ? 0 : undefined}>
    <strong>{error}: </strong>
    {breakable(message)}
  </p>
);

/** The names of links, with the word before them. */
export const byLinks = (links: string[]): string =>
  links.length > 0 ? `${links.length === 1 ? 'link' : 'links'} ${links.join(', ')}` : '';

/** Text for screen readers only. */
export const Unseen = ({ children }: { children: Children }): JSX.Element => (
  <span class="unseen">{children}</span>
);

/** A section of the page with its heading and, beside it, its buttons. */
export const Panel = ({
  id,
  title,
  beside,
  children,
}: {
  id: string;
  title: string;
  beside?: Children;
  children: Children;
}): JSX.Element => (
  <section class="panel" aria-labelledby={id}>
    <div class="head">
      <h2 id={id}>{title}</h2>
      {beside}
    </div>
    {children}
  </section>
);

/** A table in a region of its own that scrolls. */
export const Table = ({
  label,
  heads,
  children,
}: {
  label: string;
  heads: string[];
  children: Children;
}): JSX.Element => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard
  <section class="scroll" tabIndex={0} aria-label={label}>
    <table>
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </section>
);

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain';

const marks: Record<Tone, string> = { good: '✓', warn: '!', bad: '✕', info: '●', plain: '–' };

/** A status, shown by colour, mark and word. */
export const Badge = ({ tone, word }: { tone: Tone; word: string }): JSX.Element => (
  <span class={`badge ${tone}`}>
    <span aria-hidden="true">{marks[tone]}</span> {word}
  </span>
);

export type Fact = [what: string, value: Children];

export const Facts = ({ facts }: { facts: Fact[] }): JSX.Element => (
  <dl class="facts">
    {facts.map(([what, value], i) => (
      <div key={`${i} ${what}`}>
        <dt>{what}</dt>
        <dd>{typeof value === 'string' ? breakable(value) : value}</dd>
      </div>
    ))}
  </dl>
);
