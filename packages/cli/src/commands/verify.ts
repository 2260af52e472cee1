// Hashes everything a run uses again: what a disk, a copy or somebody's hand has changed is found here.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';
import { mebibytes, plural } from '../progress/format.ts';

interface Options extends GlobalOptions {
  target?: string;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('target', { type: 'string', describe: 'A run or experiment [default: the last run]' })
      .option('json', jsonOption)
      .example('$0 verify', 'the last run; exit code 1 when an artifact is damaged or gone')
      .example('$0 verify smoke-1 --json', 'for scripts'),
  handler: async ({ dir, target, json }: ArgumentsCamelCase<Options>) => {
    const { layoutOf, verifyRun } = await import('@calm-orch/coordinator');
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const run = namedRun(tracker, target);
      const verified = verifyRun(tracker, layoutOf(dir), run.id);
      if (!verified.ok) process.exitCode = 1;
      if (json) return printJson(verified);
      const damaged = verified.artifacts.filter(({ damage }) => damage.length > 0);
      for (const { kind, key, damage } of damaged)
        for (const { path, problem } of damage) printLine(`${kind} ${key.slice(0, 8)}: ${path} ${problem}`);
      const { artifacts } = verified;
      const sum = (of: (artifact: (typeof artifacts)[number]) => number): number =>
        artifacts.reduce((total, artifact) => total + of(artifact), 0);
      const size = `${plural(artifacts.length, 'artifact')}, ${plural(
        sum(({ numFiles }) => numFiles),
        'file',
      )}, ${mebibytes(sum(({ bytes }) => bytes))}`;
      printLine(
        verified.ok
          ? `Run ${run.id}: all is as it was recorded (${size}).`
          : `Run ${run.id}: ${damaged.length} of ${size} are damaged or gone; \`calm-orch run ${run.path}\` makes them again.`,
      );
    } finally {
      tracker.close();
    }
  },
};
