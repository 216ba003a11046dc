import type { JSX } from 'preact';
import type { TriedSignIn } from '../server/protocol.ts';
import { AskButton, AskForm, Field, Submit } from './buttons.tsx';
import { get, post } from './client.ts';
import { type Reading, Unread } from './reading.tsx';
import { change } from './store.ts';
import { Badge, breakable, Code, Panel, sentenceOf, Time, Unseen } from './words.tsx';

interface AppClient {
  clientId: string;
  name: string;
}

/** The app clients of the demo, and the results of their sign-ins. They stay while other views are shown. */
const known: Reading<AppClient[]> & { signIns: Map<string, TriedSignIn> } = { signIns: new Map() };

/** Reads the app clients of the demo. */
export async function readClients(): Promise<void> {
  try {
    const { clients } = await get<{ clients: AppClient[] }>('/api/demo/clients');
    known.value = clients.toSorted((a, b) => a.name.localeCompare(b.name));
    delete known.failure;
    const ids = new Set(clients.map(({ clientId }) => clientId));
    for (const id of known.signIns.keys()) if (!ids.has(id)) known.signIns.delete(id);
  } catch (error) {
    known.failure = sentenceOf(error);
  }
  change({});
}

async function create(name: string): Promise<void> {
  await post('/api/demo/client', { name });
  await readClients();
}

async function signIn(clientId: string): Promise<void> {
  known.signIns.set(clientId, await post<TriedSignIn>('/api/demo/sign-in', { clientId }));
  change({});
}

function Result({ of }: { of: TriedSignIn | undefined }) {
  if (!of) return null;
  if (!of.session) {
    return (
      <p>
        <Badge tone="bad" word="refused" /> at <Time at={of.at} />: {of.refusal}
      </p>
    );
  }
  const { arn, expires } = of.session;
  return (
    <p>
      <Badge tone="good" word="allowed" /> at <Time at={of.at} />, as <Code of={arn} />, until{' '}
      <Time at={expires} />
    </p>
  );
}

/** The demo on the embedded AWS. */
export const TryIt = ({
  identityPoolId,
  isPaused,
}: {
  identityPoolId: string;
  isPaused: boolean;
}): JSX.Element => (
  <Panel id="try" title="Try it">
    <p class="dim">
      This uses the embedded AWS on this machine. Create an app client: it is linked automatically
      if a link covers its name. Sign in with it, and the identity pool {breakable(identityPoolId)}{' '}
      returns credentials once it is linked there.
    </p>
    {isPaused && <p>While writes are paused, a new app client is not linked.</p>}
    <AskForm submit={(field) => create(field('name'))}>
      <Field name="name" label="Name of a new app client" longest={128} />
      <p class="buttons">
        <Submit>Create the app client</Submit>
      </p>
    </AskForm>
    {(!known.value || known.failure !== undefined) && (
      <Unread failure={known.failure} again={readClients} />
    )}
    <ul class="clients" aria-label="App clients">
      {known.value?.map(({ clientId, name }) => (
        <li key={clientId}>
          <p>
            <strong>{name}</strong>
            <br />
            <Code of={clientId} />
          </p>
          <AskButton class="small" press={() => signIn(clientId)}>
            Sign in and get credentials
            <Unseen>{` with ${name}`}</Unseen>
          </AskButton>
          <div role="status">
            <Result of={known.signIns.get(clientId)} />
          </div>
        </li>
      ))}
    </ul>
  </Panel>
);
