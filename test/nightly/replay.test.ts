// Real training, small: stretches of it are computed again and agree; one that begins with another bit does not.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeRealRuns, smallRun } from '../e2e/real-run.test-util.ts';

const runs = makeRealRuns();
afterAll(() => runs.close());

interface Audit {
  readonly ok: boolean;
  readonly stages: readonly { readonly kind: string; readonly digests: number; readonly lastLink: string }[];
  readonly replay: {
    readonly stretches: number;
    readonly replayed: readonly {
      readonly kind: string;
      readonly first: number;
      readonly end: number;
      readonly differing: readonly { readonly step: number }[];
    }[];
    readonly detection: readonly unknown[];
  };
}

async function replay(code: number): Promise<Audit> {
  const { ended, text } = runs.start('one', ['audit', '--replay', '99', '--seed', '3', '--json']);
  expect(await ended, text()).toBe(code);
  return JSON.parse(/^\{[^]*\}$/m.exec(text())![0]) as Audit;
}

it(
  'audit --replay agrees with what was trained, and names the stretch whose checkpoint has another bit',
  { timeout: 900_000 },
  async () => {
    const settings = [
      ...['train.keepCheckpoints=1', 'train.optimizer=partitioned', 'finetuneScore.steps=70'],
      ...['pretrainSsl.steps=3', 'pretrainGeneric.steps=3', 'finetuneComment.steps=3'],
    ].flatMap((each) => ['--set', each]);
    const run = runs.start('one', ['run', 'experiments/smoke.yaml', ...smallRun, ...settings, '--trainers', '2']);
    expect(await run.ended, run.text()).toBe(0);

    const agreed = await replay(0);
    expect(agreed.ok).toBe(true);
    expect(agreed.replay.stretches).toBe(5);
    const spans = agreed.replay.replayed.map(({ kind, first, end }) => `${kind} ${first} ${end}`);
    expect(spans.filter((span) => span.startsWith('finetune-score'))).toEqual([
      'finetune-score 0 64',
      'finetune-score 64 70',
    ]);
    expect(agreed.replay.replayed.flatMap(({ differing }) => differing)).toEqual([]);
    expect(agreed.stages.find(({ kind }) => kind === 'finetune-score')!.digests).toBe(3);

    const { dir } = runs.folder('one');
    const [key] = readdirSync(join(dir, 'checkpoints'));
    const kept = join(dir, 'checkpoints', key!, 'kept');
    const path = join(kept, 'step-00000064.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { parts: { file: string; sha256: string }[] };
    const last = manifest.parts.at(-1)!;
    const bytes = readFileSync(join(kept, last.file));
    bytes[bytes.length - 2]! ^= 1;
    writeFileSync(join(kept, last.file), bytes);
    last.sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(path, JSON.stringify(manifest));

    const altered = await replay(1);
    expect(altered.ok).toBe(false);
    const differing = altered.replay.replayed.filter((stretch) => stretch.differing.length > 0);
    expect(differing.map(({ kind, first, end }) => [kind, first, end])).toEqual([['finetune-score', 64, 70]]);
    expect(differing[0]!.differing.map(({ step }) => step)).toEqual([64, 70]);
    // Nothing was written to the run.
    expect(agreed.stages).toEqual(altered.stages);
  },
);
