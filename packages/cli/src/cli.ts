// The command line as a whole. A command's code is imported when that command is used, so that `--help` and the
// reading commands load neither TensorFlow nor gRPC.
import yargs, { type Argv, type CommandModule } from 'yargs';
import { CalmError, errorTable, stackOf, toCalmError } from '@calm-orch/core/errors';
import { ignoresHangup } from '@calm-orch/core/hangup';
import { nearest, suggestion } from '@calm-orch/core/suggest';
import { userPath } from '@calm-orch/core/user-path';
import { completions, knownTo, type YargsInside } from './completions.ts';
import { isDetached, tellFront } from './run/detached.ts';
import { asksForJson, errorJson } from './options/json-option.ts';
import { printJson, printLine, survivesClosedOutput } from './output.ts';
import { systemRemedy } from './surroundings/system-error.ts';
import { version } from './version.ts';

/** What a file of commands/ exports as `command`: a yargs module whose name stands in the table below. */
export type Command = Pick<CommandModule<GlobalOptions, never>, 'builder' | 'handler'>;

/** Options of every command. */
export interface GlobalOptions {
  /** Run folder. */
  dir: string;
}

interface CommandEntry {
  readonly usage: string;
  readonly describe: string;
  readonly load: () => Promise<{ readonly command: unknown }>;
}

const photos = (name: 'score' | 'comment' | 'suggest') => async () => ({
  command: (await import('./commands/photos.ts'))[name],
});

const commands: readonly CommandEntry[] = [
  {
    usage: 'run <experiment>',
    describe: 'Run an experiment file and print its table',
    load: () => import('./commands/run.ts'),
  },
  {
    usage: 'init [file]',
    describe: 'Write an experiment file to begin with, each setting with what it does and its default',
    load: () => import('./commands/init.ts'),
  },
  {
    usage: 'resume [run]',
    describe: 'Go on with a run that failed, was cancelled or interrupted',
    load: () => import('./commands/resume.ts'),
  },
  {
    usage: 'attach [run]',
    describe: 'Watch a run at work until it ends; Ctrl-C leaves it at work',
    load: () => import('./commands/attach.ts'),
  },
  {
    usage: 'logs [run]',
    describe: 'Print what the processes of a run have written',
    load: () => import('./commands/logs.ts'),
  },
  {
    usage: 'stop [run]',
    describe: 'End a run at work as Ctrl-C does: checkpoints are saved, `resume` goes on',
    load: () => import('./commands/stop.ts'),
  },
  { usage: 'runs', describe: 'List the runs of the run folder', load: () => import('./commands/runs.ts') },
  {
    usage: 'show [run]',
    describe: 'Show one run: trials, stages, attempts, curves, configuration',
    load: () => import('./commands/show.ts'),
  },
  {
    usage: 'note <run> <text..>',
    describe: 'Write something about a run down, to be shown with it',
    load: () => import('./commands/note.ts'),
  },
  {
    usage: 'tag <run>',
    describe: 'Show or change what a run is called',
    load: () => import('./commands/tag.ts'),
  },
  {
    usage: 'tables [name]',
    describe: 'Print the table of a run or experiment',
    load: () => import('./commands/tables.ts'),
  },
  {
    usage: 'report [run]',
    describe: 'Write what a run found out as one HTML file: tables, curves, photographs, how to make it again',
    load: () => import('./commands/report.ts'),
  },
  {
    usage: 'compare <a> <b>',
    describe: 'Compare two runs: configuration, metrics with intervals and a paired test, curves',
    load: () => import('./commands/compare.ts'),
  },
  {
    usage: 'export [run]',
    describe: 'Write a run for another tool: MLflow, TensorBoard, Weights & Biases, CSV',
    load: () => import('./commands/export.ts'),
  },
  {
    usage: 'package [run]',
    describe: 'Write a run as a package (RO-Crate) that anybody can verify without the run folder',
    load: () => import('./commands/package.ts'),
  },
  {
    usage: 'ui',
    describe: 'Show the run folder as a page in the browser, live',
    load: () => import('./commands/ui.ts'),
  },
  {
    usage: 'schema',
    describe: 'Print the JSON Schema of experiment files, for editors',
    load: () => import('./commands/schema.ts'),
  },
  {
    usage: 'doctor',
    describe: 'Check the engine and the machine, and mend what can be mended',
    load: () => import('./commands/doctor.ts'),
  },
  {
    usage: 'plan <experiments..>',
    describe: 'Count the stages of experiments: one by one, shared, and done before',
    load: () => import('./commands/plan.ts'),
  },
  {
    usage: 'explain [run] [stage]',
    describe: 'Say why each stage of a run was executed or reused',
    load: () => import('./commands/explain.ts'),
  },
  {
    usage: 'verify [target]',
    describe: 'Hash every artifact a run uses again, or measure a package again, and say what is damaged',
    load: () => import('./commands/verify.ts'),
  },
  {
    usage: 'gc',
    describe: 'Free the disk space of artifacts that no kept run needs',
    load: () => import('./commands/gc.ts'),
  },
  {
    usage: 'rm <runs..>',
    describe: 'Remove runs that have ended, with what no other run needs of theirs',
    load: () => import('./commands/rm.ts'),
  },
  {
    usage: 'chaos <experiment>',
    describe: 'Run an experiment quietly and under faults, and compare the results',
    load: () => import('./commands/chaos.ts'),
  },
  {
    usage: 'audit [run]',
    describe: 'Prove that every sample of every training step counted exactly once',
    load: () => import('./commands/audit.ts'),
  },
  {
    usage: 'worker',
    describe: 'Work for a run on another host, which a token lets this one join',
    load: () => import('./commands/worker.ts'),
  },
  {
    usage: 'token <action> [target]',
    describe: 'Make, list and revoke the tokens by which workers of other hosts join',
    load: () => import('./commands/token.ts'),
  },
  {
    usage: 'metrics <kind> <file>',
    describe: 'Score captions or predictions of a JSON file with the metrics of the tables',
    load: () => import('./commands/metrics.ts'),
  },
  {
    usage: 'import [file]',
    describe: "Put other people's scores or comments as a row in the table, on the same test photographs",
    load: () => import('./commands/import.ts'),
  },
  {
    usage: 'score <photos..>',
    describe: "Score one's own photographs with the newest full model, 1 to 10",
    load: photos('score'),
  },
  {
    usage: 'comment <photos..>',
    describe: "Comment on one's own photographs with the newest full model",
    load: photos('comment'),
  },
  {
    usage: 'suggest <photos..>',
    describe: "Ask the newest full model how one's own photographs could be improved",
    load: photos('suggest'),
  },
  {
    usage: 'data <action> [target]',
    describe: 'Check datasets on this machine (verify), or write the embedded data in their formats (make)',
    load: () => import('./commands/data.ts'),
  },
];

