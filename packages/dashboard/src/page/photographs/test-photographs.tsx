// What a trial was tested on: predictions against the truth, the photographs by their error, one of them large.
import { useEffect, useRef } from 'preact/hooks';
import type { PhotographsAnswer, ResidualsAnswer, TestPhotograph } from '../../api/photographs.ts';
import { ask, useAnswer } from '../data/ask.ts';
import { Problem } from '../parts/problem.tsx';
import { WindowedList } from '../parts/windowed-list.tsx';
import { addressOf, replacePlace, type PhotographsPlace } from '../place.ts';
import { PictureView } from './picture.tsx';
import { ResidualPlot } from './residual-plot.tsx';

interface Props {
  readonly place: PhotographsPlace;
  /** Of the server's questions, with the trial. */
  readonly trial: string;
  /** Grows when there may be more. */
  readonly times: number;
}

const rowPixels = 128;
const nothing: ResidualsAnswer['points'] = [];

const sorts = { error: 'error', target: 'true score', prediction: 'prediction', id: 'name' } as const;

export function TestPhotographs({ place, trial, times }: Props) {
  const { run, sort = 'error', order = 'descending', photo } = place;
  const path = `/api/runs/${encodeURIComponent(run)}`;
  const question = `${trial}&sort=${sort}&order=${order}`;
  const count = useAnswer<PhotographsAnswer>(`${path}/photographs?${question}&limit=0&times=${times}`, trial);
  const residuals = useAnswer<ResidualsAnswer>(`${path}/residuals?${trial}&times=${times}`, trial);
  const points = residuals.data?.points ?? nothing;
  const error = count.error ?? residuals.error;
  if (error !== null) return <Problem text={error} />;
  if (count.data === null) return <p class="nothing">Reading what the trial was tested on…</p>;
  if (count.data.total === 0)
    return <p class="nothing">No photograph was tested on (yet), or what was is not there any more.</p>;
  return (
    <div class="photographs">
      <div class="plot">
        {points.length > 0 && (
          <ResidualPlot
            points={points}
            shown={photo}
            onOpen={(id) => (location.hash = addressOf({ ...place, photo: id }))}
          />
        )}
        {photo !== undefined && <Large key={photo} place={place} path={`${path}/photographs?${trial}`} id={photo} />}
      </div>
      <div>
        <div class="controls">
          <label>
            <span>Sorted by</span>
            <select
              value={sort}
              onChange={({ currentTarget }) =>
                replacePlace({ ...place, sort: currentTarget.value as keyof typeof sorts })
              }
            >
              {Object.entries(sorts).map(([name, words]) => (
                <option key={name} value={name}>
                  {words}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            onClick={() => replacePlace({ ...place, order: order === 'descending' ? 'ascending' : 'descending' })}
          >
            {order === 'descending' ? 'greatest first ↓' : 'least first ↑'}
          </button>
          <p class="quiet count" role="status">
            {count.data.total} photographs
          </p>
        </div>
        <WindowedList<TestPhotograph>
          label="Test photographs"
          rowPixels={rowPixels}
          question={`${question} ${times}`}
          total={count.data.total}
          ask={async (offset, limit) =>
            (await ask<PhotographsAnswer>(`${path}/photographs?${question}&offset=${offset}&limit=${limit}`))
              .photographs
          }
          draw={(one) => (
            <>
              <PictureView run={run} picture={one.picture} alt={`Photograph ${one.id}`} />
              <div class="said">
                <p>
                  <a href={addressOf({ ...place, photo: one.id })} aria-current={one.id === photo ? 'true' : undefined}>
                    {one.id}
                  </a>{' '}
                  <Scores {...one} />
                </p>
                {one.comment !== null && <p class="clamped">“{one.comment}”</p>}
                {one.references.length > 0 && (
                  <p class="clamped quiet">
                    {one.references.length === 1 ? 'A person: ' : `${one.references.length} people: `}
                    {one.references.join(' · ')}
                  </p>
                )}
              </div>
            </>
          )}
        />
      </div>
    </div>
  );
}

function Scores({ target, prediction }: Pick<TestPhotograph, 'target' | 'prediction'>) {
  if (target === null || prediction === null) return null;
  const error = prediction - target;
  return (
    <span class="scores">
      predicted {prediction.toFixed(2)} for {target.toFixed(2)}{' '}
      <span class="quiet">
        ({error < 0 ? '−' : '+'}
        {Math.abs(error).toFixed(2)})
      </span>
    </span>
  );
}

/** One photograph with all that was said of it. */
function Large({ place, path, id }: { readonly place: PhotographsPlace; readonly path: string; readonly id: string }) {
  const { data, error } = useAnswer<PhotographsAnswer>(`${path}&id=${encodeURIComponent(id)}`);
  const head = useRef<HTMLHeadingElement>(null);
  const one = data?.photographs[0];
  const isThere = one !== undefined;
  useEffect(() => head.current?.focus(), [isThere]);
  if (error !== null) return <Problem text={error} />;
  if (data !== null && one === undefined) return <Problem text={`The trial was not tested on photograph ${id}.`} />;
  if (one === undefined) return null;
  return (
    <article class="panel" aria-labelledby="photograph">
      <header>
        <h3 id="photograph" ref={head} tabIndex={-1}>
          Photograph {one.id}
        </h3>
        <a class="close" href={addressOf({ ...place, photo: undefined })}>
          Close
        </a>
      </header>
      <PictureView run={place.run} picture={one.picture} alt={`Photograph ${one.id}, large`} isLarge />
      <p>
        <Scores {...one} />
        {one.answer !== null && <span class="quiet"> The model answered “{one.answer}”.</span>}
      </p>
      {one.comment !== null && (
        <>
          <h4>The model’s comment</h4>
          <p>{one.comment}</p>
        </>
      )}
      {one.references.length > 0 && (
        <>
          <h4>People’s comments</h4>
          <ul class="notes">
            {one.references.map((text, i) => (
              <li key={i}>{text}</li>
            ))}
          </ul>
        </>
      )}
    </article>
  );
}
