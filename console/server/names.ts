import { clientNames } from '../../cli/executions/client-names.ts';
import type { Session } from '../../cli/session.ts';
import { Kept } from './kept.ts';

/** An app client, by its user pool. */
interface Client {
  userPoolId: string;
  clientId: string;
}

// In milliseconds. A user pool is listed again after the first at the earliest, and for the same app client after the
// second: a deleted one has no name any more. The service needs the rate at which AWS answers too.
const POOL_AGAIN_MS = 10_000;
const CLIENT_AGAIN_MS = 10 * 60_000;

// How many names are kept: more than the lists and the entries on a page have.
const KEPT = 20_000;

const isOver = (since: number | undefined, ms: number): boolean => Date.now() - (since ?? 0) > ms;

/** The names of app clients: those that executions have told, and those that were looked up. */
export class Names {
  readonly #session: Session;
  readonly #names = new Kept<string>(KEPT);
  /** When each user pool and each app client was looked up last, in epoch milliseconds. */
  readonly #listed = new Kept<number>(KEPT);
  readonly #asked = new Kept<number>(KEPT);
  #isBusy = false;

  constructor(session: Session) {
    this.#session = session;
  }

  tell(clientId: string, name: string | undefined): void {
    if (name !== undefined) this.#names.set(clientId, name);
  }

  of(clientId: string | undefined): { clientName?: string } {
    const clientName = clientId === undefined ? undefined : this.#names.get(clientId);
    return clientName === undefined ? {} : { clientName };
  }

  /** The id of an app client and, if it is known, its name. */
  label(clientId: string): string {
    return [clientId, this.#names.get(clientId)].join(' ').trim();
  }

  /** Those that are known, by the ids of the app clients. */
  get known(): ReadonlyMap<string, string> {
    return this.#names.all;
  }

  /**
   * Begins to look up the names that are not known: of one user pool at a time, so that it takes little of the rate at
   * which AWS answers. Later refreshes show them.
   */
  lookUp(clients: Client[]): void {
    if (this.#isBusy) return;
    const unknown = clients.filter(
      ({ userPoolId, clientId }) =>
        this.#names.get(clientId) === undefined &&
        isOver(this.#asked.get(clientId), CLIENT_AGAIN_MS) &&
        isOver(this.#listed.get(userPoolId), POOL_AGAIN_MS),
    );
    const [due] = unknown;
    if (!due) return;
    const { userPoolId } = due;
    const wanted = unknown
      .filter((each) => each.userPoolId === userPoolId)
      .map(({ clientId }) => ({ providerName: userPoolId, clientId }));
    this.#listed.set(userPoolId, Date.now());
    for (const { clientId } of wanted) this.#asked.set(clientId, Date.now());
    this.#isBusy = true;
    void clientNames(this.#session, wanted)
      .then((found) => {
        for (const [clientId, name] of found) this.#names.set(clientId, name);
      })
      .finally(() => {
        this.#isBusy = false;
      });
  }
}
