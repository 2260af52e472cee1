// What the last word of a command line may become: commands, options and choices as yargs knows them, runs where a command
// takes one, experiment files where it takes those. yargs' own completion does not wait for options that are loaded with
// their command. Nothing here loads the engine or a worker's code; a run folder that cannot be read completes nothing.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { userPath } from '@calm-orch/core/user-path';

const takeRuns = new Set([
  'resume',
  'attach',
  'logs',
  'stop',
  'note',
  'tag',
  'show',
  'tables',
  'report',
  'compare',
  'explain',
  'verify',
  'audit',
  'rm',
]);
const takeExperiments = new Set(['run', 'plan', 'chaos']);
const folder = 'experiments';

export interface CompletionSources {
  readonly commands: readonly string[];
  /** yargs with the options of a command, or with those of all. */
  readonly optionsOf: (command: string | undefined) => Promise<unknown>;
  readonly env: NodeJS.ProcessEnv;
}

/** @param words The command line after the program, the last one being typed. Nothing found: the shell completes files. */
export async function completions(
  words: readonly string[],
  { commands, optionsOf, env }: CompletionSources,
): Promise<string[]> {
  const current = words.at(-1) ?? '';
  const typed = words.slice(0, -1);
  const previous = typed.at(-1) ?? '';
  const command = typed.find((word) => commands.includes(word));
  const begun = (all: readonly string[]): string[] => all.filter((one) => one.startsWith(current));
  const isOption = current.startsWith('-');
  if (command === undefined && !isOption) return previous === '--dir' ? [] : begun(commands);
  if (
    !isOption &&
    (previous === '--run' || (takeRuns.has(command ?? '') && (previous === command || command === 'compare')))
  )
    return begun(await runIds(dirOf(typed, env)));
  if (!isOption && takeExperiments.has(command ?? '') && !previous.startsWith('-')) return begun(experiments());
  const { options, positionals, choices } = knownTo((await optionsOf(command)) as YargsInside);
  if (isOption) return begun(options.map((name) => `--${name}`));
  const asked = previous.startsWith('--') ? previous.slice(2) : previous === command ? positionals[0] : undefined;
  return begun(choices[asked ?? ''] ?? []);
}

/** What yargs' types leave out. */
export interface YargsInside {
  getOptions(): {
    readonly number: readonly string[];
    readonly key: Readonly<Record<string, unknown>>;
    readonly choices: Readonly<Record<string, string[]>>;
  };
  getGroups(): Readonly<Record<string, string[]>>;
}

/** The options, positionals and choices of the command line as parsed so far. */
export function knownTo(program: YargsInside) {
  const { key, choices } = program.getOptions();
  const positionals = program.getGroups()['Positionals:'] ?? [];
  const options = Object.keys(key).filter((name) => name.length > 1 && !positionals.includes(name));
  return { options, positionals, choices };
}

function dirOf(typed: readonly string[], env: NodeJS.ProcessEnv): string {
  const flag = typed.findLastIndex((word) => word === '--dir' || word.startsWith('--dir='));
  const given = typed[flag]?.startsWith('--dir=') === true ? typed[flag].slice('--dir='.length) : typed[flag + 1];
  return (flag < 0 ? undefined : given) ?? (env['CALM_ORCH_DIR'] || 'runs');
}

/** The newest first. */
async function runIds(dir: string): Promise<string[]> {
  try {
    const { hasTracker, openTracker } = await import('@calm-orch/tracker');
    const path = userPath(dir);
    if (!hasTracker(path)) return [];
    const tracker = openTracker(path, { access: 'read' });
    try {
      return tracker.listRuns().map(({ id }) => id);
    } finally {
      tracker.close();
    }
  } catch {
    return [];
  }
}

function experiments(): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
