// A digest of a training's state: 128 bits of weights and Adam's moments. It is a sum modulo 2^64, twice: the bits of each
// float32, as an integer, times an odd number that depends on its place in the flat vector. So a flipped bit changes it
// wherever it is, and so do two unequal numbers that change places; and digests of slices add up to that of the whole.
// Sums of integers do not depend on their order, so it is reduced in the graph. It finds faults; whoever wants to can make
// another state with the same digest.
import { graphOperation, tf, type Program, type ProgramFunction } from '@calm-orch/engine';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Bucket } from './buckets.ts';
import type { Numbers } from './numbers.ts';
import type { TrainingState } from './step-state.ts';

/** Two sums modulo 2^64. */
type Sums = readonly [bigint, bigint];

/** All weights and the moments of a slice; eight numbers of 16 bits each, the lowest first: a float32 holds them exactly. */
export type PartialDigest = Float32Array;

// Odd, so that the first sum proves what the head says: 2 (p - q) linear has at most 32 trailing zeros where places are less
// than 2^32 apart, the difference of two float32s' bits at most 31, and their product is no multiple of 2^64.
const [linear, quadratic] = [0x9e3779b97f4a7c15n, 0xd1342543de82ef95n];
/** Second and first moments have the places of their weights, and their sums these factors. */
const momentFactors = [0xaf251af3b0f025b5n, 0x8cb92ba72f3d8dd7n] as const;
const [numberSize, sumsPerDigest] = [4, 2];

/** The functions of a step's program that `digestOf` calls, one a bucket: no more than a bucket is in memory beside the state. */
export function digestFunctions(buckets: readonly Bucket[], own: readonly Bucket[]): Record<string, ProgramFunction> {
  return Object.fromEntries(
    buckets.map((bucket): [string, ProgramFunction] => [
      functionName(bucket),
      {
        inputs: {},
        body: (variables) => {
          const multipliers = multipliersOf(bucket);
          const prefixes = own.includes(bucket) ? ['weights', 'm', 'v'] : ['weights'];
          const sums = prefixes.map((prefix) => sumsOf(variables[prefix + bucket.name]!, multipliers));
          return { outputs: { sums: tf.concat(sums) } };
        },
      },
    ]),
  );
}

const functionName = ({ name }: Bucket): string => `digest/${name}`;

const int64 = { type: 'int64' } as const;
const node = (op: string, inputs: readonly Tensor[], attrs: Parameters<typeof graphOperation>[2], shape: number[]) =>
  graphOperation(op, inputs, attrs, [shape])[0]!;

function integer(value: bigint): Tensor {
  const bytes = new Uint8Array(BigInt64Array.of(BigInt.asIntN(64, value)).buffer);
  return node('Const', [], { dtype: int64, value: { tensor: { type: 'int64', shape: [], bytes } } }, []);
}

/** Of each place p of a bucket: 2 p linear + 1 and 2 p^2 quadratic + 1. */
function multipliersOf({ first, end }: Bucket): readonly [Tensor, Tensor] {
  const shape = [end - first];
  const bounds = [first, end, 1].map((n) => integer(BigInt(n)));
  const places = node('Range', bounds, { Tidx: int64 }, shape);
  const times = (x: Tensor, y: Tensor): Tensor => node('Mul', [x, y], { T: int64 }, shape);
  const plusOne = (x: Tensor): Tensor => node('AddV2', [x, integer(1n)], { T: int64 }, shape);
  return [plusOne(times(places, integer(2n * linear))), plusOne(times(times(places, places), integer(2n * quadratic)))];
}

