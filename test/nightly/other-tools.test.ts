// What `calm-orch export` writes is read by the tool it is for, every point with its bits. Needs a Python (CALM_ORCH_PYTHON, else
// python3) with mlflow 3.5 or newer, with tensorboard, with wandb up to 0.19 (which reads its own files in Python): each
// is looked for by itself.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { exportRun, type ExportFormat } from '@calm-orch/share';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hardRows, lossAt, numSteps, recordHardRun } from '../../packages/share/src/exported-run.test-util.ts';

const execute = promisify(execFile);
const reader = fileURLToPath(new URL('fixtures/read-export.py', import.meta.url));

/** By tool a Python that has it. */
const pythons = new Map<string, string>();
const needed = { mlflow: 'mlflow.store.fs2db', tensorboard: 'tensorboard', wandb: 'wandb.sdk.internal.datastore' };
for (const [tool, module] of Object.entries(needed)) {
  const candidates = (process.env.CALM_ORCH_PYTHON ?? 'python3').split(':');
  for (const python of candidates)
    if (
      await execute(python, ['-c', `import importlib; importlib.import_module('${module}')`]).then(Boolean, () => false)
    )
      pythons.set(tool, python);
  if (!pythons.has(tool)) console.log(`skipped: ${candidates.join(', ')} has no ${module} (CALM_ORCH_PYTHON)`);
}

let dir: string;
let tracker: Tracker;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-tools-'));
  tracker = openTracker(join(dir, 'runs'));
  recordHardRun(tracker, join(dir, 'runs'));
});
afterAll(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
});

async function readBack(to: ExportFormat, tool: string) {
  const target = join(dir, to);
  const exported = await exportRun(tracker, tracker.getRun('x-1'), {
    ...{ to, dir: target, force: false, keep: [] },
    artifactOf: () => null,
  });
  expect(exported).toEqual({ runs: 3, metrics: 5, points: 2 * 3 * numSteps });
  const { stdout } = await execute(pythons.get(tool)!, [reader, tool, target], { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout);
}

/** As read-export.py prints what JSON has not. */
const shown = (value: number): number | string =>
  Number.isNaN(value) ? 'nan' : Number.isFinite(value) ? value : value > 0 ? 'inf' : '-inf';
/** MLflow's databases hold the greatest number in place of infinity. */
const bounded = (value: number): number => (Math.abs(value) === Infinity ? Math.sign(value) * Number.MAX_VALUE : value);
const steps = Array.from({ length: numSteps }, (_, step) => step);
/** A trial's curves, as recorded. */
const curvesOf = (trial: number): Record<string, number[]> => ({
  'pretrain-ssl/train/loss': steps.map((step) => step / 7),
  'pretrain-ssl/train/learningRate': steps.map((step) => 1e-3 / (step + 1)),
  'finetune-score/train/loss': steps.map((step) => lossAt(trial, step)),
});

it.skipIf(!pythons.has('mlflow'))(
  'MLflow lists the run: a run a trial, every point, parameters, final numbers',
  async () => {
    const { experiment, runs } = await readBack('mlflow', 'mlflow');
    expect(experiment).toBe('x-1');
    expect(Object.keys(runs).sort()).toEqual([...hardRows.map((row) => `${row} seed 3`), 'whole experiment'].sort());
    for (const [i, row] of hardRows.entries()) {
      const { curves, final, parameters, tags, status } = runs[`${row} seed 3`];
      for (const [name, values] of Object.entries(curvesOf(i)))
        expect(curves[name].map(([step, value]: [number, number]) => [step, value])).toEqual(
          values.map((value, step) => [step, shown(bounded(value))]),
        );
      expect([final.PLCC, final.SRCC]).toEqual([0.1 + 0.2 + i, 'nan']);
      expect(parameters).toMatchObject({
        row,
        seed: '3',
        'mfam.levels': '["high","low"]',
        scorePrefix: 'it is\n"worth"',
      });
      expect(parameters[i === 0 ? 'mfam.taps.high' : 'mfam.taps.low']).toBe(i === 0 ? '6' : '1');
      expect(Object.keys(parameters).filter((key) => key.startsWith('mfam.taps'))).toHaveLength(1);
      expect(tags).toMatchObject({ 'calm_orch.run': 'x-1', 'calm_orch.row': row, 'mlflow.source.name': 'calm-orch' });
      expect(status).toBe('FINISHED');
    }
    expect(runs['whole experiment'].final).toEqual({ 'nearest photograph_s comment/CIDEr': 0.25 });
  },
);

it.skipIf(!pythons.has('tensorboard'))(
  'TensorBoard reads the events: every point in 32 bits, settings as text',
  async () => {
    const { runs } = await readBack('tensorboard', 'tensorboard');
    const names = ['thematic seed 3', 'table-5/all %FC%7C%2C%22x%22 seed 3'];
    expect(Object.keys(runs).sort()).toEqual([...names, 'whole experiment'].sort());
    for (const [i, name] of names.entries()) {
      const { curves, text } = runs[name];
      for (const [tag, values] of Object.entries(curvesOf(i)))
        expect(curves[tag].map(([step, value]: [number, number]) => [step, value])).toEqual(
          values.map((value, step) => [step, shown(Math.fround(value))]),
        );
      expect(curves.PLCC).toEqual([[0, Math.fround(0.1 + 0.2 + i), expect.any(Number)]]);
      expect(curves.SRCC).toEqual([[0, 'nan', expect.any(Number)]]);
      expect(text).toContain('| seed | 3 |');
    }
    expect(runs['whole experiment'].curves["nearest photograph's comment/CIDEr"]).toEqual([
      [0, 0.25, expect.any(Number)],
    ]);
  },
);

it.skipIf(!pythons.has('wandb'))(
  "Weights & Biases' reader takes every record: history, summary, configuration",
  async () => {
    const { runs } = await readBack('wandb-offline', 'wandb');
    expect(Object.keys(runs).sort()).toEqual(
      [...hardRows.map((row) => `x-1 ${row} seed 3`), 'x-1 whole experiment'].sort(),
    );
    for (const [i, row] of hardRows.entries()) {
      const { history, final, parameters, group } = runs[`x-1 ${row} seed 3`];
      for (const [name, values] of Object.entries(curvesOf(i))) {
        const stage = name.split('/')[0]!;
        const rows = history.filter((one: object) => name in one);
        expect(rows.map((one: Record<string, number>) => [one[`${stage}/step`], one[name]])).toEqual(
          values.map((value, step) => [step, shown(value)]),
        );
      }
      expect(final).toMatchObject({ PLCC: 0.1 + 0.2 + i, SRCC: null });
      expect(parameters).toMatchObject({ row, seed: 3, scorePrefix: 'it is\n"worth"', preset: 'nano' });
      expect(parameters.mfam).toEqual({ levels: ['high', 'low'], taps: i === 0 ? { high: 6 } : { low: 1 } });
      expect(group).toBe('x-1');
    }
  },
);
