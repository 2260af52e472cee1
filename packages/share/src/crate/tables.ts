// The tables and verdicts of a package, from its own predictions.
import { join } from 'node:path';
import { kinds } from '@calm-orch/evaluator/kinds';
import { remeasure } from '@calm-orch/evaluator/remeasure';
import { judgeTables, type Table, type TableSource } from '@calm-orch/report';
import type { RunRecord, RunStageRecord } from '@calm-orch/tracker';
import type { PackagedRun, PackagedStage, Source } from './source.ts';

type Metrics = Readonly<Record<string, number | null>>;

/** Of each stage whose predictions are there its numbers as measured from these, and files that these decide. */
export interface MeasuredStage {
  readonly stage: PackagedStage;
  /** Those that the predictions decide. */
  readonly metrics: Metrics;
  /** By path in the package. */
  readonly files: ReadonlyMap<string, string>;
}

/** @throws CalmError `bad_data` naming file and line */
export async function measureStage(
  dir: string,
  stage: PackagedStage & { readonly folder: string },
  meteorDir: string | undefined,
): Promise<MeasuredStage> {
  const { kind, folder } = stage;
  const { metrics, files } = await remeasure({ kind, config: configOf(stage) }, join(dir, folder), { meteorDir });
  const named = Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text] as const);
  return { stage, metrics, files: new Map(named) };
}

/** @param measured What takes the place of recorded numbers. */
export async function tablesOfPackage(
  dir: string,
  { run, stages: { stages } }: Source,
  measured: readonly MeasuredStage[],
): Promise<Table[]> {
  const anew = new Map(measured.map(({ stage, metrics }) => [stage.key, metrics]));
  const records = stages.map((stage) => {
    const result = stage.result && { ...stage.result, metrics: { ...stage.result.metrics, ...anew.get(stage.key) } };
    return recordOf(run, { ...stage, result });
  });
  const isEvaluation = (kind: string): boolean => kinds.some((one) => one.kind === kind && one.role === 'evaluator');
  const source: TableSource = {
    listRunStages: () => records,
    listImports: () => [...run.imports],
    trialMetrics: () =>
      records
        .filter(({ kind, status }) => isEvaluation(kind) && status === 'succeeded')
        .flatMap(({ trials, result }) =>
          trials.flatMap(({ row, seed }) =>
            Object.entries(result?.metrics ?? {}).map(([name, value]) => ({ row, seed, name, value })),
          ),
        )
        .sort((a, b) => a.seed - b.seed),
  };
  const folders = new Map(stages.map(({ key, folder }) => [key, folder]));
  const tables = await judgeTables(source, runRecord(run), {
    cacheDir: null,
    artifactOf: ({ key }) => {
      const folder = folders.get(key);
      return folder == null ? null : { dir: join(dir, folder), files: null };
    },
  });
  return tables.filter(({ metrics }) => metrics.length > 0);
}

const configOf = ({ ingredients, known }: PackagedStage) => (ingredients ?? known)?.config ?? {};

function recordOf(run: PackagedRun, stage: PackagedStage): RunStageRecord {
  const { key, kind, status, execution, firstRun, trials, numItems, result, ingredients, known } = stage;
  return {
    ...{ key, kind, status, execution, trials, numItems, result },
    config: configOf(stage),
    inputs: (ingredients ?? known)?.inputs ?? {},
    error: null,
    firstRunId: firstRun,
    runId: run.run,
    startedMs: null,
    endedMs: null,
  };
}

/** What tables read of a run. */
function runRecord({ run, experiment, title, resolved, trials }: PackagedRun): RunRecord {
  return { id: run, experiment, title, resolved, trials } satisfies Partial<RunRecord> as unknown as RunRecord;
}
