// Augmented pairs: a photograph, its copy in which something was changed, and the sentences that say what.
import type { AugmentedPair, PairsAnswer } from '../../api/photographs.ts';
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

/** Which of the two the copy is. */
const places = [
  ['single', 'alone:'],
  ['augmentedFirst', 'before the original:'],
  ['augmentedSecond', 'after it:'],
] as const;

export function Pairs({ run, trial, times }: Props) {
  const path = `/api/runs/${encodeURIComponent(run)}/pairs?${trial}`;
  const { data, error } = useAnswer<PairsAnswer>(`${path}&limit=0&times=${times}`);
  if (error !== null) return <Problem text={error} />;
  if (data === null) return <p class="nothing">…</p>;
  if (data.total === 0)
    return <p class="nothing">The trial learnt from no augmented pairs, or they are not there (any more).</p>;
  return (
    <>
      <p class="quiet">{data.total} pairs, of the photographs in their order.</p>
      <WindowedList<AugmentedPair>
        label="Augmented pairs"
        rowPixels={rowPixels}
        question={`${path} ${times}`}
        total={data.total}
        ask={async (offset, limit) => (await ask<PairsAnswer>(`${path}&offset=${offset}&limit=${limit}`)).pairs}
        draw={({ index, draw, groups, sentences, original, augmented }) => (
          <>
            <PictureView run={run} picture={original} alt={`Photograph ${index}`} />
            <PictureView run={run} picture={augmented} alt={`Its copy ${draw}`} />
            <div class="said">
              <p>
                {groups.join(', ')}{' '}
                <span class="quiet">
                  photograph {index}, copy {draw}
                </span>
              </p>
              {places.map(([place, words]) => (
                <p key={place} class="one" title={sentences[place].join('\n')}>
                  <span class="quiet">{words}</span> {sentences[place].map((text) => `“${text}”`).join(' ')}
                </p>
              ))}
            </div>
          </>
        )}
      />
    </>
  );
}
