// Rows of other people's outputs in a table: those measured on the test items its trials have now. A row under the name of
// a published model gives that model's line its numbers.
import type { StageSpec, TableSpec } from '@calm-orch/core';
import type { ImportRecord, RunRecord, Tracker } from '@calm-orch/tracker';
import type { RowImport } from '../table.ts';

interface ImportedRow {
  readonly name: string;
  readonly metrics: ImportRecord['metrics'];
  readonly imports: readonly RowImport[];
}

interface ImportedRows {
  readonly rows: readonly ImportedRow[];
  /** Names of those measured on other test items than the run's. */
  readonly stale: readonly string[];
}

/** Identity of the test items of an evaluate stage: equal for all trials that are evaluated on the same. */
export function testItemsOf({ kind, config, inputs }: Pick<StageSpec, 'kind' | 'config' | 'inputs'>): string {
  const data = inputs['data'] ?? '';
  if (kind !== 'evaluate-comment') return data;
  const { evaluate } = config as { evaluate?: { numComments?: number } };
  return `${data} first ${String(evaluate?.numComments)}`;
}

/** The imported rows of `table` in `run`. @param isOwn Names of the table's rows of trials. */
export function importedRows(
  tracker: Pick<Tracker, 'listRunStages' | 'listImports'>,
  run: RunRecord,
  table: Pick<TableSpec, 'id'>,
  isOwn: ReadonlySet<string>,
): ImportedRows {
  const records = tracker.listImports(run.experiment).filter((record) => record.table === table.id);
  if (records.length === 0) return { rows: [], stale: [] };
  const stages = tracker.listRunStages(run.id).filter(({ trials }) => trials.some(({ row }) => isOwn.has(row)));
  const isFresh = ({ kind, testItems }: ImportRecord) =>
    stages.some((stage) => stage.kind === kind && testItemsOf(stage) === testItems);
  const fresh = records.filter(isFresh);
  const namesOf = (list: readonly ImportRecord[]) => [...new Set(list.map(({ name }) => name))];
  return {
    rows: namesOf(fresh).map((name) => {
      const own = fresh.filter((record) => record.name === name);
      return {
        name,
        metrics: Object.assign({}, ...own.map(({ metrics }) => metrics)) as ImportedRow['metrics'],
        imports: own.map(({ kind, file, sha256, numItems, missing, unknown }) => ({
          kind,
          file,
          sha256,
          numItems,
          missing,
          unknown,
        })),
      };
    }),
    stale: namesOf(records.filter((record) => !isFresh(record))),
  };
}

/** Sentences under the table. */
export function importNotes({ rows, stale }: ImportedRows): string[] {
  return [
    ...rows.flatMap(({ name, imports }) => imports.map((one) => `${name}: ${noteOf(one)}.`)),
    ...stale.map((name) => `${name} was imported for other test photographs: import it again.`),
  ];
}

function noteOf({ kind, file, numItems, missing }: RowImport): string {
  const counted = kind === 'evaluate-score' ? "the mean of the file's scores" : 'empty comments';
  const without = missing === 0 ? '' : `, ${missing} of them missing there and counted as ${counted}`;
  return `imported from ${file}, measured on ${numItems} test photographs${without}`;
}
