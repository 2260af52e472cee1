// One level's attention over the photograph: a square of colour for each patch, as strong as its share. Patches are drawn as
// they are, not blurred into each other: finer than them the model does not look.
import type { AttentionLine, TriedAnswer } from '../../api/try.ts';
import { percent, placeWords, strongest } from './regions.ts';

interface Props extends Pick<TriedAnswer, 'picture' | 'seen'> {
  readonly map: AttentionLine;
}

const mostOpaque = 0.75;

export function HeatMap({ map, picture, seen }: Props) {
  const { level, tap, side, patches, cls } = map;
  const { source, width, height } = picture;
  const [left, top] = [seen.left * width, seen.top * height];
  const [across, down] = [(seen.width * width) / side, (seen.height * height) / side];
  const most = Math.max(...patches);
  const where = strongest(map, 3).map(({ at, share }) => `${placeWords(at, side)} ${percent(share)}`);
  const frame = `M0 0H${width}V${height}H0Z M${left} ${top}v${seen.height * height}h${seen.width * width}V${top}Z`;
  return (
    <figure class="map">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`The photograph under the attention of the ${level} level, most at ${where.join('; ')}`}
      >
        <image href={source} width={width} height={height} />
        <path class="unseen" d={frame} fill-rule="evenodd" />
        <g class="heat">
          {patches.map((share, i) => (
            <rect
              key={i}
              x={left + (i % side) * across}
              y={top + Math.floor(i / side) * down}
              width={across}
              height={down}
              fill-opacity={((mostOpaque * share) / most).toFixed(3)}
            />
          ))}
        </g>
      </svg>
      <figcaption>
        {level}{' '}
        <span class="quiet">
          reads hidden state {tap}
          {cls !== null && `; ${percent(cls)} on the token of the whole (CLS)`}
        </span>
      </figcaption>
    </figure>
  );
}
