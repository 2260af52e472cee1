// A machine with two GPUs, as far as a machine without one can show it: a driver that says so, and an engine folder of the
// CUDA build that no stage function loads.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineDir } from '@calm-orch/engine';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeStory, until, type Story } from './story.test-util.ts';

let story: Story;
beforeEach(() => void (story = makeStory()));
afterEach(() => story.close());

test.skipIf(process.platform !== 'linux')(
  'every trainer computes on a GPU of its own, with memory growth',
  async () => {
    const bin = join(story.dir, 'bin');
    mkdirSync(bin);
    const smi = '#!/bin/sh\necho "NVIDIA A, 81559"\necho "NVIDIA B, 81559"\necho "NVIDIA C, 81559"\n';
    writeFileSync(join(bin, 'nvidia-smi'), smi, { mode: 0o755 });
    const folder = engineDir(join(story.dir, 'cache/calm-orch'), { variant: 'gpu', source: 'wheel' });
    mkdirSync(folder, { recursive: true });
    const marker = {
      ...{ variant: 'gpu', source: 'wheel', backend: 'tensorflow', version: '2.20.0', missing: [], files: [] },
      ...{ package: '@tensorflow/tfjs-node-gpu', packageVersion: '4.22.0' },
      facts: { nvidia: true, pip: true, compiler: true },
    };
    writeFileSync(join(folder, 'calm-orch-engine.json'), JSON.stringify(marker));
    const environment = {
      ...{ PATH: `${bin}:${process.env['PATH']}`, XDG_CACHE_HOME: join(story.dir, 'cache') },
      // The first of the three is somebody else's.
      ...{ CUDA_VISIBLE_DEVICES: '1,2', CALM_ORCH_BACKEND: '' },
    };
    const running = story.start(['run', 'story.yaml', '--trainers', '3'], { stepMs: 40, environment });
    const given = new Map<string, string>();
    const look = (): boolean => {
      for (const { pid, title } of story.processes()) {
        const of = /^calm-orch compute (trainer \d)/.exec(title)?.[1];
        if (of === undefined) continue;
        const read = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const value = (name: string) => read.find((entry) => entry.startsWith(`${name}=`));
        given.set(of, `${value('CUDA_VISIBLE_DEVICES')} ${value('TF_FORCE_GPU_ALLOW_GROWTH')}`);
      }
      return given.size === 3;
    };
    await until('three trainers compute', look);
    const device = (id: number): string => `CUDA_VISIBLE_DEVICES=${id} TF_FORCE_GPU_ALLOW_GROWTH=true`;
    expect(Object.fromEntries(given)).toEqual({
      'trainer 0': device(1),
      'trainer 1': device(2),
      'trainer 2': device(1),
    });
    expect((await running.ended).code).toBe(0);
  },
);
