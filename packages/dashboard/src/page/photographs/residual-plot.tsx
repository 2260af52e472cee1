// Predicted against true scores, a dot a photograph; a click opens the nearest. The list beside has the same for keyboards.
import { useMemo, useState } from 'preact/hooks';
import { dotsOf, nearestTo, residualPlot, type Residual } from '../charts/residuals.ts';
import { useWidth } from '../parts/use-width.ts';

interface Props {
  readonly points: readonly Residual[];
  /** Id of the one that is open. */
  readonly shown: string | undefined;
  readonly onOpen: (id: string) => void;
}

const margin = { left: 34, right: 10, top: 8, bottom: 38 };

export function ResidualPlot({ points, shown, onOpen }: Props) {
  const { box, width } = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<Residual | undefined>();
  const side = Math.min(width, 440);
  const plot = useMemo(
    () =>
      residualPlot(points, {
        left: margin.left,
        right: side - margin.right,
        top: margin.top,
        bottom: side - margin.bottom,
      }),
    [points, side],
  );
  const dots = useMemo(() => dotsOf(points, plot), [points, plot]);
  const { x, y, ticks, low, high } = plot;
  const at = ({ clientX, clientY, currentTarget }: MouseEvent): Residual | undefined => {
    const { left, top } = (currentTarget as SVGElement).getBoundingClientRect();
    return nearestTo(points, plot, { x: clientX - left, y: clientY - top });
  };
  const open = points.find(([id]) => id === shown);
  return (
    <figure class="chart residuals">
      <figcaption>
        Predicted against true scores
        <span class="quiet pointed" role="status">
          {pointed === undefined
            ? `${points.length} photographs`
            : `photograph ${pointed[0]}: ${pointed[2].toFixed(2)} for ${pointed[1].toFixed(2)}`}
        </span>
      </figcaption>
      <div ref={box}>
        {side > 0 && (
          <svg
            width={side}
            height={side}
            role="img"
            aria-label={`Predicted against true scores of ${points.length} photographs; the list has them one by one`}
            onMouseMove={(event) => setPointed(at(event))}
            onMouseLeave={() => setPointed(undefined)}
            onClick={(event) => {
              const found = at(event);
              if (found !== undefined) onOpen(found[0]);
            }}
          >
            {ticks.map((tick) => (
              <g key={tick}>
                <line class="grid" x1={x(tick)} x2={x(tick)} y1={y(low)} y2={y(high)} />
                <line class="grid" x1={x(low)} x2={x(high)} y1={y(tick)} y2={y(tick)} />
                <text class="tick" x={x(tick)} y={side - margin.bottom + 16} text-anchor="middle">
                  {tick}
                </text>
                <text class="tick" x={margin.left - 6} y={y(tick) + 4} text-anchor="end">
                  {tick}
                </text>
              </g>
            ))}
            <line class="diagonal" x1={x(low)} x2={x(high)} y1={y(low)} y2={y(high)} />
            <path class="dots" d={dots} />
            {[open, pointed].map(
              (one, i) =>
                one && <circle key={i} class={i === 0 ? 'open' : 'pointed'} cx={x(one[1])} cy={y(one[2])} r="6" />,
            )}
            <text class="tick" x={(x(low) + x(high)) / 2} y={side - 4} text-anchor="middle">
              true score →
            </text>
            <text class="tick" x={margin.left + 4} y={margin.top + 12}>
              ↑ predicted
            </text>
          </svg>
        )}
      </div>
    </figure>
  );
}
