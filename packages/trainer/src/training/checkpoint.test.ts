import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { checkpointsIn, keptFolder, sha256OfFile } from '@calm-orch/core';
import { between, numbersOf, writeSafetensors, type Slice } from '@calm-orch/model';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadNewestCheckpoint, removeCheckpointsAfter } from './checkpoint.ts';
import { createCheckpointWriter, type OwnPart } from './checkpoint-writer.ts';
import { snapshot } from './state.test-util.ts';

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'calm-orch-checkpoint-')), 'not yet there');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

const stateOf = (step: number) => ({
  weights: Float32Array.of(step, Math.fround(0.1), -0),
  firstMoment: Float32Array.of(step / 2, 1e-38, 3),
  secondMoment: Float32Array.of(1e-45, 4, 5),
});
/** In pieces of any lengths. */
const piecesOf = (step: number) => {
  const { weights, firstMoment, secondMoment } = stateOf(step);
  return {
    weights: numbersOf([weights]),
    firstMoment: numbersOf([...firstMoment].map((x) => Float32Array.of(x))),
    secondMoment: numbersOf([secondMoment]),
  };
};
const save = async (step: number, options: { agreed?: number; stays?: boolean } = {}): Promise<void> => {
  const writer = createCheckpointWriter(dir);
  await writer.begin({ step, state: piecesOf(step) }, options);
  await writer.settle();
  await writer.close();
};
const load = (from = dir) => {
  const found = loadNewestCheckpoint(from);
  return found && { ...found, state: snapshot(found.state) };
};
const file = (step: number, end: string): string => join(dir, `step-${String(step).padStart(8, '0')}.${end}`);

/** Of the members of a gang, who tell each other at once. */
function partsOf(step: number, slices: readonly Slice[], generation = 1): OwnPart[] {
  const whole = piecesOf(step);
  const told = slices.map(() => {
    let tell!: (own: string | null) => void;
    const heard = new Promise<string | null>((resolve) => void (tell = resolve));
    return { tell, heard };
  });
  return slices.map(({ first, end }, rank) => ({
    generation,
    rank,
    slices,
    state: {
      weights: between(whole.weights, first, end),
      firstMoment: between(whole.firstMoment, first, end),
      secondMoment: between(whole.secondMoment, first, end),
    },
    exchange: (_, own) => {
      told[rank]!.tell(own);
      return Promise.all(told.map(({ heard }) => heard));
    },
  }));
}
const thirds = [
  { first: 0, end: 1 },
  { first: 1, end: 1 },
  { first: 1, end: 3 },
];

describe('a checkpoint of the members of a gang', () => {
  const saveParts = async (step: number, parts: readonly OwnPart[], dirs = parts.map(() => dir)) => {
    const writers = dirs.map((each) => createCheckpointWriter(each));
    const begun = await Promise.all(
      writers.map((writer, r) => writer.begin({ step, state: parts[r]!.state }, { part: parts[r]! })),
    );
    const saved = await Promise.all(begun.map((each) => each.saved));
    await Promise.all(writers.map((writer) => writer.close()));
    return saved;
  };
  const safetensors = (): string[] => readdirSync(dir).filter((name) => name.endsWith('.safetensors'));

  it('is a file of each, and read as one that a single trainer has saved', async () => {
    expect(await saveParts(4, partsOf(4, thirds))).toEqual([true, true, true]);
    expect(safetensors()).toEqual([1, 2, 3].map((r) => `step-00000004.1-0000${r}-of-00003.safetensors`));
    expect(load()).toEqual({ step: 4, state: stateOf(4) });
    for (const step of [5, 6]) await saveParts(step, partsOf(step, thirds));
    expect(safetensors().some((name) => name.startsWith('step-00000004'))).toBe(false);
    expect(load()).toEqual({ step: 6, state: stateOf(6) });
  });

  it('is not there where one could not write, or has gone; the one before is', async () => {
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => {});
    await save(3);
    const [first, second, third] = partsOf(4, thirds) as [OwnPart, OwnPart, OwnPart];
    const cannot = { ...third, exchange: () => third.exchange('', null, new AbortController().signal) };
    expect((await saveParts(4, [first, second, cannot])).slice(0, 2)).toEqual([false, false]);
    expect(load()).toEqual({ step: 3, state: stateOf(3) });
    const gone = partsOf(5, thirds).map((part) => ({ ...part, exchange: () => Promise.reject(new Error('gone')) }));
    expect(await saveParts(5, gone)).toEqual([false, false, false]);
    expect(load()).toEqual({ step: 3, state: stateOf(3) });
    expect(quiet).toHaveBeenCalledWith(
      expect.stringContaining('no checkpoint at step 5: a member of the gang is gone'),
    );
    // What they have left goes with the next.
    await save(6);
    await save(7);
    expect(safetensors()).toEqual(['step-00000006.safetensors', 'step-00000007.safetensors']);
    quiet.mockRestore();
  });

  it('is damaged where any part is', async () => {
    await save(3);
    for (const rank of [1, 2, 3]) {
      await saveParts(4, partsOf(4, thirds));
      expect(load()?.step).toBe(4);
      truncateSync(join(dir, `step-00000004.1-0000${rank}-of-00003.safetensors`), 20);
      expect(load()?.step).toBe(3);
    }
  });

  it('has its manifest in every folder, where members see no common one', async () => {
    const dirs = [0, 1, 2].map((r) => join(dir, `${r}`));
    await saveParts(4, partsOf(4, thirds), dirs);
    const [first, ...others] = dirs.map((each) => readFileSync(join(each, 'step-00000004.json'), 'utf8'));
    expect(others).toEqual([first, first]);
    // Brought together it is whole.
    for (const each of dirs) for (const name of readdirSync(each)) renameSync(join(each, name), join(dir, name));
    expect(load()).toEqual({ step: 4, state: stateOf(4) });
  });
});

