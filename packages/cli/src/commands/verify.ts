// Hashes everything a run uses again: what a disk, a copy or somebody's hand has changed is found here. Of a package also all
// that follows from its predictions.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, userPath } from '@calm-orch/core';
import { openTracker } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { meteorOption } from '../options/meteor-option.ts';
import { namedRun } from '../options/named-run.ts';
import { printJson, printLine } from '../output.ts';
import { mebibytes, plural } from '../progress/format.ts';
import { version } from '../version.ts';
import { verifiedText } from '../views/verified-package.ts';

interface Options extends GlobalOptions {
  target?: string;
  meteorDir?: string;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('target', {
        type: 'string',
        describe: 'A run or experiment, or the path of a package [default: the last run]',
      })
      .option('meteor-dir', { ...meteorOption, describe: `a package: ${meteorOption.describe}` })
      .option('json', jsonOption)
      .example('$0 verify', 'the last run; exit code 1 when an artifact is damaged or gone')
      .example('$0 verify smoke-1 --json', 'for scripts')
      .example(
        '$0 verify smoke-1-package',
        'numbers, tables and verdicts from the predictions; no run folder is needed',
      ),
  handler: async ({ dir, target, meteorDir, json }: ArgumentsCamelCase<Options>) => {
    if (target !== undefined && isPath(target)) return verifyPackageAt(userPath(target), { meteorDir, json });
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

/** Runs and experiments have no such names. */
const isPath = (target: string): boolean =>
  /[/\\]|\.zip$/.test(target) ||
  existsSync(join(userPath(target), 'run.json')) ||
  existsSync(join(userPath(target), 'SHA256SUMS'));

async function verifyPackageAt(path: string, { meteorDir, json }: Pick<Options, 'meteorDir' | 'json'>): Promise<void> {
  if (!existsSync(path))
    throw new CalmError('not_found', `there is no package at ${path}: \`calm-orch package RUN -o ${path}\` writes one`);
  const { verifyPackage, withPackage } = await import('@calm-orch/share');
  const program = version();
  const verified = await withPackage(path, (dir) => verifyPackage(dir, { program, meteorDir }));
  if (!verified.ok) process.exitCode = 1;
  if (json) printJson(verified);
  else printLine(verifiedText(verified));
}
