// Curves of a run's training: one chart for each number its stages record, the stages of one kind in each.
import { useMemo, useState } from 'preact/hooks';
import type { Curve, CurvesAnswer, StageLine } from '../../api/runs.ts';
import { Chart, type ChartCurve } from '../charts/chart.tsx';
import { styleOf } from '../charts/series.ts';
import { useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { Problem } from '../parts/problem.tsx';

interface Props {
  readonly run: string;
  readonly stages: readonly StageLine[];
}

const trained = /^(pretrain|finetune)/;

export function Curves({ run, stages }: Props) {
  const kinds = [...new Set(stages.map(({ kind }) => kind).filter((kind) => trained.test(kind)))];
  const [asked, setAsked] = useState<string | null>(null);
  const [isLog, setLog] = useState(false);
  const [smoothing, setSmoothing] = useState(0);
  const last = stages.findLast(({ kind, state }) => trained.test(kind) && state !== 'queued')?.kind;
  const kind = asked ?? last ?? kinds.at(-1) ?? null;
  const path = kind === null ? null : `/api/runs/${encodeURIComponent(run)}/curves?kind=${encodeURIComponent(kind)}`;
  const { data, error, again, change } = useAnswer<CurvesAnswer>(path);
  useNews(
    (news) => {
      if (news.what !== 'points' || news.run !== run) return;
      const own = news.curves.filter(({ stage }) => stages.some((one) => one.key === stage && one.kind === kind));
      if (own.length > 0) change((old) => ({ curves: withPoints(old.curves, own) }));
    },
    again,
    [run, kind, stages, again, change],
  );
  const charts = useMemo(() => chartsOf(data?.curves ?? [], stages), [data, stages]);
  if (kind === null) return null;
  return (
    <section aria-labelledby="curves">
      <h2 id="curves">Curves</h2>
      <div class="controls">
        <label>
          <span>Stages</span>
          <select value={kind} onChange={({ currentTarget }) => setAsked(currentTarget.value)}>
            {kinds.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input type="checkbox" checked={isLog} onChange={({ currentTarget }) => setLog(currentTarget.checked)} />
          <span>Log scale</span>
        </label>
        <label>
          <span>Smoothing</span>
          <input
            type="range"
            min="0"
            max="0.98"
            step="0.02"
            value={smoothing}
            onInput={({ currentTarget }) => setSmoothing(Number(currentTarget.value))}
          />
          <output class="number">{smoothing.toFixed(2)}</output>
        </label>
      </div>
      {error !== null && <Problem text={error} />}
      {data?.curves.length === 0 && <p class="nothing">These stages have recorded no curve (yet).</p>}
      <div class="charts">
        {charts.map(({ name, curves }) => (
          <Chart key={`${kind} ${name}`} title={name} curves={curves} {...{ isLog, smoothing }} />
        ))}
      </div>
    </section>
  );
}

/** The loss first. */
function chartsOf(curves: readonly Curve[], stages: readonly StageLine[]): { name: string; curves: ChartCurve[] }[] {
  const names = [...new Set(curves.map(({ name }) => name))].sort(
    (a, b) => Number(b.endsWith('loss')) - Number(a.endsWith('loss')) || a.localeCompare(b),
  );
  const own = stages.filter(({ key }) => curves.some(({ stage }) => stage === key));
  return names.map((name) => ({
    name,
    curves: own.flatMap((stage, position) =>
      curves
        .filter((curve) => curve.stage === stage.key && curve.name === name)
        .map(({ item, points }) => ({
          id: `${stage.key} ${item}`,
          label: item === 0 ? stage.label : `${stage.label} [${item}]`,
          style: styleOf(stage, own, position),
          points,
        })),
    ),
  }));
}

/** A point told twice keeps its place. */
function withPoints(old: readonly Curve[], fresh: readonly Curve[]): Curve[] {
  const isOf = (one: Curve, other: Curve): boolean =>
    one.stage === other.stage && one.item === other.item && one.name === other.name;
  const known = old.map((curve) => {
    const more = fresh.find((one) => isOf(one, curve));
    if (more === undefined) return curve;
    const points = new Map([...curve.points, ...more.points]);
    return { ...curve, points: [...points].sort(([a], [b]) => a - b) };
  });
  return [...known, ...fresh.filter((one) => !old.some((curve) => isOf(curve, one)))];
}
