import type { JSX } from 'preact';
import type { ExecutionView, Overview, WaitingView } from '../server/protocol.ts';
import { Copy, PlanButton } from './buttons.tsx';
import { Found } from './found.tsx';
import { Difference, ResultCard, StatusBadge } from './result.tsx';
import { Badge, byLinks, Facts, Panel, Unseen } from './words.tsx';
import { Workflow } from './workflow.tsx';

function WaitingCard({
  waiting: { identityPoolId, links, lines },
  execution,
  mayDecide,
}: {
  waiting: WaitingView;
  execution: string;
  mayDecide: boolean;
}): JSX.Element {
  const which = <Unseen>{` the change to ${identityPoolId}`}</Unseen>;
  return (
    <article class="result">
      <h3>
        <Badge tone="warn" word="waits for approval" /> {identityPoolId}
      </h3>
      <p class="dim">{byLinks(links)}</p>
      <Difference lines={lines} label={`Pending changes to ${identityPoolId}`} />
      {mayDecide && (
        <p class="buttons">
          <PlanButton action={{ kind: 'approve', execution, identityPoolId }}>
            Approve …{which}
          </PlanButton>
          <PlanButton action={{ kind: 'deny', execution, identityPoolId }}>
            Deny …{which}
          </PlanButton>
        </p>
      )}
    </article>
  );
}

/** What an execution is about, in a few words. */
export const titleOf = ({ row, machine }: ExecutionView): string =>
  `${row.operation ?? machine} ${row.clientId ?? row.userPoolId ?? ''}`.trimEnd();

/** One execution in full. */
export function Execution({
  view,
  about,
}: {
  view: ExecutionView;
  about: Overview['about'];
}): JSX.Element {
  const { row, facts, waiting, links } = view;
  // The findings of a reconcile say more than a result without a change.
  const results = view.results.filter(
    ({ lines, message }) => view.findings.length === 0 || lines.length > 0 || message !== undefined,
  );
  const { execution } = row;
  const mayDecide = about.denied.decide === undefined;
  return (
    <>
      <p>
        <a href="#/">← All executions</a>
      </p>
      <div class="head">
        <h1 tabIndex={-1}>
          <StatusBadge row={row} /> {titleOf(view)}
        </h1>
        <div class="buttons">
          <Copy text={execution} what="ARN" />
          {row.clientId !== undefined && <Copy text={row.clientId} what="client id" />}
          {view.isUndoable && about.denied.link === undefined && (
            <PlanButton action={{ kind: 'undo', execution }}>Undo …</PlanButton>
          )}
        </div>
      </div>
      <section class="panel about" aria-label="About">
        <Facts facts={[...facts, ['ARN', execution]]} />
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
            />
          ))}
        </Panel>
      )}
      <Found view={view} about={about} />
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
