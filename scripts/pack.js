// `npm run pack -- [FOLDER]`: calm-orch as one tarball that `npm install` takes in an empty folder. Our packages are
// bundled in it as built; everything of others is an ordinary dependency at the version of the lock file, so that npm
// gets the binaries of the user's machine, and stages get the keys they have in a clone. `--list` prints its files only,
// `--manifest` its package.json.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const scope = '@calm-orch/';
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Beside the packages: what the program opens, what starts its install, and what tells people about it. */
const carried = [
  'experiments',
  'ablations',
  'schemas',
  'assets',
  'data',
  'proto',
  'docs',
  'scripts/postinstall.js',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
];

/** Of a package's folder: compiled code and what lies beside it, without sources and tests; of what others may import (the
 *  reader of run folders, docs/tracker.md) its types, too. */
const ofPackage = ['bin', 'dist', 'install', 'migrations', 'fixtures'];
const isShipped = (path) =>
  !/\.(test|test-util)\.|\.d\.ts$|\.map$|\.tsbuildinfo$/.test(path) ||
  /packages\/(core|tracker)\/dist\/(?!.*\.test).*\.d\.ts$/.test(path);

const list = process.argv.includes('--list');
const target = resolve(process.argv.slice(2).find((arg) => !arg.startsWith('-')) ?? '.');
const names = readdirSync(join(root, 'packages')).filter((name) => !name.includes('.'));
const manifests = names.map((name) => readJson(`packages/${name}/package.json`));
const stage = mkdtempSync(join(tmpdir(), 'calm-orch-pack-'));
try {
  if (process.argv.includes('--manifest')) console.log(JSON.stringify(manifestOf(manifests)));
  else pack();
} finally {
  rmSync(stage, { recursive: true, force: true });
}

function pack() {
  for (const path of carried) copy(path, path);
  names.forEach((name, i) => {
    const folder = `node_modules/${scope}${name}`;
    for (const part of readdirSync(join(root, 'packages', name)).filter((each) => ofPackage.includes(each)))
      copy(`packages/${name}/${part}`, `${folder}/${part}`);
    write(`${folder}/package.json`, bundledManifest(manifests[i]));
  });
  // An export may not lead into node_modules by itself.
  for (const end of ['js', 'd.ts']) writeFileSync(join(stage, `tracker.${end}`), `export * from '${scope}tracker';\n`);
  write('package.json', manifestOf(manifests));
  const flags = ['--json', '--loglevel=error', '--ignore-scripts'];
  const where = list ? ['--dry-run'] : ['--pack-destination', target];
  if (!list) mkdirSync(target, { recursive: true });
  const output = execFileSync('npm', ['pack', ...flags, ...where], {
    cwd: stage,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const [{ filename, files }] = [JSON.parse(output)].flat();
  console.log(list ? files.map(({ path }) => path).join('\n') : join(target, filename));
}

function copy(from, to) {
  cpSync(join(root, from), join(stage, to), { recursive: true, dereference: true, filter: isShipped });
}

function write(path, content) {
  mkdirSync(join(stage, path, '..'), { recursive: true });
  writeFileSync(join(stage, path), `${JSON.stringify(content, undefined, 2)}\n`);
}

/** Dependencies stand in the outer package.json alone: npm must not look for any of ours in a registry. */
function bundledManifest({ name, version, type, license, exports, bin }) {
  const built = Object.entries(exports).map(([key, { default: path }]) => [key, { default: path }]);
  return { name, version, private: true, type, license, exports: Object.fromEntries(built), ...(bin && { bin }) };
}

function manifestOf(manifests) {
  const { description, license, engines } = readJson('package.json');
  const { version } = manifests.find(({ name }) => name === `${scope}cli`);
  const ours = manifests.map(({ name }) => name).sort();
  return {
    name: 'calm-orch',
    version,
    description,
    license,
    type: 'module',
    engines,
    exports: {
      './tracker': { types: './tracker.d.ts', default: './tracker.js' },
      // All else, as without `exports`.
      './*': './*',
    },
    bin: { 'calm-orch': `node_modules/${scope}cli/bin/calm-orch.js` },
    scripts: { postinstall: 'node scripts/postinstall.js' },
    dependencies: {
      ...Object.fromEntries(manifests.map(({ name, version: own }) => [name, own])),
      ...locked(manifests, 'dependencies'),
    },
    optionalDependencies: locked(manifests, 'optionalDependencies'),
    bundleDependencies: ours,
  };
}

/** Name and one exact version of everything foreign that packages name under `kind`. */
function locked(manifests, kind) {
  const { packages } = readJson('package-lock.json');
  const found = new Map();
  for (const manifest of manifests) {
    const own = manifest.name.slice(scope.length);
    for (const [name, range] of Object.entries(manifest[kind] ?? {})) {
      if (name.startsWith(scope)) continue;
      const { version } = packages[`packages/${own}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
      const alias = /^npm:(.+)@/.exec(range)?.[1];
      const exact = alias === undefined ? version : `npm:${alias}@${version}`;
      if ((found.get(name) ?? exact) !== exact)
        throw new Error(`${name}: ${found.get(name)} and ${exact} are both used`);
      found.set(name, exact);
    }
  }
  return Object.fromEntries([...found].sort());
}
