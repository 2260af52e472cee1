// How busy the machine was: CPU and memory, and the GPUs where there are any, on the axis of the timeline above.
import type { LoadReading, TimelineAnswer } from '../../api/timeline.ts';
import { areaOf, type SharePoint } from '../charts/area.ts';
import { thinned } from '../charts/numbers-behind.tsx';
import type { TimeAxis } from '../charts/time-axis.ts';
import { Behind } from '../parts/behind.tsx';
import { bytes, localTime } from '../parts/format.ts';

interface Props extends Pick<TimelineAnswer, 'load' | 'memoryBytes'> {
  readonly axis: TimeAxis;
  readonly ticks: readonly { readonly x: number }[];
}

const height = 44;
const maxLines = 200;

interface Quantity {
  readonly name: string;
  /** Of what the full height stands for. */
  readonly full: number;
  readonly of: (reading: LoadReading) => number | null;
  readonly text: (value: number) => string;
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

export function LoadCharts({ load, memoryBytes, axis, ticks }: Props) {
  if (load.length === 0) return null;
  const greatest = (of: Quantity['of']): number => load.reduce((most, one) => Math.max(most, of(one) ?? 0), 1);
  const memory = (one: LoadReading): number => one.memoryBytes;
  const gpuMemory = (one: LoadReading): number | null => one.gpuMemoryBytes;
  const all: Quantity[] = [
    { name: 'CPU', full: 1, of: ({ cpu }) => cpu, text: percent },
    { name: 'memory', full: memoryBytes ?? greatest(memory), of: memory, text: bytes },
    { name: 'GPU', full: 1, of: ({ gpu }) => gpu, text: percent },
    { name: 'GPU memory', full: greatest(gpuMemory), of: gpuMemory, text: bytes },
  ];
  const shown = all.filter(({ of }) => load.some((one) => of(one) !== null));
  const times = load.map(({ at }) => Date.parse(at));
  // Of long runs not every second is kept.
  const everyMs = times.reduce((least, ms, i) => (i === 0 ? least : Math.min(least, ms - times[i - 1]!)), 60_000);
  return (
    <>
      {shown.map(({ name, full, of, text }) => {
        const points = load.flatMap((one, i): SharePoint[] => {
          const value = of(one);
          return value === null ? [] : [[times[i]!, value / full]];
        });
        const { line, area } = areaOf(points, axis, height, Math.max(5000, 4 * everyMs));
        const last = of(load.at(-1)!);
        return (
          <svg
            key={name}
            class="load"
            width={axis.right + 12}
            height={height + 8}
            role="img"
            aria-label={`${name} of the machine over time, ${last === null ? 'unknown' : text(last)} at last`}
          >
            {ticks.map(({ x }) => (
              <line key={x} class="grid" x1={x} x2={x} y1="0" y2={height} />
            ))}
            <text class="name" x="0" y="18">
              {name}
            </text>
            <text class="tick value" x="0" y="34">
              {last === null ? '–' : text(last)}
            </text>
            <path class="area" d={area} />
            <path class="line" d={line} />
          </svg>
        );
      })}
      <Behind
        summary="Load of the machine"
        heads={['At', ...shown.map(({ name }) => name)]}
        note={load.length > maxLines ? `${maxLines} of ${load.length} readings.` : undefined}
        rows={() =>
          thinned(load, maxLines).map((one) => [
            localTime(one.at),
            ...shown.map(({ of, text }) => {
              const value = of(one);
              return value === null ? '–' : text(value);
            }),
          ])
        }
      />
    </>
  );
}
