// The frame around every page: where one is, where one can go, whether what is shown is live.
import { useEffect, useRef } from 'preact/hooks';
import { useConnection } from './data/live.ts';
import { addressOf, usePlace, type Place } from './place.ts';
import { ThemeSwitch } from './parts/theme.tsx';
import { ComparePage } from './compare/compare-page.tsx';
import { PhotographsPage } from './photographs/photographs-page.tsx';
import { RunPage } from './run/run-page.tsx';
import { GroupsPage } from './runs/groups-page.tsx';
import { RunsPage } from './runs/runs-page.tsx';
import { TablesPage } from './tables/tables-page.tsx';
import { TryPage } from './try/try-page.tsx';

export function App() {
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  const title = titleOf(place);
  useEffect(() => {
    document.title = `${title} – calm-orch`;
  }, [title]);
  return (
    <>
      <a
        class="skip"
        href={addressOf(place)}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the page
      </a>
      <header class="top">
        <a class="name" href={addressOf({ page: 'runs' })}>
          calm-orch
        </a>
        <nav aria-label="Pages">
          <a
            href={addressOf({ page: 'runs' })}
            aria-current={place.page === 'runs' || place.page === 'groups' ? 'page' : undefined}
          >
            Runs
          </a>
          <a href={addressOf({ page: 'tables' })} aria-current={place.page === 'tables' ? 'page' : undefined}>
            Tables
          </a>
          <a
            href={addressOf({ page: 'compare', a: '', b: '' })}
            aria-current={place.page === 'compare' ? 'page' : undefined}
          >
            Compare
          </a>
          <a href={addressOf({ page: 'try' })} aria-current={place.page === 'try' ? 'page' : undefined}>
            Try
          </a>
        </nav>
        <Connection />
        <ThemeSwitch />
      </header>
      <main ref={main} tabIndex={-1}>
        {place.page === 'runs' && <RunsPage place={place} />}
        {place.page === 'groups' && <GroupsPage place={place} />}
        {place.page === 'run' && <RunPage key={place.run} place={place} />}
        {place.page === 'photographs' && (
          <PhotographsPage key={`${place.run} ${place.row} ${place.seed}`} place={place} />
        )}
        {place.page === 'compare' && <ComparePage key={`${place.a} ${place.b}`} place={place} />}
        {place.page === 'try' && <TryPage place={place} />}
        {place.page === 'tables' && <TablesPage key={place.name} place={place} />}
      </main>
    </>
  );
}

/** Says when the server does not answer, and that it is back. */
function Connection() {
  const connection = useConnection();
  return (
    <p class={`connection ${connection}`} role="status">
      {connection === 'lost'
        ? 'The server does not answer: what is shown may be old. Start `calm-orch ui` again; this page goes on by itself.'
        : connection === 'open'
          ? 'live'
          : ''}
    </p>
  );
}

function titleOf(place: Place): string {
  switch (place.page) {
    case 'runs':
      return 'Runs';
    case 'groups':
      return 'Trials over seeds';
    case 'run':
      return place.run;
    case 'photographs':
      return `Photographs of ${place.row}, seed ${place.seed}, ${place.run}`;
    case 'try':
      return 'Try';
    case 'compare':
      return place.a === '' || place.b === '' ? 'Compare' : `${place.a} and ${place.b}`;
    case 'tables':
      return place.name === undefined ? 'Tables' : `Tables of ${place.name}`;
  }
}
