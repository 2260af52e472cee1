// What a run found out as a package that anybody can verify: a Workflow Run RO-Crate.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, programRoot, userPath } from '@calm-orch/core';
import { layoutOf } from '@calm-orch/coordinator/layout';
import { openTracker, type RunRecord } from '@calm-orch/tracker';
import type { GlobalOptions } from '../cli.ts';
import { judgedTables } from '../judged-tables.ts';
import { jsonOption } from '../options/json-option.ts';
import { meteorOption } from '../options/meteor-option.ts';
import { namedRun } from '../options/named-run.ts';
import { runArgument } from '../options/run-argument.ts';
import { printJson, printLine } from '../output.ts';
import { commandOfRun } from '../report/reproduce.ts';
import { version } from '../version.ts';
import { verifiedText } from '../views/verified-package.ts';

interface Options extends GlobalOptions {
  run?: string;
  output?: string;
  author: string[];
  license: string;
  meteorDir?: string;
  force: boolean;
  json: boolean;
}

export const command = {
  builder: (args: Argv<GlobalOptions>) =>
    args
      .positional('run', runArgument)
      .option('author', {
        type: 'string',
        array: true,
        requiresArg: true,
        nargs: 1,
        default: ['anonymous'],
        describe: 'Who passes it on; may be repeated',
      })
      .option('output', {
        type: 'string',
        alias: 'o',
        requiresArg: true,
        describe: 'A new folder, or a file whose name ends in .zip [default: RUN-package]',
      })
      .option('license', {
        type: 'string',
        requiresArg: true,
        default: 'Apache-2.0',
        describe: 'Under which licence, by its SPDX identifier',
      })
      .option('meteor-dir', meteorOption)
      .option('force', { type: 'boolean', default: false, describe: 'Replace what is there' })
      .option('json', jsonOption)
      .example('$0 package', 'the last run; then: $0 verify RUN-package, on any machine')
      .example('$0 package ablation-mfam -o table5.zip --author "Ada Lovelace"', 'the newest run of an experiment'),
  handler: async (options: ArgumentsCamelCase<Options>) => {
    const { dir, run: name, output, author: authors, license, meteorDir, force, json } = options;
    if (!/^[\w.+-]+$/.test(license))
      throw new CalmError(
        'invalid_argument',
        `--license: expected an SPDX identifier such as CC-BY-4.0, got "${license}"`,
      );
    const { billOfMaterials, gatherRun, packageRun } = await import('@calm-orch/share');
    const { readArtifact } = await import('@calm-orch/coordinator/damage');
    const tracker = openTracker(dir, { access: 'read' });
    try {
      const run = namedRun(tracker, name);
      const path = userPath(output ?? `${run.id}-package`);
      const layout = layoutOf(dir);
      const made = new Date().toISOString();
      const files = experimentFiles(run);
      const { command: line, caveat } = commandOfRun(run);
      const carried = relative(programRoot, run.path);
      const { source, predictions } = gatherRun(tracker, run, {
        artifactOf: (key) => {
          const manifest = readArtifact(layout, key);
          return manifest && { dir: layout.artifact(key), files: manifest.files, ingredients: manifest.ingredients };
        },
        about: {
          ...{ program: version(), packaged: made, authors, license, command: line, caveat },
          file: carried.startsWith('..') ? basename(run.path) : carried,
        },
      });
      const verified = await packageRun(
        {
          source,
          tables: await judgedTables(tracker, run, dir),
          sbom: billOfMaterials(fileURLToPath(new URL('../..', import.meta.url)), { program: version(), made }),
          copied: new Map([...predictions, ...(caveat === null ? files : [])]),
        },
        { path, force, keep: [dir, process.cwd()], meteorDir },
      );
      if (json) return printJson({ path, ...verified });
      printLine(`Wrote ${path} (${Math.ceil(verified.bytes / 1000)} kB).\n${verifiedText(verified)}`);
    } finally {
      tracker.close();
    }
  },
};

/** The experiment's file and those it names, by path in the package, as they lie beside one another. */
function experimentFiles({ path }: RunRecord): Map<string, string> {
  if (!existsSync(path)) return new Map();
  const named = [...readFileSync(path, 'utf8').matchAll(/[^\s'",[\]{}]+\.ya?ml\b/g)].map(([name]) => name);
  const files = [path, ...named.map((name) => resolve(dirname(path), name)).filter((file) => existsSync(file))];
  const top = files.map(dirname).reduce((common, folder) => {
    let shared = common;
    while (relative(shared, folder).startsWith('..')) shared = dirname(shared);
    return shared;
  });
  return new Map([...new Set(files)].map((file) => [`experiment/${relative(top, file)}`, file]));
}
