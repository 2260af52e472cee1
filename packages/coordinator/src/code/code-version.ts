// The code part of a stage's key: a hash of everything of ours that a stage runs, bundled and minified, so that
// comments, white space and local names do not matter while helpers and constants do. Packages from node_modules enter
// by name and version. Nothing of the stage is loaded or executed.
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { build, stop, transform, type Metafile, type Plugin } from 'esbuild';
import { CalmError, hashOf, sha256 } from '@calm-orch/core';
import { codeShape } from './code-shape.ts';
import { packageName, packageVersion } from './package-version.ts';

const ourScope = '@calm-orch/';

export interface CodeVersion {
  /** What enters the key. */
  readonly hash: string;
  /** Hash of each module of ours the stage runs, by path, and version of each package: to tell what has changed. */
  readonly modules: Readonly<Record<string, string>>;
  /** All files of ours that were read for it. */
  readonly files: readonly string[];
  /** Other packages, and a folder each is imported from. */
  readonly packages: readonly { readonly name: string; readonly from: string; readonly version: string }[];
}

/** Bundles and hashes each entry, once. @throws CalmError `internal` if one is not built. */
export async function bundledVersions(entries: readonly string[]): Promise<ReadonlyMap<string, CodeVersion>> {
  const missing = entries.find((entry) => !existsSync(entry));
  if (missing !== undefined)
    throw new CalmError(
      'internal',
      `the code of a stage is missing: ${missing}; run \`npm run build\` in calm-orch's folder`,
    );
  const roots = [...new Set(entries.map(rootOf))];
  try {
    const below = (root: string): string[] => [...new Set(entries)].filter((entry) => rootOf(entry) === root);
    const versions = await Promise.all(roots.map((root) => versionsBelow(root, below(root))));
    return new Map(versions.flat());
  } finally {
    // esbuild keeps a process of its own alive otherwise.
    await stop();
  }
}

/** As `tryBundler` of code-cache.ts, which loads this module only then. */
export async function tryBundler(): Promise<void> {
  try {
    await transform('');
  } finally {
    await stop();
  }
}

/** Of entries below one folder: what several of them import is read and resolved once. */
async function versionsBelow(root: string, entries: readonly string[]): Promise<[string, CodeVersion][]> {
  const shapes = new Map<string, Promise<string>>();
  const shapeOf = (path: string): Promise<string> => {
    const known = shapes.get(path) ?? shapeOfModule(join(root, path));
    shapes.set(path, known);
    return known;
  };
  const { outputFiles, metafile } = await build({
    metafile: true,
    // Makes the paths of modules the same wherever the program lies.
    absWorkingDir: root,
    entryPoints: entries.map((entry, i) => ({ in: entry, out: String(i) })),
    outdir: 'bundled',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [ownCodeOnly()],
  });
  return Promise.all(
    entries.map(async (entry, i): Promise<[string, CodeVersion]> => {
      const output = join('bundled', `${i}.js`);
      const text = outputFiles.find(({ path }) => path === join(root, output))!.text;
      const { inputs, entryPoint } = metafile.outputs[output]!;
      const { files, packages } = reachedFrom(entryPoint!, metafile, root);
      const versions = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
      const used = Object.keys(inputs).filter((path) => inputs[path]!.bytesInOutput > 0);
      const modules = await Promise.all(
        used.sort().map(async (path) => [named(path, entry), await shapeOf(path)] as const),
      );
      return [
        entry,
        {
          hash: hashOf({ code: sha256(codeShape(text)), packages: versions }),
          modules: { ...Object.fromEntries(modules), ...versions },
          files,
          packages,
        },
      ];
    }),
  );
}

/** All files that an entry imports, and they in turn, used or not; and other packages that are imported there. */
function reachedFrom(entry: string, { inputs }: Metafile, root: string): Pick<CodeVersion, 'files' | 'packages'> {
  const files = new Set([entry]);
  const packages = new Map<string, CodeVersion['packages'][number]>();
  for (const file of files)
    for (const { path, external } of inputs[file]!.imports) {
      if (!external) files.add(path);
      else if (!isBuiltin(path)) {
        const [name, from] = [packageName(path), dirname(join(root, file))];
        packages.set(name, { name, from, version: packageVersion(name, from) });
      }
    }
  return { files: [...files].map((path) => resolve(root, path)), packages: [...packages.values()] };
}

/** What stands before the name of a package of ours, in an installed program and in a clone. */
const homes = ['/node_modules/@calm-orch/', '/packages/'];

const homeOf = (entry: string): string | undefined => homes.find((home) => entry.includes(home));

/** The folder that holds our packages, or the entry's own. */
function rootOf(entry: string): string {
  const home = homeOf(entry);
  return home === undefined ? dirname(entry) : entry.slice(0, entry.lastIndexOf(home) + home.length - 1);
}

/** A module's path below that folder as it is told to users: the same in a clone and installed. */
const named = (path: string, entry: string): string => (homeOf(entry) === undefined ? path : `packages/${path}`);

async function shapeOfModule(path: string): Promise<string> {
  const { code } = await transform(readFileSync(path, 'utf8'), { minify: true, format: 'esm', legalComments: 'none' });
  return sha256(codeShape(code)).slice(0, 16);
}

/** Bundles relative imports and our own packages; leaves all others out. */
function ownCodeOnly(): Plugin {
  return {
    name: 'own-code-only',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (args) => {
        if (args.pluginData === 'resolved' || args.kind === 'entry-point') return undefined;
        if (!args.path.startsWith('.') && !args.path.startsWith(ourScope)) return { path: args.path, external: true };
        const { importer, resolveDir, kind } = args;
        const where = { importer, resolveDir, kind, pluginData: 'resolved' };
        const { path, errors } = await build.resolve(args.path, where);
        // Our modules do nothing when they are imported, so what a stage does not use of them is not its code.
        return errors.length > 0 ? { errors } : { path, sideEffects: false };
      });
    },
  };
}
