// Two runs side by side: what their configurations differ in, each metric with the paired difference, curves in one chart.
import { useState } from 'preact/hooks';
import type { CompareAnswer } from '../../api/compare.ts';
import type { RunsAnswer } from '../../api/runs.ts';
import { useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { Problem } from '../parts/problem.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { addressOf, type ComparePlace } from '../place.ts';
import { ComparedCurves } from './compared-curves.tsx';
import { ComparedMetrics } from './compared-metrics.tsx';

export function ComparePage({ place }: { readonly place: ComparePlace }) {
  const { a, b } = place;
  const path = a === '' || b === '' ? null : `/api/compare?${new URLSearchParams({ a, b }).toString()}`;
  const { data, error, again } = useAnswer<CompareAnswer>(path);
  useNews(
    (news) => {
      const isOurs = news.what === 'run' && [a, b].includes(news.run.run);
      // Numbers come with the end of a trial.
      if (isOurs && news.trials.length > 0) again();
    },
    again,
    [a, b, again],
  );
  return (
    <>
      <div class="head">
        <h1>Compare</h1>
        <p class="quiet">Two runs of this folder, A and B.</p>
      </div>
      <Choice {...place} />
      {error !== null && <Problem text={error} />}
      {path !== null && data === null && error === null && (
        <p class="nothing" role="status">
          Comparing: intervals take some seconds …
        </p>
      )}
      {data !== null && <Comparison {...data} />}
    </>
  );
}

function Choice({ a, b }: ComparePlace) {
  const [chosen, setChosen] = useState({ a, b });
  const { data } = useAnswer<RunsAnswer>('/api/runs?limit=500');
  return (
    <form
      class="controls"
      onSubmit={(event) => {
        event.preventDefault();
        location.hash = addressOf({ page: 'compare', a: chosen.a.trim(), b: chosen.b.trim() });
      }}
    >
      {(['a', 'b'] as const).map((side) => (
        <label key={side}>
          <span>{side.toUpperCase()}</span>
          <input
            type="search"
            list="runs"
            required
            placeholder="a run or an experiment"
            value={chosen[side]}
            onInput={({ currentTarget }) => setChosen({ ...chosen, [side]: currentTarget.value })}
          />
        </label>
      ))}
      <datalist id="runs">
        {data?.runs.map(({ run, title }) => (
          <option key={run} value={run}>
            {title}
          </option>
        ))}
      </datalist>
      <button type="submit">Compare</button>
    </form>
  );
}

function Comparison({ comparison, words }: CompareAnswer) {
  return (
    <>
      <ul class="sides">
        {(['a', 'b'] as const).map((side) => {
          const { run, experiment, title, status, rehearsal } = comparison[side];
          return (
            <li key={side}>
              <strong>{side.toUpperCase()}</strong> <a href={addressOf({ page: 'run', run })}>{run}</a>{' '}
              <StateBadge state={status as 'running'} />{' '}
              <span class="quiet">
                {experiment}: {title}
                {rehearsal && ' · a rehearsal: its numbers mean nothing'}
              </span>
            </li>
          );
        })}
      </ul>
      <section aria-labelledby="configuration">
        <h2 id="configuration">Configuration</h2>
        {comparison.configuration.length === 0 ? (
          <p class="nothing">No difference.</p>
        ) : (
          <div class="scroll tall" tabIndex={0} role="region" aria-label="What the configurations differ in">
            <table>
              <thead>
                <tr>
                  <th scope="col">Key</th>
                  <th scope="col">A</th>
                  <th scope="col">B</th>
                </tr>
              </thead>
              <tbody>
                {comparison.configuration.map(({ what, a, b }, i) => (
                  <tr key={what}>
                    <th scope="row" class="code">
                      {what}
                    </th>
                    <td class="code" title={JSON.stringify(a)}>
                      {words.configuration[i]!.a}
                    </td>
                    <td class="code" title={JSON.stringify(b)}>
                      {words.configuration[i]!.b}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <ComparedMetrics metrics={comparison.metrics} words={words} />
      <ComparedCurves charts={comparison.curves} />
    </>
  );
}
