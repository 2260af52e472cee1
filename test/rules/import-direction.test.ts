// Which package may import which. An edge that is not in this table is a decision to take, not a line to add.
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, workspacePackages, type Import } from './sources.ts';

const compute = ['core', 'rpc', 'engine', 'model', 'datasets'];

const edges: Readonly<Record<string, readonly string[]>> = {
  core: [],
  rpc: ['core'],
  engine: ['core'],
  model: ['core', 'engine'],
  datasets: ['core'],
  tracker: ['core'],
  coordinator: ['core', 'rpc', 'tracker'],
  trainer: compute,
  augmentor: compute,
  evaluator: compute,
  // An interval measures a metric anew on every draw of test items: the evaluator, which writes their files, reads them and
  // has the metrics (`@calm-orch/evaluator/test-items`).
  report: ['core', 'tracker', 'evaluator'],
  // What else the page shows, the command that starts it lends it (`PageSources`).
  dashboard: ['core', 'tracker', 'report'],
  share: ['core', 'tracker', 'report', 'evaluator'],
  cli: [...compute, 'tracker', 'coordinator', 'trainer', 'augmentor', 'evaluator', 'report', 'dashboard', 'share'],
};

/** Heavy or replaceable dependencies, and the packages that know of them. */
const keepers: Readonly<Record<string, readonly string[]>> = {
  '@grpc/grpc-js': ['rpc'],
  'better-sqlite3': ['tracker', 'datasets'],
  'drizzle-orm': ['tracker'],
  openai: ['datasets'],
  preact: ['dashboard'],
  sharp: ['datasets', 'augmentor'],
  uplot: ['dashboard'],
  yargs: ['cli'],
  zod: ['core', 'evaluator', 'dashboard'],
};

/** A command that only reads the database must not wait for these to load. */
const lazyPackages = [
  'rpc',
  'engine',
  'model',
  'datasets',
  'coordinator',
  'trainer',
  'augmentor',
  'evaluator',
  'dashboard',
  'share',
];
/** Modules of theirs that load nothing heavy. */
const lightModules = [
  '@calm-orch/coordinator/damage',
  '@calm-orch/coordinator/layout',
  '@calm-orch/engine/layout',
  '@calm-orch/augmentor/kinds',
  '@calm-orch/trainer/kinds',
  '@calm-orch/evaluator/kinds',
];
/** Packages that such a command loads. */
const loadedAtOnce = ['report', 'cli'];

const scope = '@calm-orch/';
const packages = workspacePackages();
const imports = packages.flatMap(({ name, files }) =>
  files.flatMap(importsOf).map((found) => ({ ...found, from: name })),
);

const at = ({ file, line, specifier }: Import): string => `${file}:${String(line)} imports ${specifier}`;
const isRelative = (specifier: string): boolean => specifier.startsWith('.');
const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || builtinModules.includes(specifier);
const workspaceTarget = (specifier: string): string | undefined =>
  specifier.startsWith(scope) ? specifier.slice(scope.length).split('/')[0] : undefined;
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

describe('packages', () => {
  it('are all in the table of edges', () => {
    expect(packages.map(({ name }) => name).filter((name) => !(name in edges))).toEqual([]);
  });

  it('import only the packages their row names', () => {
    const wrong = imports.filter(({ from, specifier }) => {
      const target = workspaceTarget(specifier);
      return target !== undefined && edges[from]?.includes(target) !== true;
    });
    expect(wrong.map(at)).toEqual([]);
  });

  it('declare only the packages their row names', () => {
    const wrong = packages.flatMap(({ name, manifest }) =>
      Object.keys(manifest.dependencies ?? {})
        .map(workspaceTarget)
        .filter((target) => target !== undefined && edges[name]?.includes(target) !== true)
        .map((target) => `${name} depends on ${String(target)}`),
    );
    expect(wrong).toEqual([]);
  });

  it('import one another by an exported name', () => {
    const exported = new Set(
      packages.flatMap(({ manifest }) => Object.keys(manifest.exports ?? {}).map((key) => join(manifest.name, key))),
    );
    const wrong = imports.filter(({ specifier }) => specifier.startsWith(scope) && !exported.has(specifier));
    expect(wrong.map(at)).toEqual([]);
  });

  it('reach no file outside their own src by a relative path', () => {
    const wrong = imports.filter(
      ({ from, file, specifier }) =>
        isRelative(specifier) && !normalize(join(dirname(file), specifier)).startsWith(join('packages', from, 'src')),
    );
    expect(wrong.map(at)).toEqual([]);
  });

  it('declare what they import from outside, types apart', () => {
    const wrong = imports.filter(({ from, file, specifier, kind }) => {
      if (kind === 'type' || isRelative(specifier) || isBuiltin(specifier)) return false;
      const manifest = packages.find(({ name }) => name === from)?.manifest;
      // What the page imports is bundled when it is built, and not installed with the program.
      const bundled = file.startsWith('packages/dashboard/src/page/') ? manifest?.devDependencies : {};
      return !(packageOf(specifier) in { ...manifest?.dependencies, ...manifest?.peerDependencies, ...bundled });
    });
    expect(wrong.map(at)).toEqual([]);
  });

  it('leave heavy dependencies to the packages that keep them', () => {
    const wrong = imports.filter(({ from, specifier }) => keepers[packageOf(specifier)]?.includes(from) === false);
    expect(wrong.map(at)).toEqual([]);
  });

  it('never import TensorFlow as code: it comes from the engine folder', () => {
    expect(
      imports.filter(({ specifier, kind }) => specifier.startsWith('@tensorflow/') && kind !== 'type').map(at),
    ).toEqual([]);
  });
});

describe('the command line', () => {
  it('loads what computes only when a command needs it', () => {
    const wrong = imports.filter(
      ({ from, specifier, kind }) =>
        loadedAtOnce.includes(from) &&
        kind === 'static' &&
        lazyPackages.includes(workspaceTarget(specifier) ?? '') &&
        !lightModules.includes(specifier),
    );
    expect(wrong.map(at)).toEqual([]);
  });
});