const examples: readonly (readonly [string, string])[] = [
  ['$0 run experiments/ablation-mfam.yaml', 'the main job: table 5 of the paper'],
  ['$0 run experiments/ablation-mfam.yaml --rows all --seeds 0', 'a part of it'],
  ['$0 resume', 'go on after an interruption'],
  ['$0 run experiments/paper.yaml --detach', 'in the background; `attach`, `logs -f` and `stop` reach it'],
  ['$0 tables --format markdown', "the last experiment's table again"],
  ['$0 show --config', 'the resolved configuration of the last run'],
  ['$0 runs --json', 'all runs, for scripts'],
  ['source <($0 completion)', 'completion in this shell; into ~/.bashrc or ~/.zshrc for all'],
];

/** Runs one command; sets the exit code of the process, never throws. */
export async function runCli(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  survivesClosedOutput();
  if (ignoresHangup()) process.on('SIGHUP', () => {});
  try {
    // The word after it is the program.
    if (args[0] === completionFlag) await complete(args.slice(2), env);
    else await parser(args, env).parseAsync();
  } catch (thrown) {
    const { nativeProblem, nativeSentence } = await import('./surroundings/native-error.ts');
    const broken = nativeProblem(thrown);
    const error =
      broken === null ? errorOf(thrown) : new CalmError('unavailable', nativeSentence(broken), { cause: thrown });
    const debug = env['CALM_ORCH_DEBUG'] === '1';
    const unexpected = error.code === 'internal' && !(thrown instanceof CalmError);
    const remedy = unexpected ? systemRemedy(thrown) : null;
    const defect = unexpected && !debug ? ' (a defect of calm-orch; CALM_ORCH_DEBUG=1 shows where)' : '';
    const hint = remedy === null ? defect : `: ${remedy}`;
    const message = `${error.message}${hint}`;
    process.stderr.write(debug ? `${stackOf(error)}\n` : `calm-orch: ${message}\n`);
    // In the background standard output is a log: the process in front tells it.
    if (isDetached()) tellFront(errorJson(error, message));
    else if (asksForJson(args)) printJson(errorJson(error, message));
    process.exitCode = errorTable[error.code].exitCode;
  }
}

/** Prints what the last of the words of a command line may become. */
async function complete(words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const found = await completions(words, {
    commands: [...commands.map(nameOf), completionCommand],
    optionsOf: async (name) => {
      const entry = commands.find((one) => nameOf(one) === name);
      const program = withGlobalOptions(yargs([]), env);
      return entry === undefined ? program : withOptions((await entry.load()).command as Command, program);
    },
    env,
  });
  for (const completion of found) printLine(completion);
}

