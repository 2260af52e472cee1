// One stage: why it was executed or reused, what its key is made of, its configuration, its attempts and where their logs are.
import { useEffect, useRef } from 'preact/hooks';
import type { RunAnswer, StageAnswer } from '../../api/runs.ts';
import { useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { localTime, logName, shortKey, took } from '../parts/format.ts';
import { JsonView } from '../parts/json-view.tsx';
import { Problem } from '../parts/problem.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { addressOf } from '../place.ts';

interface Props {
  readonly run: string;
  readonly stage: string;
  readonly logs: RunAnswer['logs'];
}

export function StagePanel({ run, stage: key, logs }: Props) {
  const path = `/api/runs/${encodeURIComponent(run)}/stages/${encodeURIComponent(key)}`;
  const { data, error, again } = useAnswer<StageAnswer>(path);
  const head = useRef<HTMLHeadingElement>(null);
  const isThere = data !== null;
  useEffect(() => head.current?.focus(), [isThere]);
  useNews(
    (news) => {
      if (news.what === 'run' && news.run.run === run && news.stages.some((one) => one.key === key)) again();
    },
    again,
    [run, key, again],
  );
  if (error !== null) return <Problem text={error} />;
  if (data === null) return null;
  const { stage, firstRun, nearest, differences, ingredients, config, inputs, result, attempts } = data;
  return (
    <article class="panel" aria-labelledby="stage">
      <header>
        <h3 id="stage" ref={head} tabIndex={-1}>
          {stage.label}
        </h3>
        <StateBadge state={stage.state} />
        <a class="close" href={addressOf({ page: 'run', run })}>
          Close
        </a>
      </header>
      {stage.error !== null && <Problem text={stage.error} />}
      <h4>{stage.state === 'reused' ? 'Why it was reused' : 'Why it was executed'}</h4>
      <Why {...{ run, firstRun, ingredients, nearest, differences, state: stage.state }} />
      <h4>Attempts</h4>
      {attempts.length === 0 ? <p class="quiet">None in this run.</p> : <Attempts {...{ run, attempts, logs }} />}
      <details>
        <summary>Key {shortKey(stage.key)}: its ingredients</summary>
        <JsonView label="Ingredients of the key" value={{ key: stage.key, inputs, ...asObject(ingredients) }} />
      </details>
      <details>
        <summary>Configuration</summary>
        <JsonView label="Configuration of the stage" value={config} />
      </details>
      {result !== null && (
        <details>
          <summary>Result</summary>
          <JsonView label="Result" value={result} />
        </details>
      )}
    </article>
  );
}

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});

type Reasons = Pick<StageAnswer, 'firstRun' | 'ingredients' | 'nearest' | 'differences'>;

function Why({
  run,
  firstRun,
  ingredients,
  nearest,
  differences,
  state,
}: Reasons & { readonly run: string; readonly state: string }) {
  if (state === 'reused')
    return (
      <p>
        Its key is that of a stage which{' '}
        {firstRun === run ? (
          'this run had made before'
        ) : (
          <a href={addressOf({ page: 'run', run: firstRun })}>{firstRun}</a>
        )}
        {firstRun === run ? '.' : ' made.'}
      </p>
    );
  if (ingredients === null) return <p class="quiet">It has no artifact (yet), so there is nothing to compare.</p>;
  if (nearest === null) return <p>It is the first of its kind in this run folder.</p>;
  return (
    <>
      <p>
        The earlier stage most like it is {shortKey(nearest)};{' '}
        {differences.length === 0 ? 'nothing of the two differs.' : 'this differs:'}
      </p>
      {differences.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Differences">
          <table>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Before</th>
                <th scope="col">Now</th>
              </tr>
            </thead>
            <tbody>
              {differences.map(({ what, before, now }) => (
                <tr key={what}>
                  <th scope="row">{what}</th>
                  <td class="code">{shown(before)}</td>
                  <td class="code">{shown(now)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function shown(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-f]{16,}$/.test(value)) return shortKey(value);
  return value === null ? 'none' : JSON.stringify(value);
}

function Attempts({ run, attempts, logs }: Pick<StageAnswer, 'attempts'> & Omit<Props, 'stage'>) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Attempts">
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">
              Item
            </th>
            <th scope="col" class="number">
              Attempt
            </th>
            <th scope="col">Worker</th>
            <th scope="col">Status</th>
            <th scope="col">Started</th>
            <th scope="col" class="number">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {attempts.map((one) => (
            <tr key={`${one.item} ${one.attempt}`}>
              <td class="number">{one.item}</td>
              <td class="number">{one.attempt}</td>
              <td>
                <Worker {...{ run, logs, worker: one.worker }} />
              </td>
              <td>
                {one.status}
                {one.error !== null && <Failure {...one} />}
              </td>
              <td>{one.started === null ? '' : localTime(one.started)}</td>
              <td class="number">{took(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What went wrong, and where. */
function Failure({ error, stack }: StageAnswer['attempts'][number]) {
  if (stack === null) return <>: {error}</>;
  return (
    <details>
      <summary>{error}</summary>
      <pre class="json" tabIndex={0} role="region" aria-label="Where it was raised">
        {stack}
      </pre>
    </details>
  );
}

/** With a link to its log, if it has one. */
function Worker({ run, logs, worker }: Omit<Props, 'stage'> & { readonly worker: string }) {
  const log = logs.find(({ name }) => name === logName(worker))?.name;
  return log === undefined ? <>{worker}</> : <a href={addressOf({ page: 'run', run, log })}>{worker}</a>;
}
