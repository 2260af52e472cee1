// The command that makes a run again: found by trying, as a run records what its command came to and not the command.
import { relative } from 'node:path';
import { CalmError, programRoot, type Experiment, type Json, type ResolvedExperiment } from '@calm-orch/core';
import { loadExperiment, type LoadOptions } from '@calm-orch/core/config';
import type { ReportCommand } from '@calm-orch/dashboard';
import type { RunRecord } from '@calm-orch/tracker';

export function commandOfRun(run: RunRecord): ReportCommand {
  const resolved = run.resolved as unknown as ResolvedExperiment;
  const { rows, seeds, untilDecided, rehearsal, preset } = resolved;
  if (rehearsal || untilDecided) {
    const flags = [
      ...(rehearsal ? ['--rehearsal'] : []),
      ...(untilDecided ? ['--until-decided', '--max-seeds', String(untilDecided.maxSeeds)] : []),
    ];
    return {
      command: commandLine(run.path, flags),
      caveat: `Options such as --rows, --seeds and --set may be missing here: \`calm-orch show ${run.id} --config\` prints what they came to.`,
    };
  }
  const names = rows.map(({ row }) => row);
  const parts: LoadOptions[] = [{}, { seeds }, { rows: names }, { rows: names, seeds }, { rows: names, seeds, preset }];
  const file = loaded(run.path, parts.at(-1)!);
  const set = file === null ? [] : changesOf((file.resolved as unknown as ResolvedExperiment).config, resolved.config);
  const tried = [...parts, ...parts.map((part) => ({ ...part, set }))];
  for (const options of tried)
    if (loaded(run.path, options)?.hash === run.hash)
      return { command: commandLine(run.path, flagsOf(options)), caveat: null };
  return {
    command: commandLine(run.path, []),
    caveat: `The file says something else now, is gone, or was run with further options: \`calm-orch show ${run.id} --config\` prints what the run was made of.`,
  };
}

/** null: it cannot be read so. */
function loaded(path: string, options: LoadOptions): Experiment | null {
  try {
    return loadExperiment(path, options);
  } catch (error) {
    if (error instanceof CalmError) return null;
    throw error;
  }
}

function flagsOf({ rows, seeds, preset, set = [] }: LoadOptions): string[] {
  return [
    ...(rows ? ['--rows', rows.join()] : []),
    ...(seeds ? ['--seeds', seeds.join()] : []),
    ...(preset ? ['--preset', preset] : []),
    ...set.flatMap((one) => ['--set', one]),
  ];
}

/** `key=value` for each member that is other than the file's. */
function changesOf(base: unknown, changed: unknown, path: readonly string[] = []): string[] {
  const isGroup = (value: unknown): value is Record<string, Json> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isGroup(changed))
    return JSON.stringify(base) === JSON.stringify(changed) ? [] : [`${path.join('.')}=${JSON.stringify(changed)}`];
  return Object.keys(changed).flatMap((key) =>
    changesOf(isGroup(base) ? base[key] : undefined, changed[key], [...path, key]),
  );
}

/** A file that comes with calm-orch is found by its name from anywhere. */
function commandLine(path: string, flags: readonly string[]): string {
  const carried = relative(programRoot, path);
  const words = [carried.startsWith('..') ? path : carried, ...flags];
  return `calm-orch run ${words.map(quoted).join(' ')}`;
}

const quoted = (word: string): string =>
  /^[\w./+=,:@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
