// Photographs with what was said about them: by the model, and by people.
import type { ReportPhotograph, ReportPhotographs, ReportPicture, ReportSuggestions } from '../../api/report.ts';
import { Residuals, signed } from './residuals.tsx';

const headings = { best: 'The best', typical: 'Typical ones', worst: 'The worst' } as const;

export function Photographs({ scoredBy, commentedBy, split, numScored, numRanked, points, shown }: ReportPhotographs) {
  const whose = split === 'test' ? 'test photographs' : 'photographs of the validation split';
  return (
    <section aria-labelledby="photographs">
      <h2 id="photographs">Photographs</h2>
      <p class="quiet">
        {scoredBy !== null && `${numScored} ${whose}, scored by ${scoredBy}. `}
        {commentedBy !== null && `Comments are by ${commentedBy}. `}
        Shown are the best, typical ones and the worst of {numRanked}
        {numRanked < numScored && ' that were also commented on'}, by{' '}
        {scoredBy !== null ? 'the error of the score.' : "METEOR against people's comments."}
      </p>
      {points.length > 0 && <Residuals points={points} numScored={numScored} />}
      {(['best', 'typical', 'worst'] as const).map((why) => {
        const own = shown.filter((photo) => photo.why === why);
        return (
          own.length > 0 && (
            <div key={why}>
              <h3>{headings[why]}</h3>
              <ul class="cards">
                {own.map((photo) => (
                  <Photograph key={photo.id} {...photo} />
                ))}
              </ul>
            </div>
          )
        );
      })}
    </section>
  );
}

function Photograph({ id, picture, truth, prediction, comment, references }: ReportPhotograph) {
  return (
    <li>
      <figure>
        <Picture picture={picture} alt={`Photograph ${id}`} />
        <figcaption>
          {prediction !== null && truth !== null && (
            <p>
              <strong>{prediction.toFixed(2)}</strong> predicted, <strong>{truth.toFixed(2)}</strong> by people{' '}
              <span class="quiet">({signed(prediction - truth)})</span>
            </p>
          )}
          {comment !== null && <p>“{comment === '' ? '…' : comment}”</p>}
          {references.length > 0 && (
            <details>
              <summary>What people said</summary>
              <ul>
                {references.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            </details>
          )}
          <p class="quiet">photograph {id}</p>
        </figcaption>
      </figure>
    </li>
  );
}

export function Suggestions({ askedOf, judge, shown }: ReportSuggestions) {
  return (
    <section aria-labelledby="suggestions">
      <h2 id="suggestions">Suggestions</h2>
      <p class="quiet">
        How degraded photographs could be improved, asked of {askedOf}, which was not trained for it; judged by {judge}.
        Of each degradation the first answer that names it and the first that does not, where there are both.
      </p>
      <ul class="cards">
        {shown.map(({ degradation, picture, answer, isRight }) => (
          <li key={`${degradation} ${isRight}`}>
            <figure>
              <Picture picture={picture} alt={`A photograph with ${degradation}`} />
              <figcaption>
                <p>
                  <strong>{degradation}</strong>{' '}
                  <span class={isRight ? 'verdict holds' : 'verdict does'}>{isRight ? '✓ named' : '✕ not named'}</span>
                </p>
                <p>“{answer}”</p>
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Picture({ picture, alt }: { readonly picture: ReportPicture | string; readonly alt: string }) {
  if (typeof picture === 'string') return <p class="problem">{picture}</p>;
  return <img src={picture.source} width={picture.width} height={picture.height} alt={alt} />;
}
