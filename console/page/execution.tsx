import type { JSX } from 'preact';
import { executionOf } from '../../core/execution.ts';
import type { ExecutionView, Overview, Row, WaitingView } from '../server/protocol.ts';
import { Copy, PlanButton } from './buttons.tsx';
import { sameWaiting } from './drift-actions.ts';
import { Found } from './found.tsx';
import { Difference, ResultCard, StatusBadge } from './result.tsx';
import { Badge, byLinks, type Fact, Facts, Panel, Time, Unseen } from './words.tsx';
import { Workflow } from './workflow.tsx';

const PAUSED =
  'While writes are paused, an approval would be used up without a write. Resume writes first.';

const WAITS = 'The same request waits for approval.';

function WaitingCard({
  waiting: { identityPoolId, links, lines, since, until },
  execution,
  mayDecide,
  isPaused,
}: {
  waiting: WaitingView;
  execution: string;
  mayDecide: boolean;
  isPaused: boolean;
}): JSX.Element {
  const which = <Unseen>{` the change to ${identityPoolId}`}</Unseen>;
  return (
    <article class="result" aria-label={`Pending change to ${identityPoolId}`}>
      <h3>
        <Badge tone="warn" word="waits for approval" /> {identityPoolId}
      </h3>
      <p class="dim">
        {byLinks(links)} · since <Time at={since} /> · expires <Time at={until} />
      </p>
      <Difference lines={lines} label={`Pending changes to ${identityPoolId}`} />
      {mayDecide && (
        <p class="buttons">
          <PlanButton action={{ kind: 'approve', execution, identityPoolId }} isOff={isPaused}>
            Approve …{which}
          </PlanButton>
          <PlanButton action={{ kind: 'deny', execution, identityPoolId }}>
            Deny …{which}
          </PlanButton>
        </p>
      )}
      {mayDecide && isPaused && <p>{PAUSED}</p>}
    </article>
  );
}

const ToExecution = ({ of }: { of: string }): JSX.Element => (
  <a href={`#/execution/${of}`}>{executionOf(of).name}</a>
);

/** Why an execution can't be undone, or is not asked again, with the execution that is the reason. */
const Why = ({
  why: { sentence, execution },
}: {
  why: NonNullable<ExecutionView['notUndoable']>;
}): JSX.Element => (
  <p>
    {sentence}
    {execution !== undefined && (
      <>
        {' See '}
        <ToExecution of={execution} />.
      </>
    )}
  </p>
);

/** The app client that an execution is about, or its user pool. */
function subjectOf({ clientId, clients = [], userPoolId = '' }: Row): string {
  const [only, ...more] = clients;
  return clientId ?? (only !== undefined && more.length === 0 ? only : userPoolId);
}

/** What an execution is about, in a few words. */
export const titleOf = ({ row, machine }: ExecutionView): string =>
  [
    row.isDryRun ? 'dry run of' : '',
    row.operation ?? machine,
    row.part === undefined ? '' : `part ${row.part}`,
    subjectOf(row),
  ]
    .filter((each) => each !== '')
    .join(' ');

/** One execution in full. */
export function Execution({
  view,
  overview,
}: {
  view: ExecutionView;
  overview: Overview;
}): JSX.Element {
  const { about, paused, link, waiting: allWaiting } = overview;
  const { row, facts, waiting, links } = view;
  // The findings of a reconcile say more than a result without a change, and the same about a failure.
  const found = new Set(view.findings.map(({ identityPoolId }) => identityPoolId));
  const results = view.results.filter(
    ({ lines, identityPoolId = '' }) => lines.length > 0 || !found.has(identityPoolId),
  );
  const { execution } = row;
  // Only the lists look up the names of app clients.
  const { clientName } =
    [...link.rows, ...allWaiting].find((each) => each.execution === execution) ?? row;
  const undone: Fact[] =
    row.undoes === undefined ? [] : [['Undoes', <ToExecution key="undoes" of={row.undoes} />]];
  const next: Fact[] =
    view.next === undefined ? [] : [['Next part', <ToExecution key="next" of={view.next} />]];
  const same = view.again && sameWaiting(allWaiting, view.again);
  const mayLink = about.denied.link === undefined;
  const mayDecide = about.denied.decide === undefined;
  return (
    <>
      <p>
        <a href="#/">← All executions</a>
      </p>
      <div class="head">
        <h1 tabIndex={-1}>
          <StatusBadge row={row} /> {titleOf(view)} {clientName}
        </h1>
        <div class="buttons">
          <Copy text={execution} what="ARN" />
          {row.clientId !== undefined && <Copy text={row.clientId} what="client id" />}
          {view.isUndoable && mayLink && (
            <PlanButton action={{ kind: 'undo', execution }}>Undo …</PlanButton>
          )}
          {view.again && !same && mayLink && (
            <PlanButton action={view.again}>Ask again …</PlanButton>
          )}
        </div>
      </div>
      <section class="panel about" aria-label="About">
        <Facts facts={[...facts, ...undone, ...next, ['ARN', execution]]} />
        {view.notUndoable && <Why why={view.notUndoable} />}
        {view.notAgain && <Why why={view.notAgain} />}
        {same && <Why why={{ sentence: WAITS, execution: same.execution }} />}
        {links.length > 0 && (
          <p>
            In the AWS console:{' '}
            {links.map(({ text, href }, i) => (
              <span key={text}>
                {i > 0 && ' · '}
                <a href={href} rel="noreferrer" target="_blank">
                  {text}
                </a>
              </span>
            ))}
          </p>
        )}
      </section>
      {waiting.length > 0 && (
        <Panel id="waiting" title="Waiting for approval">
          {waiting.map((each) => (
            <WaitingCard
              key={each.identityPoolId}
              waiting={each}
              execution={execution}
              mayDecide={mayDecide}
              isPaused={paused !== undefined}
            />
          ))}
        </Panel>
      )}
      <Found view={view} overview={overview} />
      {results.length > 0 && (
        <Panel id="results" title="Result">
          {results.map((result, i) => (
            <ResultCard key={`${i} ${result.identityPoolId}`} result={result} />
          ))}
        </Panel>
      )}
      <Workflow key={execution} view={view} />
    </>
  );
}
