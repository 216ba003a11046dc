import type { JSX } from 'preact';
import { Button, PlanButton } from './buttons.tsx';
import { type Page, say } from './store.ts';
import { Badge } from './words.tsx';

/** The deployment, the caller, whether the page is up to date, and the button that pauses all writes. */
export function Header({ overview, isLive }: Page): JSX.Element {
  const isFresh = isLive && overview?.trouble === undefined;
  const { about, paused } = overview ?? {};
  return (
    <header class="top">
      <p class="brand">
        <a href="#/">Poolbridge</a>
      </p>
      <nav>
        <a href="#/links">links.yml</a>
      </nav>
      {about?.account ? (
        <>
          <p class="where">{`stage ${about.stage} · ${about.region} · account ${about.account}`}</p>
          <p class="caller">{about.caller}</p>
        </>
      ) : null}
      <p class="live">
        {isFresh ? (
          <Badge tone="good" word="connected" />
        ) : (
          <Badge tone="warn" word="not up to date" />
        )}
      </p>
      {about?.account && about.denied.pause === undefined ? (
        paused === undefined ? (
          <PlanButton action={{ kind: 'pause' }}>Pause all writes …</PlanButton>
        ) : (
          <PlanButton action={{ kind: 'resume' }}>Resume writes …</PlanButton>
        )
      ) : null}
    </header>
  );
}

const Banner = ({ tone, sentence }: { tone: 'warn' | 'bad'; sentence: string }): JSX.Element => (
  <p class={`banner ${tone}`} role="alert">
    {sentence}
  </p>
);

/** Messages that every view shows. */
export function Banners({ overview, isLive, problem, failure, view, address }: Page): JSX.Element {
  const { trouble, paused } = overview ?? {};
  return (
    <>
      {overview !== undefined && !isLive && problem === undefined && (
        <Banner
          tone="warn"
          sentence="The console does not answer, so this page shows the last known state. It continues when the console answers again. If you restart the console, open its new address."
        />
      )}
      {failure !== undefined && view?.row.execution === address.execution && (
        <Banner tone="bad" sentence={`This shows the last known state. ${failure}`} />
      )}
      {trouble !== undefined && <Banner tone="bad" sentence={trouble} />}
      {paused !== undefined && (
        <Banner tone="warn" sentence={`All writes have been paused ${paused}.`} />
      )}
    </>
  );
}

/** The message of the last action. */
export const News = ({ message: { text, isSeen } }: Page): JSX.Element => (
  <div id="news" class={isSeen && text !== '' ? 'news' : 'unseen'} role="status">
    <p>{text}</p>
    {isSeen && text !== '' && (
      <Button class="small" press={() => say('')}>
        Close
      </Button>
    )}
  </div>
);
