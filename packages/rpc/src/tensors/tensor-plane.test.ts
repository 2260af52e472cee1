import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuthority } from '../tls/authority.ts';
import { tlsAccess, tokenAccess } from './tensor-access.ts';
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

const notes: string[] = [];
beforeEach(() => void (notes.length = 0));

async function open(sharedMemory?: string | null): Promise<TensorPlane> {
  const address = `unix:${join(dir, `p${planes.length}`)}`;
  const plane = await openTensorPlane({
    address,
    access: tokenAccess('t'),
    onStreamed: (note) => notes.push(note),
    ...(sharedMemory !== undefined && { sharedMemory }),
  });
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

describe('a tensor that is made when it is asked for', () => {
  it('is made again for a peer that asks later; memory of two alone is kept', async () => {
    const [owner, ...peers] = [await open(dir), await open(dir), await open(dir)] as const;
    const made: number[] = [];
    for (let i = 0; i < 5; i++)
      owner.offer(`piece-${i}`, () => {
        made.push(i);
        return [new Float32Array(50_000).fill(i), Float32Array.of(7)];
      });
    expect(made).toEqual([]);
    const sizes = (): number => readdirSync(dir).filter((name) => name.startsWith('calm-orch-')).length;
    for (const peer of peers)
      for (let i = 0; i < 5; i++) {
        const piece = await peer.pull(owner.address, `piece-${i}`, signal);
        expect([piece[0], piece[49_999], piece[50_000], piece.length]).toEqual([i, i, 7, 50_001]);
        expect(sizes()).toBeLessThanOrEqual(3);
      }
    expect(made).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  });
});

it('a tensor in a file that was written over is refused, not taken for another', async () => {
  const [owner, peer] = [await open(dir), await open(dir)] as const;
  const tensor = new Float32Array(50_000).fill(1);
  owner.publish('first', tensor);
  await peer.pull(owner.address, 'first', signal);
  const name = readdirSync(dir).find((each) => each.startsWith('calm-orch-'))!;
  const bytes = readFileSync(join(dir, name));
  for (const at of [4, 8]) {
    const other = Buffer.from(bytes);
    other[at]! ^= 1;
    writeFileSync(join(dir, name), other);
    await expect(peer.pull(owner.address, 'first', signal)).rejects.toThrow('it was written over');
  }
  writeFileSync(join(dir, name), bytes);
  expect(equal(await peer.pull(owner.address, 'first', signal), tensor)).toBe(true);
});

describe('where shared memory cannot be used, tensors are streamed, which is said once', () => {
  /** Pulls by two peers, one after the other: tensors too small and too large for a folder of 1 MiB. */
  async function pullAll(sharedMemory: string): Promise<void> {
    const [owner, ...peers] = [await open(sharedMemory), await open(sharedMemory), await open(sharedMemory)] as const;
    for (const [round, length] of [50_000, 1_000_000, 50_000, 500_000, 1_000_000].entries()) {
      const tensor = Float32Array.from({ length }, (_, i) => i + round);
      // The first round is published before any peer has asked, the others after.
      owner.publish(`sums-${round}`, tensor);
      for (const peer of peers)
        expect(equal(await peer.pull(owner.address, `sums-${round}`, signal), tensor)).toBe(true);
      owner.retire((name) => name === `sums-${round}`);
    }
    expect(notes).toHaveLength(1);
  }

  it('without such a folder', async () => {
    await pullAll(join(dir, 'none'));
    expect(notes[0]).toContain('ENOENT');
  });

  it('with a file in its place', async () => {
    writeFileSync(join(dir, 'file'), '');
    await pullAll(join(dir, 'file'));
    expect(notes[0]).toContain('ENOTDIR');
  });

  it.skipIf(!mayMount())(
    'when it becomes full in the middle (needs root, to mount a file system of 1 MiB)',
    async () => {
      const tiny = mkdtempSync(join(tmpdir(), 'calm-orch-tiny-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', tiny]);
      try {
        await pullAll(tiny);
        expect(notes[0]).toContain('ENOSPC');
        // What fits still goes through it; what did not has left nothing behind.
        expect(readdirSync(tiny).map((name) => statSync(join(tiny, name)).size)).toEqual([64 + 200_000]);
      } finally {
        execFileSync('umount', [tiny]);
        rmSync(tiny, { recursive: true });
      }
    },
  );

  it('where a peer sees another folder under the same name', async () => {
    const own = mkdtempSync(join(dir, 'own-'));
    const [owner, peer] = [await open(own), await open(own)] as const;
    const tensor = Float32Array.from({ length: 50_000 }, (_, i) => i);
    owner.publish('first', tensor);
    expect(equal(await peer.pull(owner.address, 'first', signal), tensor)).toBe(true);
    owner.publish('second', tensor);
    readdirSync(own).forEach((name) => rmSync(join(own, name)));
    expect(equal(await peer.pull(owner.address, 'second', signal), tensor)).toBe(true);
    expect(equal(await peer.pull(owner.address, 'first', signal), tensor)).toBe(true);
    expect(notes).toEqual([expect.stringContaining('cannot be opened')]);
  });
});

/** Whether this process may mount a file system. */
function mayMount(): boolean {
  const at = mkdtempSync(join(tmpdir(), 'calm-orch-tiny-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', at], { stdio: 'ignore' });
    execFileSync('umount', [at]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(at, { recursive: true });
  }
}

it('is given to no trainer that was turned out: what it waits for and what it is being sent ends at once', async () => {
  const authority = await openAuthority(dir);
  const accessOf = async (name: string) => tlsAccess(await authority.identify({ name, role: 'trainer', run: 'run-1' }));
  const accesses = await Promise.all(['owner', 'guest', 'member'].map(accessOf));
  for (const access of accesses)
    planes.push(await openTensorPlane({ address: '127.0.0.1:0', access, sharedMemory: null }));
  const [owner, guest, member] = planes as [TensorPlane, TensorPlane, TensorPlane];
  const large = new Float32Array(30_000_000).fill(1);
  owner.publish('large', large);
  const ending = [guest.pull(owner.address, 'large', signal), guest.pull(owner.address, 'later', signal)];
  const errors = Promise.all(
    ending.map((pull) =>
      pull.then(
        () => null,
        (error: Error) => error.message,
      ),
    ),
  );
  const later = member.pull(owner.address, 'later', signal);
  await turns(3);
  expect(accesses[0]!.refuse(['guest'])).toBe(true);
  expect(accesses[0]!.refuse(['guest'])).toBe(false);
  owner.expel();
  owner.publish('later', large.subarray(0, 8));
  const refused = expect.stringContaining('not a trainer of this run');
  expect(await errors).toEqual([refused, refused]);
  await expect(guest.pull(owner.address, 'later', signal)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect((await later).length).toBe(8);
  expect((await member.pull(owner.address, 'large', signal)).length).toBe(large.length);
});
