// Other people's outputs as a row of a table: measured on the test items of the run's trials, under the same metrics.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, sha256OfFile, suggestion, userPath } from '@calm-orch/core';
import type { MeasuredOutputs, OutputColumn } from '@calm-orch/evaluator';
import { renderTables, rowsOfTable, testItemsOf } from '@calm-orch/report';
import { openTracker, type ListedRun, type Tracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { judgedTables } from '../judged-tables.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { findImportPlace, noImportPlace, type ImportPlace } from '../options/import-place.ts';
import { printJson, printLine, wantsColor } from '../output.ts';

interface Options extends GlobalOptions {
  file?: string;
  as: string;
  run?: string;
  table?: string;
  remove: boolean;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('file', { type: 'string', describe: 'CSV: image,score or image,comment; a line per photograph' })
      .option('as', { type: 'string', requiresArg: true, demandOption: true, describe: 'Name of the row' })
      .option('run', {
        type: 'string',
        requiresArg: true,
        describe: 'The run (or experiment) whose test photographs count [default: the newest with such a table]',
      })
      .option('table', {
        type: 'string',
        requiresArg: true,
        describe: 'The table it joins, where a run has several [default: the first with such metrics]',
      })
      .option('remove', { type: 'boolean', default: false, describe: 'Take the row out again' })
      .option('json', jsonOption)
      .example('$0 import predictions.csv --as "LLaVA-1.5"', 'a row of the last table of scores (or comments)')
      .example('$0 import comments.csv --as "BLIP2 224" --run commenting', "a published model's row gets numbers"),
  handler: async (options: ArgumentsCamelCase<Options>) => {
    const { dir, file, as: name, run, remove } = options;
    if (name.trim() === '') throw new CalmError('invalid_argument', '--as: expected the name of a row, got none');
    if ((file === undefined) !== remove)
      throw new CalmError(
        'invalid_argument',
        `import: expected a file, or --remove without one (see \`calm-orch import --help\`)`,
      );
    const tracker = openTracker(dir, { access: 'write' });
    try {
      const runs = run === undefined ? tracker.listRuns().filter((one) => !one.isRehearsal) : [namedRun(tracker, run)];
      if (remove) removeRow(tracker, runs, options);
      else await importRow(tracker, runs, userPath(file!), options);
    } finally {
      tracker.close();
    }
  },
};

async function importRow(
  tracker: Tracker,
  runs: readonly ListedRun[],
  path: string,
  { dir, as: name, table, json }: Options,
): Promise<void> {
  if (!existsSync(path)) throw new CalmError('not_found', `${path} is not there: expected a CSV file of predictions`);
  const { measureComments, measureScores, outputColumns, readOutputs, stageOfColumn } =
    await import('@calm-orch/evaluator');
  const { damageOfStage, damageText, layoutOf } = await import('@calm-orch/coordinator');
  const outputs = readOutputs(path);
  const columns = outputColumns.filter((column) => outputs[column] !== null);
  const source = { file: basename(path), sha256: sha256OfFile(path) };
  const places: ImportPlace[] = [];
  for (const column of columns) {
    const kind = stageOfColumn[column];
    const place = findImportPlace(tracker, runs, kind, table);
    // Of two columns one may have nothing to be measured on.
    if (!place) continue;
    const { run, stage } = place;
    if (rowsOfTable(run, place.table).some(({ shown }) => shown === name))
      throw new CalmError('invalid_argument', `--as ${name}: ${place.table} has a row of its own with that name`);
    const artifact = layoutOf(dir).artifact(stage.key);
    if (!existsSync(artifact))
      throw new CalmError(
        'unavailable',
        `the test items of run ${run.id} were freed: run ${run.path} again, then import`,
      );
    const damage = damageOfStage(tracker, layoutOf(dir), stage.key, 'reuse');
    if (damage.length > 0)
      throw new CalmError(
        'bad_data',
        `the test items of run ${run.id} are damaged (${damageText(damage)} in ${artifact}): run ${run.path} again, then import`,
      );
    const measured =
      column === 'score'
        ? measureScores(outputs.score!, artifact)
        : await measureComments(outputs.comment!, artifact, meteorSources(stage));
    tracker.recordImport({
      ...source,
      experiment: run.experiment,
      table: place.table,
      name,
      kind,
      testItems: testItemsOf(stage),
      numItems: measured.numItems,
      missing: measured.missing.length,
      unknown: measured.unknown.length,
      metrics: measured.metrics,
    });
    process.stderr.write(`${reportOf(name, column, measured, source.file)}\n`);
    places.push(place);
  }
  if (places.length === 0) throw noImportPlace(tracker, runs, stageOfColumn[columns[0]!], table);
  const tables = [];
  for (const run of new Set(places.map((place) => place.run))) {
    const joined = places.filter((place) => place.run === run).map((place) => place.table);
    tables.push(...(await judgedTables(tracker, run, dir)).filter((one) => joined.includes(one.table)));
  }
  printLine(renderTables(tables, json ? 'json' : 'text', wantsColor()));
}

/** As the trials were measured. */
function meteorSources({ config }: ImportPlace['stage']): { meteorDir?: string } {
  const { evaluate } = config as { evaluate?: { meteorDir?: string } };
  return evaluate?.meteorDir === undefined ? {} : { meteorDir: evaluate.meteorDir };
}

/** One line: how many test photographs have an output, what is missing, what was left out. */
function reportOf(
  name: string,
  column: OutputColumn,
  { numItems, missing, unknown }: MeasuredOutputs,
  file: string,
): string {
  const few = (names: readonly string[]): string => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
  const counted = column === 'score' ? "counted as the mean of the file's scores" : 'counted as empty comments';
  const places = unknown.map(({ image, line }) => `${file}:${line} ${image}`);
  return [
    `${name}: ${column}s of ${numItems - missing.length} of ${numItems} test photographs`,
    ...(missing.length > 0 ? [`${missing.length} missing, ${counted} (${few(missing)})`] : []),
    ...(unknown.length > 0 ? [`${unknown.length} are no test photographs, left out (${few(places)})`] : []),
  ].join('; ');
}

function removeRow(tracker: Tracker, runs: readonly ListedRun[], { as: name, json }: Options): void {
  const experiments = [...new Set(runs.map((run) => run.experiment))];
  for (const experiment of experiments) {
    if (tracker.removeImports(experiment, name) === 0) continue;
    if (json) printJson({ removed: name, experiment });
    else printLine(`Removed ${name} from the tables of ${experiment}.`);
    return;
  }
  const known = experiments.flatMap((experiment) => tracker.listImports(experiment).map((record) => record.name));
  throw new CalmError('not_found', `no imported row \`${name}\`${suggestion(name, [...new Set(known)])}`);
}
