// Degraded photographs beside what they were, what the model suggested, and what the judge says of it.
import type { Suggestion, SuggestionsAnswer } from '../../api/photographs.ts';
import { ask, useAnswer } from '../data/ask.ts';
import { Problem } from '../parts/problem.tsx';
import { WindowedList } from '../parts/windowed-list.tsx';
import { PictureView } from './picture.tsx';

interface Props {
  readonly run: string;
  readonly trial: string;
  readonly times: number;
}

const rowPixels = 128;

export function Suggestions({ run, trial, times }: Props) {
  const path = `/api/runs/${encodeURIComponent(run)}/suggestions?${trial}`;
  const { data, error } = useAnswer<SuggestionsAnswer>(`${path}&limit=0&times=${times}`);
  if (error !== null) return <Problem text={error} />;
  if (data === null) return <p class="nothing">…</p>;
  if (data.total === 0) return <p class="nothing">The model was not asked for suggestions (yet).</p>;
  const isKeywords = data.judge === 'keywords';
  return (
    <>
      <p class="quiet">
        {data.total} degraded photographs. The judge ({isKeywords ? 'words of the degradation' : data.judge}) says
        whether the answer names what was done.
      </p>
      <WindowedList<Suggestion>
        label="Suggestions"
        rowPixels={rowPixels}
        question={`${path} ${times}`}
        total={data.total}
        ask={async (offset, limit) =>
          (await ask<SuggestionsAnswer>(`${path}&offset=${offset}&limit=${limit}`)).suggestions
        }
        draw={(one) => (
          <>
            <PictureView run={run} picture={one.original} alt={`${one.photo}, crop ${one.crop}, as it was`} />
            <PictureView run={run} picture={one.picture} alt={`The same, degraded: ${one.degradation}`} />
            <div class="said">
              <p>
                {one.degradation}{' '}
                <span class="quiet">
                  of {one.photo}, crop {one.crop}
                </span>
              </p>
              <p class="clamped">“{one.answer}”</p>
              <p>
                <Judged right={one.right} />
                {!isKeywords && <span class="quiet"> by words: {one.keywords ? 'named' : 'not named'}</span>}
              </p>
            </div>
          </>
        )}
      />
    </>
  );
}

function Judged({ right }: Pick<Suggestion, 'right'>) {
  if (right === null) return <span class="quiet">not judged</span>;
  return <span class={right ? 'verdict holds' : 'verdict does'}>{right ? '✓ named' : '✕ not named'}</span>;
}
