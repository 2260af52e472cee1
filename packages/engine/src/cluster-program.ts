// A program whose functions may add tensors of all members of a cluster, each of which runs the same function.
import type { Tensor } from '@tensorflow/tfjs-core';
import { compile } from './graph/compiled-program.ts';
import { createGraphBuilder } from './graph/graph.ts';
import { addVariables, scalarConst } from './graph/graph-variables.ts';
import { computedAfter, graphOperation } from './graph/trace.ts';
import type { Program, ProgramSpec, Values } from './graph/program-spec.ts';
import { usesGpu, type Engine } from './load.ts';
import type { Cluster, ClusterSession } from './native-collective.ts';

export interface ClusterProgram extends Program {
  /** As `run`, which it may not be while this waits for peers; for functions that add over members. */
  begin(name: string, inputs: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>>;
  /** What has begun fails, and so does what is begun afterwards; the variables stay. */
  giveUp(): void;
}

/** It leaves the cluster when it is disposed of. */
export function createClusterProgram(engine: Engine, spec: ProgramSpec, cluster: Cluster): ClusterProgram {
  let waiting: ClusterSession;
  const { program, callOf } = compile(engine, spec, (dir) => {
    waiting = cluster.openSession(dir);
    return cluster.openSession(dir);
  });
  return {
    ...program,
    begin: async (name, inputs) => {
      const { feeds, fetches, outputsOf } = callOf(name, inputs);
      return outputsOf(await waiting.begin(feeds, fetches));
    },
    giveUp: () => waiting.close(),
    dispose: () => {
      waiting.close();
      program.dispose();
      destroyVariables(engine, spec, cluster);
      cluster.leave();
    },
  };
}

/** Those of a server stay when its sessions are closed. */
function destroyVariables({ protos }: Engine, { variables, halved }: ProgramSpec, cluster: Cluster): void {
  const graph = createGraphBuilder(protos);
  const destroyed = [...addVariables(graph, variables, halved).byName.values()].map(({ handle }) =>
    graph.node('DestroyResourceOp', [handle], { ignore_lookup_error: { bool: true } }),
  );
  const done = scalarConst(graph, 1, ...destroyed.map((node) => `^${node}`));
  const session = graph.withSavedModel((dir) => cluster.openSession(dir));
  session.run([], [done]);
  session.close();
}

/**
 * The sums of tensors over all members, in the binary tree over their ranks: in round k the members of each pair, a rank and
 * that XOR 2^k, add their sums. A sum of two has the same bits in both orders, so both have the tree's. All members must add
 * the same tensors, of the same `instance`; one is added after the other. Within a body of `createClusterProgram`.
 */
export function sumsOverMembers(
  { rank, size }: Pick<Cluster, 'rank' | 'size'>,
  tensors: readonly Tensor[],
  instance: number,
): Tensor[] {
  const numRounds = Math.log2(size);
  let before: Tensor | undefined;
  return tensors.map((tensor, t) => {
    let sum = before === undefined ? tensor : computedAfter(tensor, before);
    for (let round = 0; round < numRounds; round++) {
      const attrs = {
        T: { type: 'float32' },
        group_size: { int: 2 },
        group_key: { int: 1 + round * size + Math.min(rank, rank ^ (1 << round)) },
        instance_key: { int: 1 + (instance + t) * numRounds + round },
        merge_op: { string: 'Add' },
        final_op: { string: 'Id' },
        subdiv_offsets: { ints: [0] },
        communication_hint: { string: usesGpu ? 'nccl' : 'ring' },
      } as const;
      [sum] = graphOperation('CollectiveReduce', [sum], attrs, [tensor.shape]) as [Tensor];
    }
    before = sum;
    return sum;
  });
}
