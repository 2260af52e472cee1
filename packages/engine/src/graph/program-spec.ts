// What a program is, and what its two makers check alike: compiled-program.ts and eager-program.ts.
import type { Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import type { Precision } from './trace.ts';

export type Shape = readonly number[];
export type Values = Float32Array | Int32Array;
export type Variables = Readonly<Record<string, Tensor>>;
export type Tensors = Readonly<Record<string, Tensor>>;

export interface InputSpec {
  readonly shape: Shape;
  readonly dtype: 'float32' | 'int32';
}

/** Adam on one variable (Kingma and Ba 2015): `rate` and `epsilon` carry the bias corrections of the step. */
export interface AdamUpdate {
  readonly variable: string;
  readonly firstMoment: string;
  readonly secondMoment: string;
  readonly gradient: Tensor;
  /** Scalar: lr * sqrt(1 - beta2^t) / (1 - beta1^t). */
  readonly rate: Tensor;
  /** Scalar: eps * sqrt(1 - beta2^t). */
  readonly epsilon: Tensor;
  /** What the variable is multiplied by before, a scalar or one factor a number: decoupled weight decay. */
  readonly decay?: Tensor;
}

export interface FunctionResult {
  readonly outputs: Tensors;
  readonly updates?: readonly AdamUpdate[];
  /**
   * The updates take place only where the squares of all these numbers are finite: a square is what Adam's second moment
   * adds. The output `applied` is then 1, and 0 where nothing was updated.
   */
  readonly finite?: readonly Tensor[];
  /** Variables that hold these values when the function has run; the outputs see the values of before. */
  readonly assigns?: Tensors;
}

export interface ProgramFunction {
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly body: (variables: Variables, inputs: Tensors) => FunctionResult;
}

export interface ProgramSpec {
  /** Float32 variables, zero until assigned. */
  readonly variables: Readonly<Record<string, Shape>>;
  readonly functions: Readonly<Record<string, ProgramFunction>>;
  /**
   * Variables that hold their values rounded to bfloat16, in half the memory. No function changes them. Where a product is
   * one of float32 numbers they are widened matrix by matrix, just before it.
   */
  readonly halved?: ReadonlySet<string>;
  /** Of the functions' matrix products, in compiled graphs alone. @default 'fp32' */
  readonly precision?: Precision;
}

export interface Program {
  readonly compiled: boolean;
  /** Nodes of the traced graph; 0 where functions run eagerly. */
  readonly numNodes: number;
  assign(variable: string, values: Float32Array): void;
  /** One after the other, taken as it goes: weights need not all be in memory. */
  assignAll(values: Iterable<readonly [variable: string, values: Float32Array]>): void;
  read(variable: string): Float32Array;
  /** In their order, each read when it is asked for. */
  readAll(variables: readonly string[]): Iterable<Float32Array>;
  /** Runs one function; outputs by name, each flat in row-major order. */
  run(name: string, inputs: Readonly<Record<string, Values>>): Record<string, Float32Array>;
  dispose(): void;
}

/** Adam's rates of decay (Kingma and Ba 2015). */
export const beta1 = 0.9;
export const beta2 = 0.999;

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Whether numbers are finite, and small enough to be squared: what `finite` asks of tensors. */
export function squaresAreFinite(values: Float32Array): boolean {
  return values.every((value) => Number.isFinite(Math.fround(value * value)));
}

export function functionOf(spec: ProgramSpec, name: string): ProgramFunction {
  const found = spec.functions[name];
  if (found === undefined)
    throw new CalmError(
      'internal',
      `program has no function ${name}; it has ${Object.keys(spec.functions).join(', ')}`,
    );
  return found;
}

/** The values of an input, of its type. @throws CalmError `internal` where these are not of its shape */
export function inputValues(fn: string, name: string, { shape, dtype }: InputSpec, values: Values | undefined): Values {
  if (values === undefined || values.length !== sizeOf(shape))
    throw new CalmError(
      'internal',
      `${fn}: input ${name} must hold ${sizeOf(shape)} values (${shape.join('x')}), got ${values?.length ?? 'none'}`,
    );
  const Typed = dtype === 'int32' ? Int32Array : Float32Array;
  return values instanceof Typed ? values : Typed.from(values);
}

export function checkValues(variable: string, shape: Shape | undefined, values: Float32Array): void {
  if (shape === undefined || values.length !== sizeOf(shape))
    throw new CalmError(
      'internal',
      `variable ${variable} holds ${shape === undefined ? 'nothing' : shape.join('x')}, got ${values.length} values`,
    );
}

export function checkAssigned(
  fn: string,
  variable: string,
  shape: Shape | undefined,
  { shape: got, dtype }: Tensor,
): void {
  if (shape === undefined || shape.join('x') !== got.join('x') || dtype !== 'float32')
    throw new CalmError(
      'internal',
      `${fn}: variable ${variable} holds ${shape === undefined ? 'nothing' : `float32 ${shape.join('x')}`}, assigned ${dtype} ${got.join('x')}`,
    );
}

export function everyVariable(
  one: Pick<Program, 'assign' | 'read'>,
): Pick<Program, 'assign' | 'assignAll' | 'read' | 'readAll'> {
  return {
    ...one,
    assignAll: (values) => {
      for (const [variable, given] of values) one.assign(variable, given);
    },
    readAll: function* (variables) {
      for (const variable of variables) yield one.read(variable);
    },
  };
}
