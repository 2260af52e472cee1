// Bundles the page of `calm-orch ui` (packages/dashboard/src/page) into packages/dashboard/dist/public: what the server sends
// to browsers; and the report of `calm-orch report` into packages/dashboard/dist/report-page: what Node draws it with. Types are
// checked by `tsc -b`.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));
const page = join(root, 'packages/dashboard/src/page');
const target = join(root, 'packages/dashboard/dist/public');
const report = join(root, 'packages/dashboard/dist/report-page');
/** What is bundled of others, whose licences ask to be named. */
const bundled = ['preact', 'preact-render-to-string', 'uplot'];

const browsers = ['chrome123', 'firefox120', 'safari17.5'];
const options = {
  bundle: true,
  minify: true,
  format: 'esm',
  conditions: ['@calm-orch/source'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  tsconfigRaw: {},
  logLevel: 'warning',
};

for (const folder of [target, report]) rmSync(folder, { recursive: true, force: true });
await build({
  ...options,
  entryPoints: [
    { in: join(page, 'main.tsx'), out: 'page' },
    { in: join(page, 'page.css'), out: 'page' },
  ],
  outdir: target,
  target: browsers,
});
await build({ ...options, entryPoints: [join(page, 'report/report.css')], outdir: report, target: browsers });
await build({
  ...options,
  entryPoints: { report: join(page, 'report/main.tsx') },
  outdir: report,
  platform: 'node',
  target: 'node20',
});
for (const name of ['index.html', 'icon.svg']) cpSync(join(page, name), join(target, name));
const licences = bundled.map(
  (name) => `${name}\n\n${readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`,
);
writeFileSync(join(target, 'licences.txt'), licences.join('\n'));
