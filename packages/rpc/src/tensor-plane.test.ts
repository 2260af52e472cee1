import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTensorPlane, type TensorPlane } from './tensor-plane.ts';

let dir: string;
let planes: TensorPlane[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-tensors-'));
  planes = [];
});
afterEach(() => {
  for (const plane of planes) plane.close();
  rmSync(dir, { recursive: true, force: true });
});

async function open(sharedMemory?: null): Promise<TensorPlane> {
  const address = `unix:${join(dir, `p${planes.length}`)}`;
  const plane = await openTensorPlane({ address, token: 't', ...(sharedMemory === null && { sharedMemory }) });
  planes.push(plane);
  return plane;
}
const { signal } = new AbortController();
const equal = (a: Float32Array, b: Float32Array): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe.each([
  ['in shared memory', undefined],
  ['streamed', null],
] as const)('a tensor %s', (_, memory) => {
  it('is taken when as many peers as asked for have it in full', async () => {
    const [owner, ...peers] = [await open(memory), await open(memory), await open(memory)] as const;
    const tensor = Float32Array.from({ length: 1_000_000 }, (_, i) => i);
    owner.publish('sums', tensor);
    let isTaken = false;
    const taken = owner.taken('sums', 2, signal).then(() => (isTaken = true));
    expect(equal(await peers[0].pull(owner.address, 'sums', signal), tensor)).toBe(true);
    await turns(5);
    expect(isTaken).toBe(false);
    expect(equal(await peers[1].pull(owner.address, 'sums', signal), tensor)).toBe(true);
    await taken;
    expect(isTaken).toBe(true);
  });

  it('is waited for no longer once nobody wants to know, it is withdrawn or published anew', async () => {
    const owner = await open(memory);
    const stop = new AbortController();
    owner.publish('a', new Float32Array(8));
    owner.publish('b', new Float32Array(8));
    owner.publish('c', new Float32Array(8));
    const waits = [
      owner.taken('a', 1, stop.signal),
      owner.taken('b', 1, signal),
      owner.taken('c', 1, signal),
      owner.taken('never published', 1, signal),
    ];
    stop.abort();
    owner.retire((name) => name !== 'b');
    owner.publish('c', new Float32Array(8));
    expect(await Promise.all(waits)).toHaveLength(4);
  });
});
