// One run: what became of it, its trials, its stages, its curves, what happened last.
import { useState } from 'preact/hooks';
import type { News } from '../../api/news.ts';
import type { RunAnswer } from '../../api/runs.ts';
import { useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { localTime, logName, shortNumber, took } from '../parts/format.ts';
import { JsonView } from '../parts/json-view.tsx';
import { Problem } from '../parts/problem.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { addressOf, type Place } from '../place.ts';
import { Curves } from './curves.tsx';
import { Ledger } from './ledger.tsx';
import { LogView } from './log-view.tsx';
import { StageList } from './stage-list.tsx';
import { StagePanel } from './stage-panel.tsx';
import { Timeline } from './timeline.tsx';

type RunPlace = Extract<Place, { page: 'run' }>;

export function RunPage({ place: { run: id, stage, log } }: { readonly place: RunPlace }) {
  const { data, error, again, change } = useAnswer<RunAnswer>(`/api/runs/${encodeURIComponent(id)}`);
  useNews(
    (news) => {
      if (news.what === 'run' && news.run.run === id) {
        if (data !== null && isBeyond(data, news)) again();
        else change((old) => withNews(old, news));
      }
    },
    again,
    [id, data, again, change],
  );
  if (error !== null) return <Problem text={error} />;
  if (data === null) return <p class="nothing">…</p>;
  const { run } = data;
  return (
    <>
      <div class="head">
        <h1>{id}</h1>
        <StateBadge state={run.status} />
        <p class="quiet">
          {run.title} · started {run.started === null ? 'not yet' : localTime(run.started)}
          {run.ended !== null && ` · took ${took(run)}`}
          {data.resumes > 0 && ` · resumed ${data.resumes} ${data.resumes === 1 ? 'time' : 'times'}`}
          {' · '}
          <a href={addressOf({ page: 'tables', name: id })}>table</a>
          {' · '}
          <a href={addressOf({ page: 'compare', a: id, b: '' })}>compare</a>
        </p>
      </div>
      {run.error !== null && <Problem text={run.error} />}
      {run.tags.length > 0 && <p class="quiet">Tags: {run.tags.join(', ')}</p>}
      <Notes notes={data.notes} />
      <Trials id={id} trials={data.trials} />
      <section aria-labelledby="stages">
        <h2 id="stages">Stages</h2>
        <div class="beside">
          <StageList run={id} stages={data.stages} shown={stage} />
          {stage !== undefined && <StagePanel key={stage} run={id} stage={stage} logs={data.logs} />}
        </div>
      </section>
      <Timeline run={run} stages={data.stages} />
      <Curves run={id} stages={data.stages} />
      <Ledger run={id} />
      <section aria-labelledby="logs">
        <h2 id="logs">Logs</h2>
        {data.logs.length === 0 && <p class="nothing">No process has written any.</p>}
        <ul class="links">
          {data.logs.map(({ name }) => (
            <li key={name}>
              <a
                href={addressOf({ page: 'run', run: id, ...(name !== log?.name && { log: { name } }) })}
                aria-current={name === log?.name ? 'true' : undefined}
              >
                {name}
              </a>
            </li>
          ))}
        </ul>
        {log !== undefined && (
          <LogView key={JSON.stringify(log)} run={id} log={log} isLive={run.status === 'running'} />
        )}
      </section>
      <Events {...data} />
      <details>
        <summary>Configuration, versions and machine</summary>
        <p class="quiet">
          {data.path}, configuration {data.hash.slice(0, 12)}
        </p>
        <JsonView label="Configuration" value={data.config} />
        <JsonView label="Versions and machine" value={{ versions: data.versions, machine: data.machine }} />
      </details>
    </>
  );
}

function Notes({ notes }: Pick<RunAnswer, 'notes'>) {
  if (notes.length === 0) return null;
  return (
    <ul class="events" aria-label="Notes">
      {notes.map(({ at, text }) => (
        <li key={at}>
          <time dateTime={at}>{localTime(at)}</time> {text}
        </li>
      ))}
    </ul>
  );
}

type RunNews = Extract<News, { what: 'run' }>;

/** Whether there are stages, trials, logs or notes now that the answer does not know: these come whole. */
function isBeyond({ stages, trials, logs }: RunAnswer, news: RunNews): boolean {
  const writers = news.events.filter(({ type }) => type === 'attempt started').map(({ message }) => logName(message));
  return (
    news.stages.some(({ key }) => stages.every((one) => one.key !== key)) ||
    news.trials.some(({ row, seed }) => trials.every((one) => one.row !== row || one.seed !== seed)) ||
    news.events.some(({ type }) => type === 'note') ||
    writers.some((name) => logs.every((log) => log.name !== name))
  );
}

function withNews(old: RunAnswer, { run, trials, stages, events }: RunNews): RunAnswer {
  const last = old.events.at(-1)?.id ?? 0;
  return {
    ...old,
    run,
    trials: old.trials.map((one) => trials.find(({ row, seed }) => row === one.row && seed === one.seed) ?? one),
    stages: old.stages.map((stage) => stages.find(({ key }) => key === stage.key) ?? stage),
    events: [...old.events, ...events.filter(({ id }) => id > last)],
  };
}

function Trials({ id, trials }: Pick<RunAnswer, 'trials'> & { readonly id: string }) {
  const names = [...new Set(trials.flatMap(({ metrics }) => Object.keys(metrics)))];
  return (
    <details open={trials.length <= 8}>
      <summary>Trials ({trials.length})</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Trials">
        <table>
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col" class="number">
                Seed
              </th>
              <th scope="col">Status</th>
              {names.map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
              <th scope="col">Fingerprint</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {trials.map(({ row, seed, status, metrics, fingerprint }) => (
              <tr key={`${row} ${seed}`}>
                <th scope="row">{row}</th>
                <td class="number">{seed}</td>
                <td>
                  <StateBadge state={status} />
                </td>
                {names.map((name) => (
                  <td key={name} class="number" title={String(metrics[name] ?? '')}>
                    {metrics[name] === undefined ? '–' : shortNumber(metrics[name])}
                  </td>
                ))}
                <td class="code">{fingerprint?.slice(0, 12) ?? '–'}</td>
                <td>
                  <a
                    href={addressOf({ page: 'photographs', run: id, row, seed })}
                    aria-label={`Photographs of row ${row}, seed ${seed}`}
                  >
                    photographs
                  </a>
                  {status === 'succeeded' && (
                    <>
                      {' · '}
                      <a
                        href={addressOf({ page: 'try', trial: { run: id, row, seed } })}
                        aria-label={`Try row ${row}, seed ${seed}`}
                      >
                        try
                      </a>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Events({ events }: RunAnswer) {
  const [all, setAll] = useState(false);
  const shown = all ? events : events.slice(-10);
  return (
    <section aria-labelledby="events">
      <h2 id="events">What happened last</h2>
      <ol class="events">
        {shown.map(({ id, at, type, message }) => (
          <li key={id}>
            <time dateTime={at}>{localTime(at)}</time> {type} <span class="quiet">{message}</span>
          </li>
        ))}
      </ol>
      {events.length > 10 && (
        <button type="button" onClick={() => setAll(!all)}>
          {all ? 'The last ten only' : `The last ${events.length}`}
        </button>
      )}
    </section>
  );
}
