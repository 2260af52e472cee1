// One optimizer step over the shards of a batch: gradients of every shard, their sum in a fixed binary tree, Adam.
// A single process runs it whole, in one call or in several that accumulate; a member of a gang computes blocks of shards
// and applies the sum of all, to all weights or to its slice of them (ZeRO stage 1, Rajbhandari et al. 2020).
// Invariant: a shard's gradient depends on weights and its own samples only, and sums are taken in the same pairs, so
// weights have the same bits however a step is divided.
import { CalmError } from '@calm-orch/core';
import { createProgram, type Cluster, type Engine, type Precision, type Program, type Values } from '@calm-orch/engine';
import { adamInputs, plainAdam, type OptimizerOptions, type StepAt } from './adam.ts';
import { callsOf, shardsOf, sumBlocks, type Block, type BlockSum } from './blocks.ts';
import { bucketsOf, type Bucket } from './buckets.ts';
import { createClusterStep, type ClusterStep } from './cluster-step.ts';
import { areFinite, NonFiniteStep } from './non-finite-step.ts';
import { matricesOf, sizeOf, sumOfLosses, type Shapes, type TrainingStep } from './shard-gradients.ts';
import { sliceOf, type Slice } from './slices.ts';
import { digestFunctions, digestOf, type PartialDigest } from './state-digest.ts';
import { accumulateName, blockFunctions, runFunctions, runName, sumName } from './step-functions.ts';
import { concatenated, createStepState, type StepState } from './step-state.ts';

export interface ShardedStepSpec {
  readonly trainable: Shapes;
  readonly frozen: Shapes;
  readonly numShards: number;
  /** Step functions that train the same weights on different inputs. */
  readonly steps: Readonly<Record<string, TrainingStep>>;
  /** @default Adam alone */
  readonly optimizer?: OptimizerOptions;
  /** Calls that `run` takes; a power of two that divides numShards. @default 1 */
  readonly accumulation?: number;
  /** Compute layers again in the backward pass instead of keeping their activations. @default false */
  readonly recompute?: boolean;
  /** @default 'fp32' */
  readonly precision?: Precision;
  /** Shards that a call of `accumulate` computes, powers of two; without, `accumulate` and `apply` are not compiled. */
  readonly blockSizes?: readonly number[];
  /** A member of a gang, which does not `run`: `apply` updates the slice of its rank. */
  readonly slice?: { readonly numMembers: number; readonly rank: number };
  /** Of the weights in one variable of the program. @default 128 MiB */
  readonly maxBucketBytes?: number;
}

export interface ShardedStep extends StepState {
  readonly program: Program;
  readonly numShards: number;
  /** Shards that a call computes at most. */
  readonly maxShardsPerCall: number;
  /** Where gradients and weights are cut, in order, and the rank whose slice a bucket lies in. */
  readonly buckets: readonly (Slice & { readonly rank: number })[];
  /** Sizes of blocks that `accumulate` computes. */
  readonly blockSizes: readonly number[];
  /**
   * Whether members may have slices: clipping needs the norm of the whole gradient, decay the parameters a slice cuts, and
   * accumulation less memory than a gradient takes.
   */
  readonly canPartition: boolean;
  /** The whole step; the loss before it. @throws NonFiniteStep with the state unchanged */
  run(name: string, inputs: Readonly<Record<string, Values>>, at: StepAt): number;
  /**
   * Losses of the shards of these blocks, neighbours in order, and for every bucket the sums of their gradients by block, in
   * memory of their own; the inputs hold these shards and no others. @throws CalmError `internal` where a block is smaller
   * than all blockSizes.
   */
  accumulate(
    name: string,
    inputs: Readonly<Record<string, Values>>,
    blocks: readonly Block[],
  ): { readonly losses: Float32Array; readonly sums: readonly (readonly BlockSum[])[] };
  /**
   * The own slice updated by the gradient of all shards, in its buckets; false where that is not finite: nothing has
   * changed.
   */
  apply(gradient: readonly Float32Array[], at: StepAt): boolean;
  /** Of all weights and the moments of the own slice. */
  digest(): PartialDigest;
  /** Loss and summed flat gradient without an update, where numShards is among the blockSizes. */
  gradient(name: string, inputs: Readonly<Record<string, Values>>): { loss: number; gradient: Float32Array };
  /** The same step as a member of a gang takes it, with the same frozen weights. */
  member(blockSizes: readonly number[], slice?: ShardedStepSpec['slice']): ShardedStep;
  /** Whether so many members can each compute their shards as one block, in one call. */
  canCluster(numMembers: number): boolean;
  /** The same step as a member takes it whose cluster adds gradients in the graph. @throws Error where its server refuses */
  clusterMember(cluster: Cluster, toldPerShard: number): ClusterStep;
  dispose(): void;
}

