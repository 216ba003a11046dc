import type { JSX } from 'preact';
import type { LinkChangeView, LinksView, LinkView } from '../server/protocol.ts';
import { AskButton } from './buttons.tsx';
import { get } from './client.ts';
import { LinksMap } from './links-map.tsx';
import { Unread, useReading } from './reading.tsx';
import { Badge, breakable, Panel, Problem, Table, Time, type Tone } from './words.tsx';

const List = ({ of }: { of: string[] }) => (
  <ul class="items">
    {of.map((each) => (
      <li key={each}>{breakable(each)}</li>
    ))}
  </ul>
);

const columns = ['Link', 'User pools', 'App clients', 'Identity pool', 'Settings'];

const LinkRow = ({ link, isSeen }: { link: LinkView; isSeen: boolean }) => (
  <tr>
    <td>{link.name}</td>
    <td>
      <List of={link.userPools} />
    </td>
    <td>
      <List of={link.clients} />
    </td>
    <td>
      {isSeen ? (
        <a href={`#/pool/${link.identityPoolId}`}>{breakable(link.identityPoolId)}</a>
      ) : (
        breakable(link.identityPoolId)
      )}
    </td>
    <td>
      <List of={link.settings} />
    </td>
  </tr>
);

const tones: Record<LinkChangeView['op'], Tone> = { add: 'good', remove: 'bad', change: 'warn' };
const words: Record<LinkChangeView['op'], string> = {
  add: 'added',
  remove: 'removed',
  change: 'changed',
};

const ChangeRow = ({ change: { op, link, keys } }: { change: LinkChangeView }) => (
  <tr>
    <td>
      <Badge tone={tones[op]} word={words[op]} />
    </td>
    <td>{link}</td>
    <td>
      <ul class="items">
        {keys.map(({ key, before, after }) => (
          <li key={key}>
            {`${key}: `}
            <del>{breakable(before ?? 'absent')}</del>
            {' → '}
            <ins>{breakable(after ?? 'absent')}</ins>
          </li>
        ))}
      </ul>
    </td>
  </tr>
);

const REORDER =
  'change the order of the links. For role mappings and principal tags, the first link that sets them applies.';

/** What deploying the file of the working copy would change. */
function Changes({
  found: { file, problem, changes, isReordered },
}: {
  found: LinksView;
}): JSX.Element {
  if (problem !== undefined) return <Problem sentence={problem} />;
  if (!changes) return <p class="dim">{`${file} can't be compared without the deployed links.`}</p>;
  if (changes.length === 0 && isReordered) return <p>{`Deploying ${file} would ${REORDER}`}</p>;
  if (changes.length === 0) {
    return <p class="dim">{`Deploying ${file} would change no link: it says what is deployed.`}</p>;
  }
  return (
    <>
      <p>{`Deploying ${file} would change ${changes.length === 1 ? 'this link' : 'these links'}:`}</p>
      <Table label="What deploying would change" heads={['Change', 'Link', 'Keys']}>
        {changes.map((change) => (
          <ChangeRow key={change.link} change={change} />
        ))}
      </Table>
      {isReordered && <p>{`It would also ${REORDER}`}</p>}
    </>
  );
}

const NOT_FOUND =
  'No version of links.yml at hand is the one that is deployed. Start the console where it was deployed from, or name the file with --links.';

const TOO_MANY = 'There are too many links to draw.';

function Found({ found, pools }: { found: LinksView; pools: ReadonlySet<string> }): JSX.Element {
  const { deployed, map } = found;
  return (
    <>
      <Panel id="changes" title="Working copy">
        <p class="dim">
          As read at <Time at={found.asOf} />. A later edit shows once it is read again.
        </p>
        <Changes found={found} />
      </Panel>
      <Panel id="deployed" title="Deployed links">
        {deployed ? (
          <Table label="The links that are deployed" heads={columns}>
            {deployed.map((link) => (
              <LinkRow key={link.name} link={link} isSeen={pools.has(link.identityPoolId)} />
            ))}
          </Table>
        ) : (
          <p>{NOT_FOUND}</p>
        )}
      </Panel>
      {deployed && deployed.length > 0 && (
        <Panel id="map" title="Map">
          {map ? <LinksMap map={map} pools={pools} /> : <p class="dim">{TOO_MANY}</p>}
        </Panel>
      )}
    </>
  );
}

/**
 * The links that are deployed, what the working copy would change, and the map.
 *
 * @param pools the identity pools that have a page of their own.
 */
export function Links({ pools }: { pools: ReadonlySet<string> }): JSX.Element {
  const { value: found, failure, again } = useReading(() => get<LinksView>('/api/links'), 'links');
  return (
    <>
      <p>
        <a href="#/">← Overview</a>
      </p>
      <div class="head">
        <h1 tabIndex={-1}>links.yml</h1>
        <div class="buttons">{found && <AskButton press={again}>Read again</AskButton>}</div>
      </div>
      {found && failure !== undefined && <Problem sentence={failure} />}
      {found ? <Found found={found} pools={pools} /> : <Unread failure={failure} again={again} />}
    </>
  );
}
