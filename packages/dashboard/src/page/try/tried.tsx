// What the models said of a photograph, and what each level of the MFAM attended to.
import type { TriedAnswer } from '../../api/try.ts';
import { Behind } from '../parts/behind.tsx';
import { HeatMap } from './heat-map.tsx';
import { percent, placeWords, strongest } from './regions.ts';

const notAsked = 'no trained model for it in this trial';

export function Tried({ tried, name }: { readonly tried: TriedAnswer; readonly name: string }) {
  const { score, comment, suggestion, answered, picture, seen, levels, attention, attentionOf } = tried;
  const said = (what: TriedAnswer['answered'][number], text: string | null): string =>
    answered.includes(what) ? (text === null ? 'none: the model named no number' : text) : notAsked;
  const isWhole = seen.width >= 1 && seen.height >= 1;
  return (
    <>
      <h2>{name}</h2>
      <dl class="answers">
        <dt>Score</dt>
        <dd class="number">{said('score', score === null ? null : `${score.toFixed(2)} of 10`)}</dd>
        <dt>Comment</dt>
        <dd>{said('comment', comment)}</dd>
        <dt>Suggestion</dt>
        <dd>{said('suggestion', suggestion)}</dd>
      </dl>
      <h2>What it attended to{attentionOf === 'comment' ? ' when it commented' : ' when it scored'}</h2>
      {!isWhole && <p class="quiet">The model saw the square in the middle alone; the rest is dimmed.</p>}
      <div class="maps">
        {attention.map((map) => (
          <HeatMap key={map.level} {...{ map, picture, seen }} />
        ))}
      </div>
      {levels.includes('thematic') && (
        <p class="quiet">
          The thematic level has no attention of its own: it hands the language model every patch as a token.
        </p>
      )}
      {attention.length === 0 ? (
        <p class="nothing">This model has no Q-Former, so there is nothing to show.</p>
      ) : (
        <>
          <p class="quiet">
            Shares of the last cross-attention of each level’s Q-Former, averaged over heads and queries; the strongest
            patch of a level is the most coloured. {picture.width} × {picture.height} pixels were sent.
          </p>
          <Behind
            summary="The strongest patches of each level"
            heads={['Level', 'Place in the square', 'Share', 'Times an even share']}
            rows={() =>
              attention.flatMap((map) =>
                strongest(map, 5).map(({ at, share }) => [
                  map.level,
                  placeWords(at, map.side),
                  percent(share),
                  (share * map.patches.length).toFixed(1),
                ]),
              )
            }
          />
        </>
      )}
    </>
  );
}
