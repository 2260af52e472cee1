// Hidden states that fit are stored once; without the room for them the same experiment gives the same table.
import { afterAll, expect, test } from 'vitest';
import { fewSteps, makeRealRuns, type Outcome } from './real-run.test-util.ts';

const runs = makeRealRuns();
afterAll(() => runs.close());

async function outcomeOf(store: string, trainers: number): Promise<Outcome> {
  const sizes = ['--rows', 'all', '--trainers', String(trainers), '--augmentors', '1', ...fewSteps];
  const run = runs.start(store, ['run', 'experiments/smoke.yaml', ...sizes, '--set', `encode.store=${store}`]);
  expect(await run.ended, run.text()).toBe(0);
  return runs.outcome(store);
}

test('with encode.store=none nothing is encoded apart, and the table is that of stored hidden states', async () => {
  // Without stored states two trainers share the steps of a stage.
  const none = await outcomeOf('none', 2);
  const kindsOf = ({ equal }: Outcome): string[] => equal.fingerprints.map(([kind]) => kind);
  expect(kindsOf(none)).not.toContain('encode');
  expect(kindsOf(none)).toEqual(
    expect.arrayContaining(['pretrain-ssl', 'finetune-score', 'evaluate-comment', 'baselines']),
  );
  const stored = await outcomeOf('auto', 1);
  expect(kindsOf(stored).filter((kind) => kind === 'encode')).toHaveLength(3);
  expect(none.equal.table).toEqual(stored.equal.table);
}, 600_000);
