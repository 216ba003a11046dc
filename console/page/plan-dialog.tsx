import type { JSX, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Action, Done, Plan } from '../server/protocol.ts';
import { Button } from './buttons.tsx';
import { AnswerError, post } from './client.ts';
import { keepFocus } from './focus.ts';
import { ResultCard } from './result.tsx';
import { change, done, page } from './store.ts';
import { type Children, Problem, sentenceOf } from './words.tsx';

/** What is known of a plan: nothing yet, the plan, or why there is none. */
interface Known {
  plan?: Plan;
  failure?: string;
}

const close = (): void => change({ action: undefined });

/** The dialog gives the focus back to what opened it, which may be gone. */
function closed(): void {
  close();
  keepFocus();
}

const Cancel = ({ word }: { word: string }) => <Button press={close}>{word}</Button>;

const Shown = ({ title, children }: { title: string; children: Children }): JSX.Element => (
  <>
    <h2 id="dialog-title" tabIndex={-1}>
      {title}
    </h2>
    {children}
  </>
);

const Sentences = ({ plan }: { plan: Plan }) => (
  <>
    {plan.sentences.map((sentence) => (
      <p key={sentence}>{sentence}</p>
    ))}
  </>
);

const Results = ({ plan }: { plan: Plan }) => (
  <>
    {plan.results.map((result) => (
      <ResultCard key={result.identityPoolId} result={result} />
    ))}
  </>
);

function NothingToDo({ plan }: { plan: Plan }): JSX.Element {
  const hasFailed = plan.results.some(({ error }) => error !== undefined);
  return (
    <Shown title={plan.title}>
      <p>{hasFailed ? "This can't be done." : 'There is nothing to do.'}</p>
      {/* The results say why. Without any, the sentences do. */}
      {plan.results.length === 0 && <Sentences plan={plan} />}
      <Results plan={plan} />
      <p class="buttons">
        <Cancel word="Close" />
      </p>
    </Shown>
  );
}

const Reason = ({ isNeeded }: { isNeeded: boolean }) => (
  <label>
    {isNeeded ? 'Reason, for the audit' : 'Reason, for the audit (may be empty)'}
    <textarea name="reason" rows={2} maxLength={200} required={isNeeded} />
  </label>
);

/** The button of a plan that can't be confirmed now, and why. */
const Held = ({ verb, why }: { verb: string; why: string }) => (
  <>
    <Problem sentence={why} />
    <p class="buttons">
      <Cancel word="Close" />
      <button type="button" class="confirm" disabled>
        {verb}
      </button>
    </p>
  </>
);

const SILENT =
  "The console does not answer, so this can't be confirmed now. If you restart the console, open its new address and make the plan again.";

// What a person corrects or waits for, and then confirms the same plan.
const PASSING = ['PausedError', 'UsageError'];

/** Makes the plan of the open action again. */
const planAgain = (): void => change({ action: page.action && { ...page.action } });

function ConfirmForm({ plan: { id, verb, reason } }: { plan: Plan }): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState('');
  const [isOver, setOver] = useState(false);
  const confirm = async (form: HTMLFormElement) => {
    setBusy(true);
    try {
      const answer = await post<Done>('/api/confirm', {
        id,
        reason: new FormData(form).get('reason'),
      });
      close();
      done(answer);
    } catch (error) {
      setTrouble(sentenceOf(error));
      setOver(error instanceof AnswerError && !PASSING.includes(error.name));
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void confirm(event.currentTarget);
      }}
    >
      {reason !== 'none' && <Reason isNeeded={reason === 'needed'} />}
      {trouble !== '' && <Problem sentence={trouble} />}
      {!page.isLive && <Problem sentence={SILENT} />}
      <p class="buttons">
        <Cancel word={isOver ? 'Close' : 'Cancel'} />
        {isOver ? (
          <Button press={planAgain}>Plan again</Button>
        ) : (
          <button type="submit" class="confirm" disabled={isBusy || !page.isLive}>
            {verb}
          </button>
        )}
      </p>
    </form>
  );
}

function Content({ plan, failure }: Known): JSX.Element {
  if (failure !== undefined) {
    return (
      <Shown title="This can't be planned">
        <Problem sentence={failure} />
        <p class="buttons">
          <Cancel word="Close" />
        </p>
      </Shown>
    );
  }
  if (!plan) {
    return (
      <Shown title="Planning …">
        <p class="dim">Nothing is written.</p>
        <p class="buttons">
          <Cancel word="Cancel" />
        </p>
      </Shown>
    );
  }
  const { id, held, verb } = plan;
  if (id === undefined && held === undefined) return <NothingToDo plan={plan} />;
  return (
    <Shown title={plan.title}>
      <Sentences plan={plan} />
      <Results plan={plan} />
      {held === undefined ? <ConfirmForm plan={plan} /> : <Held verb={verb} why={held} />}
    </Shown>
  );
}

/** Makes the plan of an action. A plan that is closed while it is made is not shown. */
function usePlan(action: Action | undefined, dialog: RefObject<HTMLDialogElement | null>): Known {
  const [known, setKnown] = useState<Known>({});
  useEffect(() => {
    setKnown({});
    if (!action) return dialog.current?.close();
    dialog.current?.showModal();
    let isOpen = true;
    const told = (now: Known) => isOpen && setKnown(now);
    post<Plan>('/api/plan', action).then(
      (plan) => told({ plan }),
      (error) => told({ failure: sentenceOf(error) }),
    );
    return () => {
      isOpen = false;
    };
  }, [action, dialog]);
  return known;
}

/** Shows what an action would do, and carries it out once a person confirms it. */
export function PlanDialog({ action }: { action: Action | undefined }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const known = usePlan(action, dialog);
  // Focus the heading, so that a screen reader starts at the beginning of the plan.
  useEffect(() => dialog.current?.querySelector('h2')?.focus(), [action, known]);
  return (
    <dialog ref={dialog} id="dialog" aria-labelledby="dialog-title" onClose={closed}>
      {action && <Content {...known} />}
    </dialog>
  );
}
