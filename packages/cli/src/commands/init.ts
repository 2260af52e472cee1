// Writes an experiment file to begin with: by flags, and at a terminal by asking for what they leave open.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, relative, sep } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import {
  CalmError,
  makeFolder,
  makeTemporaryFolder,
  presets,
  suggestion,
  userPath,
  type TrialConfig,
} from '@calm-orch/core';
import { carriedAblations, loadExperiment, type CarriedAblation } from '@calm-orch/core/config';
import type { GlobalOptions } from '../cli.ts';
import { createAsker, type Asker } from '../init/ask.ts';
import { experimentText, schemaFile, type Chosen } from '../init/experiment-text.ts';
import { listOf, seedOf, setOption } from '../options/experiment-options.ts';
import { jsonOption } from '../options/json-option.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends GlobalOptions {
  file: string;
  ablation?: string;
  rows?: string;
  preset?: TrialConfig['preset'];
  seeds?: string;
  trainers?: number;
  title?: string;
  set: string[];
  force: boolean;
  json: boolean;
}

const usualAblation = 'table-5-mfam';

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('file', { type: 'string', default: 'experiment.yaml', describe: 'Where to write it' })
      .option('ablation', {
        type: 'string',
        requiresArg: true,
        describe: `The table: an ablation that comes with calm-orch, or a file of your own [default: ${usualAblation}]`,
      })
      .option('rows', { type: 'string', requiresArg: true, describe: 'Only these rows of the table: a,b' })
      .option('preset', {
        choices: Object.keys(presets) as TrialConfig['preset'][],
        describe: 'Sizes of the models and lengths of training [default: nano]',
      })
      .option('seeds', { type: 'string', requiresArg: true, describe: 'Seeds: 0,1 [default: 0]' })
      .option('trainers', { type: 'number', requiresArg: true, describe: 'Trainers at most [default: 8]' })
      .option('title', {
        type: 'string',
        requiresArg: true,
        describe: "Stands above the table [default: the ablation's]",
      })
      .option('set', { ...setOption, describe: 'A setting for all rows: key=value' })
      .option('force', { type: 'boolean', default: false, describe: 'Replace the file if it is there' })
      .option('json', jsonOption)
      .example('$0 init mine.yaml', 'asks, at a terminal')
      .example(
        '$0 init mine.yaml --ablation table-1-scoring --seeds 0,1 --set finetuneScore.steps=600',
        'does not ask',
      ),
  handler: async (options: ArgumentsCamelCase<Options>) => {
    const path = userPath(options.file);
    if (!['.yaml', '.yml'].includes(extname(path)))
      throw new CalmError('invalid_argument', `init: expected a name that ends in .yaml, got ${options.file}`);
    if (existsSync(path) && !options.force)
      throw new CalmError('refused', `${options.file} is there already: name another file, or replace it with --force`);
    const isAsking = process.stdin.isTTY && process.stdout.isTTY && !options.json;
    const asker = isAsking ? createAsker() : null;
    const chosen = await choose(options, path, asker).finally(() => asker?.close());
    const text = checkedText(chosen, path, options);
    makeFolder(dirname(path));
    writeFileSync(path, text, { flag: options.force ? 'w' : 'wx' });
    const { ablation, rows, preset, seeds } = chosen;
    if (options.json) printJson({ file: path, ablation, rows, preset, seeds });
    else
      printLine(
        `Wrote ${options.file}. \`calm-orch plan ${options.file}\` says what it costs, \`calm-orch run ${options.file}\` runs it.`,
      );
  },
};