/** Both sums of a float32 vector, as eight numbers. */
function sumsOf(x: Tensor, multipliers: readonly [Tensor, Tensor]): Tensor {
  const bits = node('Bitcast', [x], { T: { type: 'float32' }, type: { type: 'int32' } }, x.shape);
  const integers = node('Cast', [bits], { SrcT: { type: 'int32' }, DstT: int64 }, x.shape);
  const axes = tf.tensor1d([0], 'int32');
  const halves = multipliers.map((multiplier) => {
    const products = node('Mul', [integers, multiplier], { T: int64 }, x.shape);
    const attrs = { T: int64, Tidx: { type: 'int32' }, keep_dims: { bool: false } } as const;
    const sum = node('Sum', [products, axes], attrs, []);
    const words = node('Bitcast', [sum], { T: int64, type: { type: 'uint16' } }, [numberSize]);
    return node('Cast', [words], { SrcT: { type: 'uint16' }, DstT: { type: 'float32' } }, [numberSize]);
  });
  return tf.concat(halves);
}

/** Of the state in a step's program: of all weights, and the moments of the buckets that are its own. */
export function digestOf(program: Program, buckets: readonly Bucket[], own: readonly Bucket[]): PartialDigest {
  let [weights, moments]: Sums[] = [
    [0n, 0n],
    [0n, 0n],
  ];
  for (const bucket of buckets) {
    const isOwn = own.includes(bucket);
    const read = (prefix: string): Sums => sumsOfValues(program.read(prefix + bucket.name), bucket.first);
    const [ofWeights, ...ofMoments] = program.compiled
      ? allSums(program.run(functionName(bucket), {}).sums!)
      : ['weights', ...(isOwn ? ['m', 'v'] : [])].map(read);
    weights = sum(weights!, ofWeights!);
    moments = ofMoments.reduce((all, sums, i) => sum(all, sums, momentFactors[i]), moments!);
  }
  return Float32Array.from([...halvesOf(weights!), ...halvesOf(moments!)]);
}

/** Of the state of slices, each with all weights, together: 32 hex digits. */
export function wholeDigest(parts: readonly ArrayLike<number>[]): string {
  const [weights] = allSums(parts[0]!);
  const whole = parts.reduce((all, part) => sum(all, allSums(part)[1]!), weights!);
  return whole.map((each) => each.toString(16).padStart(16, '0')).join('');
}

/** Of a state that is no program's, number by number: 32 hex digits. */
export function stateDigest({ weights, firstMoment, secondMoment }: TrainingState): string {
  const moments = [firstMoment, secondMoment].map(sumsOfNumbers);
  const all = moments.reduce<Sums>((sums, of, i) => sum(sums, of, momentFactors[i]), [0n, 0n]);
  return wholeDigest([[...halvesOf(sumsOfNumbers(weights)), ...halvesOf(all)]]);
}

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const sum = (all: Sums, more: Sums, factor = 1n): Sums => [
  wrap(all[0] + factor * more[0]),
  wrap(all[1] + factor * more[1]),
];

function sumsOfNumbers(numbers: Numbers): Sums {
  let [all, first]: [Sums, number] = [[0n, 0n], 0];
  for (const piece of numbers) {
    all = sum(all, sumsOfValues(piece, first));
    first += piece.length;
  }
  return all;
}

/** Of numbers from place `first` on. */
function sumsOfValues(values: Float32Array, first: number): Sums {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let [one, other] = [0n, 0n];
  for (let i = 0; i < bits.length; i++) {
    const [x, place] = [BigInt(bits[i]!), BigInt(first + i)];
    one = wrap(one + x * (2n * place * linear + 1n));
    other = wrap(other + x * (2n * place * place * quadratic + 1n));
  }
  return [one, other];
}

const halvesOf = (sums: Sums): number[] =>
  sums.flatMap((each) => Array.from({ length: numberSize }, (_, i) => Number((each >> BigInt(16 * i)) & 0xffffn)));

/** As many pairs of sums as these numbers hold. */
function allSums(halves: ArrayLike<number>): Sums[] {
  const numbers = Array.from({ length: halves.length / numberSize }, (_, n) =>
    Array.from({ length: numberSize }, (_, i) => BigInt(halves[n * numberSize + i]!) << BigInt(16 * i)).reduce(
      (all, half) => all | half,
    ),
  );
  return Array.from({ length: numbers.length / sumsPerDigest }, (_, i) => [numbers[2 * i]!, numbers[2 * i + 1]!]);
}
