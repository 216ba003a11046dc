import type { JSX } from 'preact';
import type { Overview as OverviewData } from '../server/protocol.ts';
import { Execution } from './execution.tsx';
import { Banners, Header, News } from './frame.tsx';
import { Links } from './links.tsx';
import { Overview } from './overview.tsx';
import { PlanDialog } from './plan-dialog.tsx';
import { Pool } from './pool.tsx';
import type { Page } from './store.ts';
import { Problem } from './words.tsx';

const Heading = ({ text }: { text: string }) => <h1 tabIndex={-1}>{text}</h1>;

const Loading = ({ what }: { what: string }) => (
  <>
    <Heading text={what} />
    <p class="dim">Loading …</p>
  </>
);

/** Why a view can't be shown. */
const Missing = ({ sentence }: { sentence: string }) => (
  <>
    <p>
      <a href="#/">← Overview</a>
    </p>
    <Heading text="Poolbridge" />
    <Problem sentence={sentence} />
  </>
);

const NOT_READ = 'It could not be read yet. The message at the top says why.';

const notReported = (identityPoolId: string): string =>
  `No reconcile has reported an identity pool ${identityPoolId} yet. If links.yml names it, choose “Check for drift” in the overview.`;

/** The identity pool that the address names. */
function PoolOf({
  identityPoolId,
  overview,
}: {
  identityPoolId: string;
  overview: OverviewData;
}): JSX.Element {
  const { pools, trouble } = overview;
  if (!pools) {
    return trouble === undefined ? (
      <Loading what={identityPoolId} />
    ) : (
      <Missing sentence={NOT_READ} />
    );
  }
  const pool = pools.find((each) => each.identityPoolId === identityPoolId);
  return pool ? (
    <Pool pool={pool} overview={overview} />
  ) : (
    <Missing sentence={notReported(identityPoolId)} />
  );
}

function Content({ page }: { page: Page }): JSX.Element {
  const { overview, view, problem, failure } = page;
  const { execution, identityPoolId, isLinks } = page.address;
  if (problem !== undefined) return <Missing sentence={problem} />;
  // It reads by itself what it shows.
  if (isLinks) {
    return <Links pools={new Set(overview?.pools?.map((pool) => pool.identityPoolId))} />;
  }
  if (!overview) return <Loading what="Poolbridge" />;
  // Nothing is known yet but an error, which a banner shows.
  if (overview.about.account === '') return <Heading text="Poolbridge" />;
  if (identityPoolId !== undefined) {
    return <PoolOf identityPoolId={identityPoolId} overview={overview} />;
  }
  if (execution === undefined) return <Overview page={page} overview={overview} />;
  if (view?.row.execution === execution) return <Execution view={view} overview={overview} />;
  if (failure !== undefined) return <Missing sentence={failure} />;
  return page.isLive ? <Loading what="Execution" /> : <Missing sentence={NOT_READ} />;
}

/** The whole page. */
export const App = ({ page }: { page: Page }): JSX.Element => (
  <>
    {/* biome-ignore lint/a11y/useValidAnchor: it leads to a part of the page, which the address does not name */}
    <a
      class="skip"
      href="#main"
      onClick={(event) => {
        event.preventDefault();
        document.getElementById('main')?.focus();
      }}
    >
      Skip to the content
    </a>
    <Header {...page} />
    <main id="main" tabIndex={-1}>
      <Banners {...page} />
      <Content page={page} />
    </main>
    <PlanDialog action={page.action} />
    <News {...page} />
  </>
);
