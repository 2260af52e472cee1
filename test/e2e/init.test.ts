// A file that `init` wrote, run as it is.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fewSteps, makeRealRuns, type RealRuns } from './real-run.test-util.ts';

let runs: RealRuns;
beforeAll(() => void (runs = makeRealRuns()));
afterAll(() => runs.close());

test('an experiment file made by init, with few steps, runs to its table', async () => {
  const { dir } = runs.folder('initiated');
  const file = `${dir}/mine.yaml`;
  const init = runs.start('initiated', ['init', file, '--rows', 'all', '--trainers', '1', ...fewSteps]);
  expect([await init.ended, init.text()]).toEqual([0, expect.stringContaining('Wrote')]);
  const run = runs.start('initiated', ['run', file, '--augmentors', '1', '--tag', 'first']);
  expect([await run.ended, run.text()]).toEqual([0, expect.stringContaining('Run mine-1 succeeded')]);
  const shown = runs.start('initiated', ['runs', '--tag', 'first']);
  expect([await shown.ended, shown.text()]).toEqual([0, expect.stringMatching(/^mine-1 .*succeeded.*first/m)]);
});
