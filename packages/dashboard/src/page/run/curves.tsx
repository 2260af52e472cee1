// Curves of a run's training: one chart for each number its stages record, the stages of one kind in each, one by one or
// the seeds of a row together. A part of the steps is asked for anew, finer.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { BandsAnswer, CurvesAnswer, StageLine } from '../../api/runs.ts';
import { Chart } from '../charts/chart.tsx';
import { chartsOfBands, chartsOfCurves, withPoints } from '../charts/chart-curves.ts';
import { useAnswer } from '../data/ask.ts';
import { useNews } from '../data/live.ts';
import { Problem } from '../parts/problem.tsx';
import { StepRange, type Range } from './step-range.tsx';

interface Props {
  readonly run: string;
  readonly stages: readonly StageLine[];
}

const trained = /^(pretrain|finetune)/;
/** Bands are asked for again at most so often. */
const bandsEveryMs = 2000;

export function Curves({ run, stages }: Props) {
  const kinds = [...new Set(stages.map(({ kind }) => kind).filter((kind) => trained.test(kind)))];
  const [asked, setAsked] = useState<string | null>(null);
  const [isLog, setLog] = useState(false);
  const [isBands, setBands] = useState(false);
  const [smoothing, setSmoothing] = useState(0);
  const [range, setRange] = useState<Range | null>(null);
  const last = stages.findLast(({ kind, state }) => trained.test(kind) && state !== 'queued')?.kind;
  const kind = asked ?? last ?? kinds.at(-1) ?? null;
  const own = stages.filter((stage) => stage.kind === kind);
  const hasSeeds = new Set(own.flatMap(({ trials }) => trials.map(({ seed }) => seed))).size > 1;
  const shows = hasSeeds && isBands ? 'bands' : 'curves';
  const data = useCurves(run, kind, shows, range, own);
  const charts = useMemo(() => {
    if (data.curves !== null) return chartsOfCurves(data.curves.curves, stages);
    return chartsOfBands(data.bands?.bands ?? []);
  }, [data.curves, data.bands, stages]);
  if (kind === null) return null;
  return (
    <section aria-labelledby="curves">
      <h2 id="curves">Curves</h2>
      <div class="controls">
        <label>
          <span>Stages</span>
          <select
            value={kind}
            onChange={({ currentTarget }) => {
              setAsked(currentTarget.value);
              setRange(null);
            }}
          >
            {kinds.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        {hasSeeds && (
          <label class="check">
            <input
              type="checkbox"
              checked={isBands}
              onChange={({ currentTarget }) => setBands(currentTarget.checked)}
            />
            <span>Seeds together</span>
          </label>
        )}
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
        <StepRange range={range} onRange={setRange} />
        <a href={`/api/runs/${encodeURIComponent(run)}/points.csv`} download>
          All points as CSV
        </a>
      </div>
      {data.error !== null && <Problem text={data.error} />}
      {data.isThere && charts.length === 0 && (
        <p class="nothing">
          {range === null ? 'These stages have recorded no curve (yet).' : 'No point lies in these steps.'}
        </p>
      )}
      <div class="charts">
        {charts.map(({ name, curves }) => (
          <Chart key={`${kind} ${shows} ${name}`} title={name} onRange={setRange} {...{ curves, isLog, smoothing }} />
        ))}
      </div>
    </section>
  );
}

/** The curves or bands of a kind, kept while a finer part of them is asked for, and what comes while one looks. */
function useCurves(
  run: string,
  kind: string | null,
  shows: 'curves' | 'bands',
  range: Range | null,
  own: readonly StageLine[],
) {
  const words = new URLSearchParams({ kind: kind ?? '', ...(range && { from: `${range.from}`, to: `${range.to}` }) });
  const path = `/api/runs/${encodeURIComponent(run)}/${shows}?${words.toString()}`;
  const { data, error, isCurrent, again, change } = useAnswer<CurvesAnswer | BandsAnswer>(
    kind === null ? null : path,
    // Of a part that is on its way the whole, or the part before, is shown.
    `${kind} ${shows}`,
  );
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(
    () => () => {
      clearTimeout(timer.current ?? undefined);
      timer.current = null;
    },
    [path],
  );
  const keys = own.map(({ key }) => key).join();
  useNews(
    (news) => {
      if (news.what === 'curve' && news.run === run && keys.includes(news.curve.stage)) {
        if (shows === 'bands') again();
        else
          change((old) => {
            if (!('curves' in old) || 'bands' in old || old.curves.some(({ id }) => id === news.curve.id)) return old;
            return { curves: [...old.curves, { ...news.curve, points: [] }] };
          });
      }
      if (news.what !== 'points') return;
      const isIn = (step: number): boolean => range === null || (range.from <= step && step <= range.to);
      const fresh = new Map(news.curves.map(([id, points]) => [id, points.filter(([step]) => isIn(step))]));
      if (shows === 'curves') change((old) => ('bands' in old ? old : { curves: withPoints(old.curves, fresh) }));
      else if (data !== null && 'bands' in data && data.curves.some((id) => (fresh.get(id) ?? []).length > 0))
        timer.current ??= setTimeout(() => {
          timer.current = null;
          again();
        }, bandsEveryMs);
    },
    again,
    [run, shows, range, keys, data, again, change],
  );
  return {
    error,
    isThere: data !== null && isCurrent,
    curves: data !== null && !('bands' in data) ? data : null,
    bands: data !== null && 'bands' in data ? data : null,
  };
}
