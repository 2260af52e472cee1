// A step of a gang whose members add gradients where they are computed: by collective operations in the graph. Each computes
// one block of shards; the tree over the members' sums is the upper part of the tree over shards. Every member updates all
// weights. Sums wait in variables until it does: whoever gives up before has changed nothing.
import { createClusterProgram, type Cluster, type Engine, type ProgramSpec, type Values } from '@calm-orch/engine';
import { adamInputs, type StepAt } from './adam.ts';
import { digestFunctions, digestOf, type PartialDigest } from './state-digest.ts';
import { clusterFunctions, togetherName, type FunctionSpec } from './step-functions.ts';
import { createStepState, type StepState } from './step-state.ts';

export interface ClusterStep extends StepState {
  readonly numShards: number;
  /**
   * Adds the gradients of all members, for `apply`: inputs of the own shards, and `told`, some numbers of every shard, zero
   * for others'. Losses and numbers of all shards. @throws Error when a member is gone, or after `giveUp`
   */
  together(
    name: string,
    inputs: Readonly<Record<string, Values>>,
    told: Float32Array,
  ): Promise<{ readonly losses: Float32Array; readonly told: Float32Array }>;
  /** All weights updated by what was added; false where that is not finite: nothing has changed. */
  apply(at: StepAt): boolean;
  /** Ends `together`, now and for good. */
  giveUp(): void;
  digest(): PartialDigest;
  dispose(): void;
}

/** It leaves the cluster when it is disposed of. `spec`: with a variable for the sums of each bucket; `toldPerShard`: of `told` */
export function createClusterStep(
  engine: Engine,
  spec: Omit<ProgramSpec, 'functions'>,
  step: FunctionSpec,
  cluster: Cluster,
  toldPerShard: number,
): ClusterStep {
  const { trainable, frozen, buckets, own, numShards, optimizer } = step;
  const functions = { ...clusterFunctions(step, cluster, toldPerShard), ...digestFunctions(buckets, own) };
  const program = createClusterProgram(engine, { ...spec, functions }, cluster);
  return {
    ...createStepState(program, trainable, frozen, buckets, own),
    numShards,
    together: async (name, inputs, told) => {
      const { all } = await program.begin(togetherName(name), { ...inputs, told });
      return { losses: all!.subarray(0, numShards), told: all!.subarray(numShards) };
    },
    apply: (at) => program.run('applySums', adamInputs(at, optimizer)).applied![0] === 1,
    giveUp: () => program.giveUp(),
    digest: () => digestOf(program, buckets, own),
    dispose: () => program.dispose(),
  };
}