it('that an earlier version saved, in one file, is read', () => {
  const vector = (values: Float32Array) => ({ shape: [values.length], values });
  const state = stateOf(9);
  writeSafetensors(
    file(9, 'safetensors'),
    Object.fromEntries(Object.entries(state).map(([key, values]) => [key, vector(values)])),
  );
  const sha256 = sha256OfFile(file(9, 'safetensors'));
  writeFileSync(file(9, 'json'), JSON.stringify({ step: 9, sha256, digests: [] }));
  expect(load()).toEqual({ step: 9, digests: [], state });
});

it('leaves the one before whole, whenever its process is killed', async () => {
  const built = (path: string): string => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
  // Of 24 MB: longer to write than to be found.
  const size = 2 ** 21;
  const program = `
    import { createCheckpointWriter } from ${built('trainer/dist/training/checkpoint-writer.js')};
    import { loadNewestCheckpoint } from ${built('trainer/dist/training/checkpoint.js')};
    import { numbersOf } from ${built('model/dist/index.js')};
    const dir = ${JSON.stringify(dir)};
    const writer = createCheckpointWriter(dir);
    for (let step = (loadNewestCheckpoint(dir)?.step ?? 0) + 1; ; step++) {
      const vector = numbersOf([new Float32Array(${size}).fill(step)]);
      await (await writer.begin({ step, state: { weights: vector, firstMoment: vector, secondMoment: vector } })).saved;
      console.log(step);
    }`;
  let last = 0;
  for (let kill = 0; kill < 6; kill++) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 2] });
    const saved: number[] = [];
    child.stdout!.on('data', (text: Buffer) => saved.push(...text.toString().trim().split('\n').map(Number)));
    // While a file is being written: half of it, a tenth, as much as it happens to be.
    const enough = (4 * 3 * size * (kill + 1)) / 10;
    const isWriting = (): boolean =>
      saved.length > 0 &&
      readdirSync(dir).some(
        (name) => name.endsWith('.tmp') && (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0) >= enough,
      );
    await vi.waitUntil(isWriting, { timeout: 120_000, interval: 1 });
    child.kill('SIGKILL');
    await once(child, 'close');
    const found = load()!;
    expect(found.step).toBeGreaterThanOrEqual(saved.at(-1)!);
    expect(found.step).toBeGreaterThan(last);
    for (const values of Object.values(found.state)) expect(values.every((x) => x === found.step)).toBe(true);
    last = found.step;
  }
  // What was cut off does not pile up.
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp')).length).toBeLessThanOrEqual(3);
});

describe('a checkpoint', () => {
  it('brings back step and state bit for bit', async () => {
    expect(load()).toBeUndefined();
    await save(7);
    expect(load()).toEqual({ step: 7, state: stateOf(7) });
  });

  it('is the newest of several, by step and not by time; two are kept', async () => {
    for (const step of [5, 100, 90]) await save(step);
    expect(load()).toEqual({ step: 100, state: stateOf(100) });
    const names = [90, 100].flatMap((step) => [file(step, 'json'), file(step, 'safetensors')]);
    expect(readdirSync(dir).sort()).toEqual(names.map((path) => basename(path)));
  });

  it('without a manifest does not exist: the one before it is used', async () => {
    await save(1);
    await save(2);
    rmSync(file(2, 'json'));
    expect(load()?.step).toBe(1);
  });

  it('that was cut off, changed by a bit, or has half a manifest is skipped', async () => {
    const damage: (() => void)[] = [
      () => truncateSync(file(2, 'safetensors'), 40),
      () => truncateSync(file(2, 'safetensors'), 0),
      () => rmSync(file(2, 'safetensors')),
      () => {
        const bytes = readFileSync(file(2, 'safetensors'));
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(file(2, 'safetensors'), bytes);
      },
      () => truncateSync(file(2, 'json'), 12),
      () => writeFileSync(file(2, 'json'), '{}'),
    ];
    for (const harm of damage) {
      await save(1);
      await save(2);
      expect(load()?.step).toBe(2);
      harm();
      expect(load()).toEqual({ step: 1, state: stateOf(1) });
    }
    truncateSync(file(1, 'safetensors'), 40);
    expect(load()).toBeUndefined();
  });

  it('after the last agreed step may be damaged: the one before stays beside the newest two', async () => {
    const steps = (): number[] => checkpointsIn(dir);
    for (const step of [10, 20, 30, 40]) await save(step, { agreed: 15 });
    expect(steps()).toEqual([40, 30, 10]);
    removeCheckpointsAfter(dir, 15);
    expect(steps()).toEqual([10]);
    expect(loadNewestCheckpoint(dir)?.step).toBe(10);
  });

  it('that stays is in a folder of its own, and nothing goes on from it', async () => {
    for (const step of [64, 128, 192]) await save(step, { stays: true });
    await save(70);
    expect(checkpointsIn(join(dir, keptFolder))).toEqual([192, 128, 64]);
    expect(loadNewestCheckpoint(dir)?.step).toBe(70);
    expect(load(join(dir, keptFolder))).toEqual({ step: 192, state: stateOf(192) });
  });

  it('leaves nothing half written', async () => {
    await save(3);
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
