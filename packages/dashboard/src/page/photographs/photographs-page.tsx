// A trial's photographs: tested on, degraded, augmented.
import { useState } from 'preact/hooks';
import { useNews } from '../data/live.ts';
import { addressOf, type PhotographsPlace } from '../place.ts';
import { Pairs } from './pairs.tsx';
import { Suggestions } from './suggestions.tsx';
import { TestPhotographs } from './test-photographs.tsx';

const views = { test: 'Tested on', suggestions: 'Suggestions', pairs: 'Augmented pairs' } as const;

export function PhotographsPage({ place }: { readonly place: PhotographsPlace }) {
  const { run, row, seed, view = 'test' } = place;
  const [times, setTimes] = useState(0);
  const again = (): void => setTimes((count) => count + 1);
  useNews(
    (news) => {
      const isOver = news.what === 'run' && news.run.run === run && news.stages.some(({ state }) => state === 'done');
      if (isOver) again();
    },
    again,
    [run],
  );
  const trial = new URLSearchParams({ row, seed: String(seed) }).toString();
  return (
    <>
      <div class="head">
        <h1>Photographs</h1>
        <p class="quiet">
          of row {row}, seed {seed}, in <a href={addressOf({ page: 'run', run })}>{run}</a>
        </p>
      </div>
      <ul class="links views">
        {Object.entries(views).map(([name, words]) => (
          <li key={name}>
            <a
              href={addressOf({
                ...{ page: 'photographs', run, row, seed },
                view: name === 'test' ? undefined : (name as PhotographsPlace['view']),
              })}
              aria-current={name === view ? 'true' : undefined}
            >
              {words}
            </a>
          </li>
        ))}
      </ul>
      {view === 'test' && <TestPhotographs {...{ place, trial, times }} />}
      {view === 'suggestions' && <Suggestions {...{ run, trial, times }} />}
      {view === 'pairs' && <Pairs {...{ run, trial, times }} />}
    </>
  );
}