function withGlobalOptions<T>(args: Argv<T>, env: NodeJS.ProcessEnv): Argv<T & GlobalOptions> {
  return args.option('dir', {
    type: 'string',
    default: env['CALM_ORCH_DIR'] || 'runs',
    defaultDescription: '$CALM_ORCH_DIR or ./runs',
    describe: 'Run folder: everything a run leaves lies in it',
    requiresArg: true,
    coerce: (dir: string) => userPath(dir),
    global: true,
  });
}

function parser(args: readonly string[], env: NodeJS.ProcessEnv): Argv<GlobalOptions> {
  const program = withGlobalOptions(yargs([...args]), env)
    .scriptName('calm-orch')
    .locale('en')
    .usage('$0 <command>\n\nReproduces the tables of the CALM paper from experiment files.')
    .version(version())
    .help()
    .alias('help', 'h')
    .strict()
    .recommendCommands()
    .wrap(Math.min(110, process.stdout.columns || 100))
    .exitProcess(false)
    .showHelpOnFail(false)
    .check((values) => {
      const { number } = (program as unknown as YargsInside).getOptions();
      for (const name of number)
        if (Number.isNaN(values[name]))
          throw new CalmError('invalid_argument', `--${name}: expected a number, got "${typedFor(name, args)}"`);
      return true;
    })
    .fail((message, error) => {
      throw error ?? new CalmError('invalid_argument', usageMessage(message, args, knownTo(program as never).options));
    });
  for (const { usage, describe, load } of commands) {
    program.command({
      command: usage,
      describe,
      builder: async (own: Argv) => withOptions((await load()).command as Command, own),
      handler: async (values) => {
        const { handler } = (await load()).command as Command;
        await handler(values as never);
      },
    } as CommandModule);
  }
  program.command({
    command: completionCommand,
    describe: 'Print a script that completes commands, options, runs and experiments in bash, zsh or fish',
    builder: {},
    handler: () => void program.showCompletionScript(),
  } as CommandModule);
  examples.forEach(([line, text]) => program.example(line, text));
  program.command({
    command: '$0',
    describe: false,
    builder: {},
    handler: () => void program.showHelp('log'),
  } as CommandModule);
  return program;
}

const completionCommand = 'completion';
/** As yargs' scripts call it. */
const completionFlag = '--get-yargs-completions';

const nameOf = ({ usage }: CommandEntry): string => usage.split(' ')[0]!;

function withOptions<T>({ builder }: Command, own: Argv<T>): Argv<T> {
  return (typeof builder === 'function' ? builder(own as never) : own.options(builder ?? {})) as Argv<T>;
}

/** What was typed as the value of an option. */
function typedFor(name: string, args: readonly string[]): string {
  const at = args.findLastIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  return (args[at]?.includes('=') ? args[at].slice(name.length + 3) : args[at + 1]) ?? '';
}

/** yargs' own words made a sentence, with the nearest command for a mistyped one and where to look. */
function usageMessage(message: string, args: readonly string[], options: readonly string[]): string {
  const first = args.find((arg) => !arg.startsWith('-'));
  const entry = commands.find((command) => nameOf(command) === first);
  if (first !== undefined && !entry) return `unknown command \`${first}\`${suggestion(first, commands.map(nameOf))}`;
  const help = entry ? `calm-orch ${nameOf(entry)} --help` : 'calm-orch --help';
  const words = message
    .replace(/^Not enough non-option arguments.*/, `an argument is missing in \`calm-orch ${entry?.usage ?? ''}\``)
    .replace(/^Unknown arguments?: (\S+)$/, (_, name: string) => {
      const near = args.some((arg) => arg.startsWith(`--${name}`)) ? nearest(name, options) : undefined;
      return `unknown argument: ${name}${near === undefined ? '' : `; did you mean \`--${near}\`?`}`;
    })
    .replace(/^Unknown argument/, 'unknown argument')
    .replace(/^Invalid values:\s*Argument: (.*), Given: (.*), Choices: (.*)/s, '--$1: expected one of $3, got $2');
  return `${words.replaceAll(/\s+/g, ' ')} (see \`${help}\`)`;
}

/** All that yargs keeps of an error that an option's `coerce` throws is its message. */
function errorOf(thrown: unknown): CalmError {
  if (thrown instanceof Error && thrown.name === 'YError')
    return new CalmError('invalid_argument', thrown.message, { cause: thrown });
  return toCalmError(thrown);
}
