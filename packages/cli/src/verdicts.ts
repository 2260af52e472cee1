// A run's tables with the verdicts on the paper's claims: from the test items the evaluate stages left.
import { existsSync } from 'node:fs';
import type { Claim, ResolvedExperiment, TableSpec } from '@calm-orch/core';
import type { RowItems, TestItems, Verdict } from '@calm-orch/evaluator';
import { collectTable, type RunRecord, type Table, type Tracker } from '@calm-orch/tracker';

/** Every table of a run, judged; trials without a result, or whose artifact was freed, do not count. */
export async function collectJudgedTables(tracker: Tracker, run: RunRecord, dir: string): Promise<Table[]> {
  const { table, tables } = run.resolved as unknown as ResolvedExperiment;
  const judged: Table[] = [];
  for (const spec of tables ?? [table]) {
    const verdicts = await judgeClaims(tracker, run, dir, spec, tables === undefined ? '' : `${spec.id}/`);
    judged.push({ ...collectTable(tracker, run, spec), ...(verdicts.length > 0 && { verdicts }) });
  }
  return judged;
}

/** `prefix` stands before the names of a table's rows where a run has several tables. */
async function judgeClaims(
  tracker: Tracker,
  run: RunRecord,
  dir: string,
  { claims = [] }: TableSpec,
  prefix: string,
): Promise<Verdict[]> {
  if (claims.length === 0) return [];
  const { judge, readTestItems, stagesOfMetric } = await import('@calm-orch/evaluator');
  const { layoutOf } = await import('@calm-orch/coordinator');
  const layout = layoutOf(dir);
  const stages = tracker.listRunStages(run.id);
  const read = new Map<string, TestItems>();
  const rowItems = async (row: string, metric: Claim['metric']): Promise<RowItems> => {
    const items = new Map<number, TestItems>();
    for (const stage of stages) {
      const folder = layout.artifact(stage.key);
      if (!stagesOfMetric(metric).includes(stage.kind) || stage.status !== 'succeeded' || !existsSync(folder)) continue;
      for (const trial of stage.trials.filter((each) => each.row === prefix + row)) {
        const name = `${metric} ${stage.key}`;
        if (!read.has(name)) read.set(name, await readTestItems(stage.kind, folder, metric));
        items.set(trial.seed, read.get(name)!);
      }
    }
    return items;
  };
  const verdicts: Verdict[] = [];
  for (const claim of claims) {
    const rows = new Map<string, RowItems>();
    for (const row of [claim.row, ...claim.than]) rows.set(row, await rowItems(row, claim.metric));
    verdicts.push(judge(claim, rows));
  }
  return verdicts;
}
