import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openTracker, type Tracker } from '@calm-orch/tracker';
import { claim, judgedRun, seeds } from '../../report/src/verdicts/judged-run.test-util.ts';
import { judgedTables } from './judged-tables.ts';

let dir: string;
let tracker: Tracker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-verdicts-'));
  vi.stubEnv('XDG_CACHE_HOME', join(dir, 'cache'));
  tracker = openTracker(dir);
});
afterEach(() => {
  tracker.close();
  rmSync(dir, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

test('a freed artifact leaves its claims open; a damaged one too, and is named', async () => {
  const run = judgedRun(tracker, dir, [claim('PLCC')]);
  for (const seed of seeds) rmSync(join(dir, `artifacts/evaluate-score-bad${seed}`), { recursive: true });
  const [table] = await judgedTables(tracker, run, dir);
  const { verdicts } = table!;
  expect(verdicts).toMatchObject([{ verdict: 'not judged', interval: null, reason: 'no result of bad' }]);
  // A digit of a score: the file reads well, and says something else.
  const path = join(dir, 'artifacts/evaluate-score-good1/predictions.csv');
  writeFileSync(
    path,
    readFileSync(path, 'utf8')
      .replace(/[1-8]\n/, '9\n')
      .replace(/,5\.(\d)/, ',9.$1'),
  );
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const [damaged] = await judgedTables(tracker, run, dir);
  expect(said.mock.calls.map(([text]) => text)).toEqual([
    'calm-orch: evaluate-score evaluate: predictions.csv has other bytes; it is left out (`calm-orch run /x.yaml` makes it again)\n',
  ]);
  said.mockRestore();
  expect(damaged!.rows.map(({ metrics }) => metrics['PLCC']!.interval)).not.toEqual(
    table!.rows.map(({ metrics }) => metrics['PLCC']!.interval),
  );
});
