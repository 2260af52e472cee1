import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { rng } from '@calm-orch/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createClusterProgram, sumsOverMembers, type ClusterProgram } from './cluster-program.ts';
import { startEngine } from './load.ts';
import { freePort, joinCluster } from './native-collective.ts';

const engine = await startEngine();
const hasAddon = engine.node !== undefined && (await freePort()) !== null;
const length = 1000;

/** Adds x of all members to the variable. */
const specOf = (rank: number, size: number): Parameters<typeof createClusterProgram>[1] => ({
  variables: { total: [length] },
  functions: {
    add: {
      inputs: { x: { shape: [length], dtype: 'float32' } },
      body: ({ total }, { x }) => {
        const [sum, twice] = sumsOverMembers({ rank, size }, [x!, x!.mul(2)], 0);
        return { outputs: { sum: sum!, twice: twice! }, assigns: { total: total!.add(sum!) } };
      },
    },
  },
});

interface Member {
  readonly port: number;
  readonly program: ClusterProgram;
}

const open: ClusterProgram[] = [];
afterEach(() => open.splice(0).forEach((program) => program.dispose()));

async function members(size: number): Promise<Member[]> {
  const ports: number[] = [];
  for (let rank = 0; rank < size; rank++) ports.push((await freePort())!);
  return ports.map((port, rank) => {
    const program = createClusterProgram(engine, specOf(rank, size), joinCluster(ports, rank));
    open.push(program);
    return { port, program };
  });
}

const draw = rng('members');
const numbers = (): Float32Array =>
  Float32Array.from({ length }, () => Math.fround(draw.normal() * 10 ** (6 * draw.uniform() - 3)));

const plus = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, i) => Math.fround(x + b[i]!));

const reaches = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host, timeout: 500 });
    const end = (reached: boolean) => () => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });

describe.skipIf(!hasAddon)('members of a cluster', () => {
  it.each([2, 4])('add tensors of %i in the tree over their ranks, to the bit', async (size) => {
    const all = await members(size);
    for (let step = 0; step < 3; step++) {
      const xs = all.map(numbers);
      const sums = await Promise.all(all.map(({ program }, rank) => program.begin('add', { x: xs[rank]! })));
      let level = xs;
      while (level.length > 1)
        level = Array.from({ length: level.length / 2 }, (_, i) => plus(level[2 * i]!, level[2 * i + 1]!));
      const [tree] = level as [Float32Array];
      for (const { sum, twice } of sums) {
        expect(sum).toEqual(tree);
        expect(twice).toEqual(tree.map((x) => 2 * x));
      }
    }
  });

  it.each([0, 1])(
    'keep their variables when they give up waiting for one that does not come (rank %i)',
    async (rank) => {
      const { program } = (await members(2))[rank]!;
      const before = numbers();
      program.assign('total', before);
      const waiting = program.begin('add', { x: numbers() });
      setTimeout(() => program.giveUp(), 300);
      await expect(waiting).rejects.toThrow();
      expect(program.read('total')).toEqual(before);
      await expect(program.begin('add', { x: numbers() })).rejects.toThrow('closed');
    },
  );

  it('are reached by processes of their host alone, until they leave', async () => {
    const [{ port, program }] = (await members(2)) as [Member, Member];
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4');
    expect(await reaches(port, '127.0.0.1')).toBe(true);
    if (outside !== undefined) expect(await reaches(port, outside.address)).toBe(false);
    open.splice(open.indexOf(program), 1);
    program.dispose();
    expect(await reaches(port, '127.0.0.1')).toBe(false);
  });
});