/** By flags; what they leave open is asked, or as usual. */
async function choose(options: Options, path: string, asker: Asker | null): Promise<Chosen> {
  const carried = carriedAblations();
  const open = async <T>(flag: string | undefined, question: string, usual: string, read: (answer: string) => T) =>
    flag === undefined && asker !== null ? asker.ask(question, usual, read) : read(flag ?? usual);
  if (asker !== null && options.ablation === undefined)
    for (const { name, title } of carried) printLine(`  ${name.padEnd(24)} ${title}`);
  const table = await open(options.ablation, 'Which table?', usualAblation, (name) => ablationOf(name, path, carried));
  const { allRows } = table;
  const rows = await open(options.rows, `Which rows? (${allRows.join(', ')})`, 'all of them', (answer) =>
    answer === 'all of them' ? null : rowsOf(answer, allRows),
  );
  const preset = await open(options.preset, 'Sizes: nano, made for two cores, or paper?', 'nano', presetOf);
  const seeds = await open(options.seeds, 'Which seeds?', '0', (answer) => listOf(answer).map(seedOf));
  const { trainers: given, title, set } = options;
  const trainers =
    given === undefined && asker === null
      ? null
      : await open(given?.toString(), 'How many trainers at most?', '8', trainersOf);
  return { ...table, rows, preset, seeds, trainers, set, ...(title !== undefined && { title }) };
}

function ablationOf(
  name: string,
  path: string,
  carried: readonly CarriedAblation[],
): Pick<Chosen, 'ablation' | 'ablationPath' | 'allRows'> {
  const known = carried.find((one) => one.name === name);
  const carriedPath = `ablations/${name}.yaml`;
  if (known !== undefined) return { ablation: carriedPath, ablationPath: carriedPath, allRows: known.rows };
  const own = userPath(name);
  if (!/\.ya?ml$/.test(name) || !existsSync(own))
    throw new CalmError(
      'not_found',
      `--ablation: no ablation \`${name}\`${suggestion(
        name,
        carried.map((one) => one.name),
      )}`,
    );
  const allRows = loadText(JSON.stringify({ ablation: own }), {}).rows.map(({ row }) => row);
  return { ablation: relative(dirname(path), own), ablationPath: own, allRows };
}

function rowsOf(answer: string, all: readonly string[]): string[] {
  const rows = listOf(answer);
  const bad = rows.find((row) => !all.includes(row));
  if (bad !== undefined)
    throw new CalmError('invalid_argument', `--rows: unknown row \`${bad}\`${suggestion(bad, all)}`);
  return rows;
}

function presetOf(answer: string): TrialConfig['preset'] {
  if (answer in presets) return answer as TrialConfig['preset'];
  throw new CalmError(
    'invalid_argument',
    `--preset: expected one of ${Object.keys(presets).join(', ')}, got "${answer}"`,
  );
}

function trainersOf(answer: string): number {
  if (/^[1-9]\d*$/.test(answer)) return Number(answer);
  throw new CalmError('invalid_argument', `--trainers: expected a whole number of at least 1, got ${answer}`);
}

/** What it says must resolve to what was asked for. @throws CalmError naming the option */
function checkedText(chosen: Chosen, path: string, { set }: Options): string {
  const { ablationPath, preset, seeds, rows } = chosen;
  const textWith = (ablation: string): string =>
    experimentText({ ...chosen, ablation }, schemaFrom(dirname(path)), presets[preset]);
  const wanted = loadText(JSON.stringify({ ablation: ablationPath }), { set, preset, seeds, ...(rows && { rows }) });
  const text = textWith(chosen.ablation);
  const got = loadText(textWith(ablationPath), {});
  if (got.hash !== wanted.hash)
    throw new CalmError('internal', `init: what was written is not what was asked for:\n${text}`);
  return text;
}

/** As a file that is not there yet. */
function loadText(text: string, options: Parameters<typeof loadExperiment>[1]) {
  const temporary = makeTemporaryFolder('calm-orch-init-');
  try {
    writeFileSync(join(temporary, 'experiment.yaml'), text);
    return loadExperiment(join(temporary, 'experiment.yaml'), options);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** From below the program's folder, or a folder beside it, relative; from elsewhere where it lies. */
function schemaFrom(folder: string): string {
  const path = relative(folder, schemaFile);
  return isAbsolute(path) || path.startsWith(`..${sep}..${sep}..`) ? schemaFile : path.split(sep).join('/');
}
