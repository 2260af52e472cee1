// A real compute child, with a script that only says what computations say.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { StageProgress } from '@calm-orch/core';
import { ComputeChild } from './compute-child.ts';
import type { WorkItem } from '../tensors/wire.ts';

const hangTimeoutMs = 500;
const stepMs = 1000;

/** Steps are twice as long as the timeout; the computation of the second item stops after three of them. */
const script = `
process.on('message', ({ work }) => {
  if (work === undefined) return;
  const { token } = work;
  process.send({ type: 'started', token });
  let step = 0;
  const timer = setInterval(() => {
    process.send({ type: 'progress', token, progress: { step, totalSteps: 5 } });
    process.send({ type: 'alive', token, waiting: false });
    step++;
    if (step === 5) process.send({ type: 'done', token, result: { metrics: { step } } });
    if (step === 5 || (step === 3 && token === 'stops')) clearInterval(timer);
  }, ${stepMs});
});
`;

const item = (token: string): WorkItem => ({
  token,
  stage: { key: 'key', kind: 'encode', config: {} },
  item: 0,
  attempt: 1,
  inputs: {},
  inputKeys: {},
  outputDir: '',
  checkpointDir: '',
  checkpointEveryMs: 1000,
  keepCheckpoints: 0,
  optimizer: 'replicated',
  exchange: 'host',
  hangTimeoutMs,
});

test('a computation whose steps are longer than the timeout lives; one that stops dies, and not before', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-child-'));
  const file = join(dir, 'computation.mjs');
  writeFileSync(file, script);
  const child = new ComputeChild({ command: [file], env: process.env });
  onTestFinished(() => {
    child.kill();
    rmSync(dir, { recursive: true, force: true });
  });
  const steps: number[] = [];
  const onProgress = ({ step }: StageProgress): void => void steps.push(step);
  const options = { signal: new AbortController().signal, onProgress, onNote: () => {}, onReady: () => {} };
  expect(await child.run(item('goes on'), options)).toEqual({ metrics: { step: 5 } });
  expect(steps).toEqual([0, 1, 2, 3, 4]);
  const stopping = child.run(item('stops'), options);
  await expect(stopping).rejects.toMatchObject({
    kind: 'lost',
    message: expect.stringMatching(/^computed without any progress for \d+(\.\d)? s \(--hang-timeout\)$/),
  });
  expect(steps).toEqual([0, 1, 2, 3, 4, 0, 1, 2]);
});
