import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { checkpointsIn, keptFolder } from '@calm-orch/core';
import { numbersOf } from '@calm-orch/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
