import type { JSX } from 'preact';
import type { Overview as OverviewData } from '../server/protocol.ts';
import { AskForm, Field, Submit } from './buttons.tsx';
import { get } from './client.ts';
import { Executions } from './executions.tsx';
import { Pools } from './pools.tsx';
import { change, type Page, show } from './store.ts';
import { TryIt } from './try-it.tsx';
import { Panel } from './words.tsx';

function ask(field: (name: string) => string, button: string): void {
  const subject = { userPoolId: field('userPoolId'), clientId: field('clientId') };
  const identityPoolId = field('identityPoolId');
  const kind = button === 'unlink' ? 'unlink' : 'link';
  change({ action: { kind, ...subject, ...(identityPoolId !== '' && { identityPoolId }) } });
}

const RequestForm = ({ region }: { region: string }) => (
  <Panel id="ask" title="Link or unlink">
    <AskForm submit={ask}>
      <Field name="userPoolId" label="User pool" placeholder={`${region}_…`} />
      <Field name="clientId" label="App client" placeholder="its id" />
      <Field
        name="identityPoolId"
        label="Identity pool (if empty, all that its links name)"
        isNeeded={false}
      />
      <p class="buttons">
        <Submit value="link">Link …</Submit>
        <Submit value="unlink">Unlink …</Submit>
      </p>
    </AskForm>
  </Panel>
);

async function find(named: string): Promise<void> {
  const { execution } = await get<{ execution: string }>('/api/find', { named });
  show(execution);
}

const FindForm = () => (
  <Panel id="find" title="Find an execution">
    <AskForm submit={(field) => find(field('named'))}>
      <Field name="named" label="Its name or ARN" />
      <p class="buttons">
        <Submit>Show</Submit>
      </p>
    </AskForm>
  </Panel>
);

const abilities = {
  link: 'link, unlink and undo',
  reconcile: 'check for drift and repair',
  decide: 'approve and deny',
  pause: 'pause and resume',
  seePause: 'see whether writes are paused',
  seeStates: 'see what waits for approval, and the state of what runs',
} as const;

function Denied({ denied }: { denied: OverviewData['about']['denied'] }) {
  const all = Object.entries(denied) as [keyof typeof abilities, string][];
  if (all.length === 0) return null;
  return (
    <Panel id="denied" title="What you may not do">
      <ul>
        {all.map(([ability, reason]) => (
          <li key={ability}>
            <strong>{abilities[ability]}</strong>: {reason}
          </li>
        ))}
      </ul>
      <p class="dim">If you have been allowed to since, restart the console.</p>
    </Panel>
  );
}

/** The executions that wait for approval. */
function Waiting({ overview: { waiting: all } }: { overview: OverviewData }) {
  if (all.length === 0) return null;
  return (
    <p class="banner warn">
      Waits for approval:{' '}
      {all.map(({ execution, name, operation, clientId = '', clientName = clientId }, i) => (
        <span key={execution}>
          {i > 0 && ', '}
          <a href={`#/execution/${execution}`} title={name}>
            {[operation, clientName].join(' ').trim() || name}
          </a>
        </span>
      ))}
    </p>
  );
}

/** The overview: identity pools, executions and actions. */
export function Overview({ page, overview }: { page: Page; overview: OverviewData }): JSX.Element {
  const { about } = overview;
  return (
    <>
      <h1 tabIndex={-1}>{`Links of the stage ${about.stage}`}</h1>
      <Waiting overview={overview} />
      <div class="columns">
        <div class="wide">
          <Pools overview={overview} />
          <Executions page={page} />
        </div>
        <div class="narrow">
          {about.demo && (
            <TryIt
              identityPoolId={about.demo.identityPoolId}
              isPaused={overview.paused !== undefined}
            />
          )}
          {about.denied.link === undefined && <RequestForm region={about.region} />}
          <FindForm />
          <Denied denied={about.denied} />
        </div>
      </div>
    </>
  );
}
