// Curves over steps: drawn by uPlot, with a legend that says each curve's value and hides it, and the numbers as a table
// behind it.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { shortNumber } from '../parts/format.ts';
import { tickText } from '@calm-orch/report/axis';
import type { ChartCurve } from './chart-curves.ts';
import { NumbersBehind } from './numbers-behind.tsx';
import { smoothed } from './series.ts';

interface Props {
  readonly title: string;
  readonly curves: readonly ChartCurve[];
  /** Values that are not positive are left out then. */
  readonly isLog: boolean;
  readonly smoothing: number;
  /** Steps were marked, to be looked at closely; null: all. */
  readonly onRange: (range: { readonly from: number; readonly to: number } | null) => void;
}

const height = 260;

export function Chart({ title, curves, isLog, smoothing, onRange }: Props) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const data = useMemo(() => aligned(curves, isLog, smoothing), [curves, isLog, smoothing]);
  // What uPlot has to be made anew for; new points are given to the one there is.
  const shape = JSON.stringify([
    curves.map(({ id, style, between }) => [id, style, between === undefined, hidden.has(id)]),
    ...[isLog, theme],
  ]);
  useEffect(() => {
    const target = box.current!;
    const made = new uPlot(optionsOf(title, curves, hidden, isLog, target, setCursor, onRange), data, target);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: target.clientWidth, height }));
    observer.observe(target);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [data]);
  const hide = (id: string): void => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    setHidden(next);
  };
  const steps = data[0];
  const columns = placesOf(curves);
  return (
    <figure class="chart">
      <figcaption>
        {title} <span class="quiet">{cursor === null ? 'at the last step' : `at step ${steps[cursor]}`}</span>
      </figcaption>
      <div ref={box} role="img" aria-label={`${title} of ${curves.length} stages over steps; the numbers are below`} />
      <ul class="legend">
        {curves.map(({ id, label, style }, i) => (
          <li key={id}>
            <label>
              <input type="checkbox" checked={!hidden.has(id)} onChange={() => hide(id)} />
              <svg width="22" height="8" aria-hidden="true">
                <line
                  x1="0"
                  x2="22"
                  y1="4"
                  y2="4"
                  style={{ stroke: `var(${style.color})` }}
                  stroke-dasharray={style.dash.join(' ')}
                />
              </svg>
              <span>{label}</span>
              <span class="number">{shortNumber(valueAt(data[columns[i]!]!, cursor))}</span>
            </label>
          </li>
        ))}
      </ul>
      <NumbersBehind {...{ title, curves }} />
    </figure>
  );
}

/** The last one there is, or that at the cursor. */
function valueAt(values: readonly (number | null | undefined)[], cursor: number | null): number | null {
  if (cursor !== null) return values[cursor] ?? null;
  return values.findLast((value) => value !== null && value !== undefined) ?? null;
}

type Columns = [number[], ...(number | null | undefined)[][]];

/** A curve's own points, and where it has them those its shade lies between. */
const linesOf = ({ points, between = [] as never }: ChartCurve): readonly ChartCurve['points'][] => [
  points,
  ...between,
];

/** Where the column of each curve is. */
function placesOf(curves: readonly ChartCurve[]): number[] {
  let next = 1;
  return curves.map((curve) => {
    const place = next;
    next += linesOf(curve).length;
    return place;
  });
}

/** One column of steps, one of values for each line. */
function aligned(curves: readonly ChartCurve[], isLog: boolean, smoothing: number): Columns {
  const steps = [...new Set(curves.flatMap(({ points }) => points.map(([step]) => step)))].sort((a, b) => a - b);
  const columns = curves.flatMap(linesOf).map((points) => {
    const values = smoothed(
      points.map(([, value]) => value),
      smoothing,
    );
    const byStep = new Map(points.map(([step], i) => [step, values[i]!]));
    return steps.map((step) => {
      const value = byStep.get(step);
      return isLog && value !== undefined && value !== null && value <= 0 ? null : value;
    });
  });
  return [steps, ...columns];
}

function optionsOf(
  title: string,
  curves: readonly ChartCurve[],
  hidden: ReadonlySet<string>,
  isLog: boolean,
  box: HTMLElement,
  onCursor: (index: number | null) => void,
  onRange: Props['onRange'],
): uPlot.Options {
  const color = colorsOf(box);
  const axis = {
    stroke: color('--quiet'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line') },
  };
  return {
    width: box.clientWidth,
    height,
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      // The steps that are marked are asked for, and drawn when they are there.
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          onRange(null);
          return null;
        },
      },
    },
    bands: placesOf(curves).flatMap((place, i) =>
      curves[i]!.between === undefined ? [] : [{ series: [place + 2, place + 1] as [number, number] }],
    ),
    scales: { x: { time: false }, y: isLog ? { distr: 3, range: logRange } : {} },
    axes: [
      { ...axis, incrs: stepsBetweenTicks },
      { ...axis, size: 62, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : tickText(tick))) },
    ],
    series: [
      {},
      ...curves.flatMap((curve) =>
        linesOf(curve).map((_, i) => {
          const { id, label, style } = curve;
          const stroke = color(style.color);
          return {
            label: `${title} ${label}`,
            show: !hidden.has(id),
            dash: [...style.dash],
            spanGaps: true,
            points: { show: false },
            ...(i === 0
              ? { stroke, width: 1.5 }
              : // A fill of the lower one would reach down to the axis.
                { width: 0, ...(i === 2 && { fill: stroke.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.2)') }) }),
          };
        }),
      ),
    ],
    hooks: {
      setCursor: [({ cursor: { idx } }) => onCursor(idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < leastMarked) return;
          const [from, to] = [left, left + width].map((x) => Math.round(plot.posToVal(x, 'x')));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          onRange({ from: from!, to: Math.max(from! + 1, to!) });
        },
      ],
    },
  };
}

/** Pixels; less is a click. */
const leastMarked = 6;

/** Steps are whole numbers. */
const stepsBetweenTicks = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((power) => [power, 2 * power, 5 * power]);

/** Of what there is, not of whole powers of ten. */
const logRange: uPlot.Scale.Range = (_, low, high) =>
  low === null || high === null ? [0.1, 1] : uPlot.rangeLog(low, high, 10, false);

/** A canvas does not know the names of colours that page.css gives; an element does. */
function colorsOf(box: HTMLElement): (name: string) => string {
  return (name) => {
    box.style.color = `var(${name})`;
    const { color } = getComputedStyle(box);
    box.style.color = '';
    return color;
  };
}

/** Changes when the colours do. */
function useTheme(): string {
  const read = (): string =>
    `${document.documentElement.dataset['theme']} ${matchMedia('(prefers-color-scheme: dark)').matches}`;
  const [theme, setTheme] = useState(read);
  useEffect(() => {
    const follow = (): void => setTheme(read());
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', follow);
    addEventListener('theme', follow);
    return () => {
      system.removeEventListener('change', follow);
      removeEventListener('theme', follow);
    };
  }, []);
  return theme;
}
