// The code part of a stage's key: a hash of everything of ours that a stage runs, bundled and minified, so that
// comments, white space and local names do not matter while helpers and constants do. Packages from node_modules enter
// by name and version. Nothing of the stage is loaded or executed.
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { build, stop, type Plugin } from 'esbuild';
import { CalmError, hashOf, sha256 } from '@calm-orch/core';
import { codeShape } from './code-shape.ts';

const ourScope = '@calm-orch/';

/** Hashes the code of each entry; the entries' modules must be built. @throws CalmError `internal` if one is not. */
export async function codeVersions(entries: readonly string[]): Promise<Map<string, string>> {
  try {
    const versions = await Promise.all(
      [...new Set(entries)].map(async (entry) => [entry, await version(entry)] as const),
    );
    return new Map(versions);
  } finally {
    // esbuild keeps a process of its own alive otherwise.
    await stop();
  }
}

async function version(entry: string): Promise<string> {
  if (!existsSync(entry))
    throw new CalmError(
      'internal',
      `the code of a stage is missing: ${entry}; run \`npm run build\` in calm-orch's folder`,
    );
  const packages = new Map<string, string>();
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [ownCodeOnly(packages)],
  });
  return hashOf({ code: sha256(codeShape(outputFiles[0]!.text)), packages: Object.fromEntries(packages) });
}

/** Bundles relative imports and our own packages; notes name and version of all others. */
function ownCodeOnly(packages: Map<string, string>): Plugin {
  return {
    name: 'own-code-only',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (args) => {
        if (args.pluginData === 'resolved' || args.kind === 'entry-point') return undefined;
        if (!args.path.startsWith('.') && !args.path.startsWith(ourScope)) {
          if (!isBuiltin(args.path)) packages.set(...versionOf(args.path, args.resolveDir));
          return { path: args.path, external: true };
        }
        const { importer, resolveDir, kind } = args;
        const where = { importer, resolveDir, kind, pluginData: 'resolved' };
        const { path, errors } = await build.resolve(args.path, where);
        // Our modules do nothing when they are imported, so what a stage does not use of them is not its code.
        return errors.length > 0 ? { errors } : { path, sideEffects: false };
      });
    },
  };
}

/** `@scope/name/file` -> ['@scope/name', '1.2.3']; a package that is not installed has the version 'absent'. */
function versionOf(specifier: string, from: string): [name: string, version: string] {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  for (let dir = from; ; dir = dirname(dir)) {
    const path = join(dir, 'node_modules', name, 'package.json');
    if (existsSync(path)) return [name, (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version];
    if (dir === dirname(dir)) return [name, 'absent'];
  }
}
