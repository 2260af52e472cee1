// Who computed what when, and how busy the machine was: lanes of workers, and below them its load on the same axis. A click
// on a lease leads to its stage, as the list of stages does for keyboards.
import { useState } from 'preact/hooks';
import type { RunLine, StageLine } from '../../api/runs.ts';
import { laneHeight, lanesOf, families, familyOf, type Sign } from '../charts/lanes.ts';
import { placeAt, span, ticksOf, type TimeAxis } from '../charts/time-axis.ts';
import { Behind } from '../parts/behind.tsx';
import { localTime } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { useWidth } from '../parts/use-width.ts';
import { addressOf } from '../place.ts';
import { LoadCharts } from './load-charts.tsx';
import { useTimeline } from './timeline-data.ts';

interface Props {
  readonly run: RunLine;
  readonly stages: readonly StageLine[];
}

const windows: Readonly<Record<string, number>> = {
  'all of it': Number.POSITIVE_INFINITY,
  'the last hour': 3_600_000,
  'the last 10 minutes': 600_000,
  'the last minute': 60_000,
};

const signs: Readonly<Record<Sign['what'], readonly [sign: string, meaning: string]>> = {
  killed: ['✕', 'worker killed'],
  lost: ['✕', 'worker or attempt lost'],
  failed: ['!', 'attempt failed'],
  again: ['↻', 'leased again'],
  gang: ['◆', 'gang changed'],
  replaced: ['⇄', 'worker replaced'],
  finished: ['▏', 'worker finished'],
};

const maxRows = 2000;

export function Timeline({ run, stages }: Props) {
  const isLive = run.status === 'running';
  const { data, error } = useTimeline(run.run, isLive);
  const { box, width } = useWidth<HTMLDivElement>();
  const [shown, setShown] = useState('all of it');
  const labels = new Map(stages.map((stage) => [stage.key, stage]));
  const startMs = Date.parse(run.started ?? data?.now ?? '1970-01-01');
  const nowMs = Date.parse(run.ended ?? data?.now ?? '1970-01-01');
  const axis: TimeAxis = {
    fromMs: Math.max(startMs, nowMs - windows[shown]!),
    toMs: nowMs,
    left: width < 500 ? 88 : 104,
    right: Math.max(120, width - 12),
  };
  const lanes = data === null ? [] : lanesOf({ ...data, labels, nowMs }, axis);
  const ticks = ticksOf(axis, startMs);
  const seen = new Set(data?.leases.map(({ stage }) => familyOf(labels.get(stage)?.kind ?? '')));
  const happened = new Set(lanes.flatMap((lane) => lane.signs.map(({ what }) => what)));
  const height = lanes.length * laneHeight;
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      {error !== null && <Problem text={error} />}
      <div class="controls">
        <label>
          <span>Show</span>
          <select value={shown} onChange={({ currentTarget }) => setShown(currentTarget.value)}>
            {Object.keys(windows).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <ul class="keys">
          {families
            .filter(([name]) => seen.has(name))
            .map(([name, color]) => (
              <li key={name}>
                <svg width="12" height="12" aria-hidden="true">
                  <rect width="12" height="12" rx="2" style={{ fill: `var(${color})` }} />
                </svg>{' '}
                {name}
              </li>
            ))}
          {Object.entries(signs).flatMap(([what, [sign, meaning]]) =>
            happened.has(what as Sign['what']) ? [<li key={what}>{`${sign} ${meaning}`}</li>] : [],
          )}
        </ul>
      </div>
      <div ref={box} class="timeline">
        {data !== null && lanes.length === 0 && <p class="nothing">No worker has been started (yet).</p>}
        {width > 0 && lanes.length > 0 && (
          <svg
            width={width}
            height={height + 22}
            role="img"
            aria-label={`What ${lanes.length} workers computed over ${span(nowMs - startMs)}; tables are below`}
          >
            {ticks.map(({ x, text }) => (
              <g key={x}>
                <line class="grid" x1={x} x2={x} y1="0" y2={height} />
                <text class="tick" x={x} y={height + 16}>
                  {text}
                </text>
              </g>
            ))}
            {lanes.map((lane, i) => (
              <g key={lane.worker} class="lane" data-worker={lane.worker} transform={`translate(0 ${i * laneHeight})`}>
                <text class="name" x="0" y="17">
                  {lane.worker}
                </text>
                {lane.processes.map(({ x, width: w, title }) => (
                  <rect key={title} class="process" x={x} width={w} y="3" height="20" rx="3">
                    <title>{title}</title>
                  </rect>
                ))}
                {lane.leases.map(({ x, width: w, title, color, status, text, stage }, j) => (
                  <g
                    key={j}
                    class="held"
                    onClick={() => (location.hash = addressOf({ page: 'run', run: run.run, stage }))}
                  >
                    <rect
                      class={`lease ${status}`}
                      x={x}
                      width={w}
                      y="6"
                      height="14"
                      rx="2"
                      style={{ fill: `var(${color})` }}
                    >
                      <title>{title}</title>
                    </rect>
                    {w > 7 * text.length + 6 && (
                      <text class="inside" x={x + 4} y="17">
                        {text}
                      </text>
                    )}
                  </g>
                ))}
                {lane.signs.map(({ x, what, title }, j) => (
                  <text key={j} class={`sign ${what}`} x={x} y="18">
                    {signs[what][0]}
                    <title>{title}</title>
                  </text>
                ))}
              </g>
            ))}
            {isLive && <line class="now" x1={placeAt(axis, nowMs)} x2={placeAt(axis, nowMs)} y1="0" y2={height} />}
          </svg>
        )}
        {data !== null && width > 0 && <LoadCharts {...data} axis={axis} ticks={ticks} />}
      </div>
      {data !== null && (
        <>
          <Behind
            summary="Workers and their ends"
            heads={['Worker', 'Process', 'Host', 'Threads', 'Started', 'Ended', 'How', 'Why']}
            rows={() =>
              data.workers.map(({ worker, pid, host, threads, joined, ended, ending, reason }) => [
                ...[worker, pid, host, threads ?? '–', localTime(joined), ended === null ? '' : localTime(ended)],
                ...[ending ?? (run.ended === null ? 'lives' : '–'), reason ?? ''],
              ])
            }
          />
          <Behind
            summary="Leases and changes of gangs"
            heads={['Worker', 'Stage', 'Item', 'Attempt', 'Status', 'After the start', 'Took', 'What went wrong']}
            note={data.leases.length > maxRows ? `The last ${maxRows} of ${data.leases.length}.` : undefined}
            rows={() => [
              ...data.gangs.map(({ stage, at, workers, generation }) => [
                ...[workers.join(', '), labels.get(stage)?.label ?? stage, '', '', `roster ${generation}`],
                ...[span(Date.parse(at) - startMs), '', ''],
              ]),
              ...data.leases
                .slice(-maxRows)
                .map(({ worker, stage, item, attempt, status, error: why, started, ended }) => [
                  ...[
                    worker,
                    labels.get(stage)?.label ?? stage,
                    item,
                    attempt,
                    status,
                    span(Date.parse(started) - startMs),
                  ],
                  ...[ended === null ? '' : span(Date.parse(ended) - Date.parse(started)), why ?? ''],
                ]),
            ]}
          />
        </>
      )}
    </section>
  );
}