/** @throws CalmError `invalid_argument` unless numShards and accumulation are powers of two, the second at most the first. */
export function createShardedStep(
  engine: Engine,
  spec: ShardedStepSpec,
  options: { eager?: boolean } = {},
): ShardedStep {
  const { numShards, accumulation = 1, optimizer = plainAdam, blockSizes = [] } = spec;
  checkDivision(numShards, accumulation);
  const { numMembers, rank } = spec.slice ?? { numMembers: 1, rank: 0 };
  const total = Object.values(spec.trainable).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const slices = Array.from({ length: numMembers }, (_, r) => sliceOf(total, numMembers, r));
  const buckets = bucketsOf(spec.trainable, slices, spec.maxBucketBytes);
  const own = buckets.filter((bucket) => bucket.rank === rank);
  const numLevels = Math.log2(accumulation);
  const functionSpec = { ...spec, optimizer, buckets, own };
  const withSums = (levels: number) => ({
    ...(spec.precision && { precision: spec.precision }),
    ...(spec.precision === 'bf16' && { halved: new Set(matricesOf(spec.frozen).map((key) => `frozen/${key}`)) }),
    variables: variablesOf(spec, buckets, own, levels),
  });
  const program = createProgram(
    engine,
    {
      ...withSums(spec.slice === undefined ? numLevels : 0),
      functions: {
        ...(spec.slice === undefined && runFunctions(functionSpec, numLevels)),
        ...(blockSizes.length > 0 && blockFunctions(functionSpec, blockSizes)),
        ...digestFunctions(buckets, own),
      },
    },
    options,
  );
  const accumulate: ShardedStep['accumulate'] = (name, inputs, blocks) => {
    const calls = callsOf(blocks, blockSizes);
    if (calls === null)
      throw new CalmError('internal', `gang: no block can be computed by calls of ${blockSizes.join()}`);
    const numShardsOfBlocks = blocks.reduce((sum, { size }) => sum + size, 0);
    const losses: number[] = [];
    const parts = buckets.map((): BlockSum[] => []);
    for (const call of calls) {
      const from = losses.length;
      const own = shardsOf(inputs, from, from + call.size, numShardsOfBlocks);
      const result = program.run(accumulateName(name, call.size), own);
      losses.push(...result.losses!);
      buckets.forEach((bucket, b) => parts[b]!.push({ ...call, sum: result[bucket.name]! }));
    }
    const within =
      ({ first, size }: Block) =>
      ({ first: at }: Block): boolean =>
        at >= first && at < first + size;
    return {
      losses: Float32Array.from(losses),
      sums: parts.map((ofBucket) =>
        blocks.map((block) => {
          const ofBlock = ofBucket.filter(within(block));
          return { ...block, sum: sumBlocks(ofBlock, block, ofBlock[0]!.sum) };
        }),
      ),
    };
  };
  return {
    ...createStepState(program, spec.trainable, spec.frozen, buckets, own),
    program,
    numShards,
    maxShardsPerCall: numShards / accumulation,
    buckets,
    blockSizes,
    canPartition: accumulation === 1 && optimizer.maxGradientNorm === null && optimizer.weightDecay === 0,
    run: (name, inputs, at) => {
      const losses: number[] = [];
      for (let call = 0; call < accumulation; call++) {
        const carried = trailingOnes(call);
        const isLast = carried === numLevels;
        // The last call knows its own losses alone.
        if (isLast && !areFinite(Float32Array.from(losses))) throw new NonFiniteStep(losses, numShards);
        const result = program.run(runName(name, carried), {
          ...shardsOf(inputs, call, call + 1, accumulation),
          ...(isLast && adamInputs(at, optimizer)),
        });
        losses.push(...result.losses!);
        if (result.applied?.[0] === 0) throw new NonFiniteStep(losses);
      }
      return sumOfLosses(losses);
    },
    accumulate,
    apply: (gradient, at) => {
      const named = own.map(({ name }, b): [string, Float32Array] => [`gradient${name}`, gradient[b]!]);
      return program.run('apply', { ...Object.fromEntries(named), ...adamInputs(at, optimizer) }).applied![0] === 1;
    },
    digest: () => digestOf(program, buckets, own),
    gradient: (name, inputs) => {
      const { losses, sums } = accumulate(name, inputs, [{ first: 0, size: numShards }]);
      return { loss: sumOfLosses(losses), gradient: concatenated(sums.map(([block]) => block!.sum)) };
    },
    member: (sizes, slice = { numMembers: 1, rank: 0 }) => {
      const member = createShardedStep(engine, { ...spec, blockSizes: sizes, slice }, options);
      member.setFrozen(program);
      return member;
    },
    canCluster: (numMembers) =>
      Number.isInteger(Math.log2(numMembers)) && numMembers <= numShards && numMembers >= accumulation,
    clusterMember: (cluster, toldPerShard) => {
      const member = createClusterStep(engine, withSums(1), functionSpec, cluster, toldPerShard);
      member.setFrozen(program);
      return member;
    },
    dispose: () => program.dispose(),
  };
}

function checkDivision(numShards: number, accumulation: number): void {
  if (!Number.isInteger(Math.log2(numShards)))
    throw new CalmError('invalid_argument', `train.stepShards must be a power of two (got ${numShards}); try 4 or 8`);
  if (!Number.isInteger(Math.log2(accumulation)) || numShards % accumulation !== 0)
    throw new CalmError(
      'invalid_argument',
      `train.accumulation must be a power of two that divides train.stepShards (got ${accumulation} and ${numShards})`,
    );
}

/** Weights of all buckets, moments of the own, sums of each level of the tree, frozen weights. */
function variablesOf(
  { frozen }: ShardedStepSpec,
  buckets: readonly Bucket[],
  own: readonly Bucket[],
  numLevels: number,
): Record<string, readonly number[]> {
  const variables: Record<string, readonly number[]> = {};
  const add = (name: string, { first, end }: Slice): void => void (variables[name] = [end - first]);
  for (const bucket of buckets) {
    add(`weights${bucket.name}`, bucket);
    for (let level = 0; level < numLevels; level++) add(sumName(level, bucket), bucket);
  }
  for (const bucket of own) for (const prefix of ['m', 'v']) add(prefix + bucket.name, bucket);
  for (const [key, shape] of Object.entries(frozen)) variables[`frozen/${key}`] = shape;
  return variables;
}

function trailingOnes(n: number): number {
  let count = 0;
  for (let rest = n; rest % 2 === 1; rest = (rest - 1) / 2) count++;
  return count;
}
