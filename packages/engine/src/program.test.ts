import type { Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import { afterEach, describe, expect, it } from 'vitest';
import { startEngine } from './load.ts';
import { roundToBfloat16 } from './bfloat16.ts';
import { createProgram, type Program, type ProgramSpec } from './program.ts';

const engine = await startEngine();
const { tf } = engine;
const programs: Program[] = [];
afterEach(() => programs.splice(0).forEach((program) => program.dispose()));

function make(spec: ProgramSpec, eager?: boolean): Program {
  const program = createProgram(engine, spec, eager === undefined ? {} : { eager });
  programs.push(program);
  return program;
}

const floats = (...shape: number[]) => ({ shape, dtype: 'float32' as const });
const ints = (...shape: number[]) => ({ shape, dtype: 'int32' as const });
/** Values between -1 and 1 without any pattern. */
const spread = (size: number, phase: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * i + phase));

/** tanh(x W) V against y, mean squared error, Adam on both matrices. */
const net: ProgramSpec = {
  variables: { w: [3, 5], wm: [3, 5], wv: [3, 5], v: [5, 1], vm: [5, 1], vv: [5, 1] },
  functions: {
    step: {
      inputs: { x: floats(4, 3), y: floats(4, 1), rate: floats(), epsilon: floats() },
      body: ({ w, v }, { x, y, rate, epsilon }) => {
        const loss = (first: Tensor, second: Tensor) =>
          tf.matMul(tf.matMul(x!, first).tanh(), second).sub(y!).square().mean().asScalar();
        const { value, grads } = tf.valueAndGrads(loss)([w!, v!]);
        const update = (variable: string, gradient: Tensor) => ({
          variable,
          firstMoment: `${variable}m`,
          secondMoment: `${variable}v`,
          gradient,
          rate: rate!,
          epsilon: epsilon!,
        });
        return { outputs: { loss: value, w: w! }, updates: [update('w', grads[0]!), update('v', grads[1]!)] };
      },
    },
    predict: {
      inputs: { x: floats(4, 3) },
      body: ({ w, v }, { x }) => ({ outputs: { y: tf.matMul(tf.matMul(x!, w!).tanh(), v!) } }),
    },
  },
};
const batch = { x: spread(12, 1), y: spread(4, 2) };
const adam = (step: number) => ({
  rate: Float32Array.of((0.01 * Math.sqrt(1 - 0.999 ** (step + 1))) / (1 - 0.9 ** (step + 1))),
  epsilon: Float32Array.of(1e-8 * Math.sqrt(1 - 0.999 ** (step + 1))),
});

function startNet(eager?: boolean): Program {
  const program = make(net, eager);
  program.assign('w', spread(15, 3));
  program.assign('v', spread(5, 4));
  return program;
}

/** Nearest bfloat16, ties to even. */
const rounded = (x: number): number => {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  return new Float32Array(Uint32Array.of((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000).buffer)[0]!;
};

it.skipIf(engine.node === undefined)('multiplies bfloat16 numbers where it is told so, and nothing else', () => {
  const [rows, width, columns] = [3, 40, 4];
  const spec: ProgramSpec = {
    variables: { w: [width, columns] },
    functions: {
      product: {
        inputs: { x: floats(rows, width) },
        body: ({ w }, { x }) => ({ outputs: { y: tf.matMul(x!, w!), sum: x!.add(x!) } }),
      },
    },
  };
  const [x, w] = [spread(rows * width, 1), spread(width * columns, 2)];
  const [half, single] = (['bf16', 'fp32'] as const).map((precision) => {
    const program = make({ ...spec, precision });
    program.assign('w', w);
    return program.run('product', { x });
  });
  half!.y!.forEach((y, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let k = 0; k < width; k++) sum += rounded(x[row * width + k]!) * rounded(w[k * columns + column]!);
    // Sums in float32 may round to the neighbour.
    expect(Math.abs(y - rounded(sum))).toBeLessThanOrEqual(2 ** -7 * Math.abs(sum));
    expect(rounded(y)).toBe(y);
  });
  expect(half!.y).not.toEqual(single!.y);
  expect(half!.sum).toEqual(single!.sum);
});

describe('a program', () => {
  it('runs compiled as it runs eagerly, over many Adam steps', () => {
    const [compiled, eager] = [startNet(), startNet(true)];
    expect(compiled.compiled).toBe(engine.node !== undefined);
    expect(eager.compiled).toBe(false);
    const losses: number[] = [];
    for (let step = 0; step < 25; step++) {
      const [a, b] = [compiled, eager].map((program) => program.run('step', { ...batch, ...adam(step) }).loss![0]!);
      expect(Math.abs(a! - b!)).toBeLessThan(1e-4);
      losses.push(a!);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    for (const name of Object.keys(net.variables)) {
      const [a, b] = [compiled.read(name), eager.read(name)];
      for (let i = 0; i < a.length; i++) expect(Math.abs(a[i]! - b[i]!)).toBeLessThan(1e-4);
    }
    expect(compiled.run('predict', { x: batch.x }).y).toHaveLength(4);
  });

  it('has functions of any name, also with signs and leading digits', () => {
    const add = (amount: number): ProgramSpec['functions'][string] => ({
      inputs: { x: floats(2), y: floats(2) },
      body: (_, { x, y }) => ({ outputs: { sum: x!.add(y!).add(amount), x: x! } }),
    });
    const program = make({ variables: {}, functions: { '4_answer': add(1), '1+2_answer': add(2) } }, false);
    const inputs = { x: Float32Array.of(1, 2), y: Float32Array.of(3, 4) };
    expect([...program.run('4_answer', inputs).sum!]).toEqual([5, 7]);
    expect([...program.run('1+2_answer', inputs).sum!]).toEqual([6, 8]);
  });

  it('assigns variables what a function says, from the values before it', () => {
    const counting: ProgramSpec = {
      variables: { a: [2], b: [2], cache: [3, 2] },
      functions: {
        swap: { inputs: {}, body: ({ a, b }) => ({ outputs: { a: a! }, assigns: { a: b!, b: a! } }) },
        put: {
          inputs: { row: ints(), value: floats(2) },
          body: ({ cache }, { row, value }) => {
            const here = tf
              .equal(tf.range(0, 3, 1, 'int32'), row!)
              .toFloat()
              .reshape([3, 1]);
            const next = cache!.mul(tf.scalar(1).sub(here)).add(here.mul(value!));
            return { outputs: { sum: next.sum(), before: cache!.sum() }, assigns: { cache: next } };
          },
        },
        bad: { inputs: {}, body: ({ a }) => ({ outputs: {}, assigns: { cache: a! } }) },
      },
    };
    const { bad, ...functions } = counting.functions;
    for (const eager of [false, true]) {
      if (!eager && engine.node === undefined) continue;
      const program = make({ ...counting, functions }, eager);
      program.assignAll([
        ['a', Float32Array.of(1, 2)],
        ['b', Float32Array.of(3, 4)],
      ]);
      expect([...program.readAll(['b', 'a'])]).toEqual([Float32Array.of(3, 4), Float32Array.of(1, 2)]);
      expect([...program.run('swap', {}).a!]).toEqual([1, 2]);
      expect([...program.run('swap', {}).a!]).toEqual([3, 4]);
      program.run('swap', {});
      expect([[...program.read('a')], [...program.read('b')]]).toEqual([
        [3, 4],
        [1, 2],
      ]);
      for (let i = 0; i < 30; i++) {
        const { sum, before } = program.run('put', { row: Int32Array.of(i % 3), value: Float32Array.of(i, 1) });
        const at = (n: number) => [0, 1, 2].reduce((total, back) => total + (n - back < 0 ? 0 : n - back + 1), 0);
        expect([before![0], sum![0]]).toEqual([at(i - 1), at(i)]);
      }
      expect([...program.read('cache')]).toEqual([27, 1, 28, 1, 29, 1]);
      expect(() => make({ ...counting, functions: { bad: bad! } }, eager).run('bad', {})).toThrow(
        'variable cache holds float32 3x2, assigned float32 2',
      );
    }
  });

  it('moves a weight by the learning rate against its gradient in the first Adam step', () => {
    for (const eager of [undefined, true]) {
      const program = startNet(eager);
      const before = program.read('w');
      const shown = program.run('step', { ...batch, ...adam(0) }).w!;
      const after = program.read('w');
      for (let i = 0; i < before.length; i++) {
        expect(Math.abs(after[i]! - before[i]!)).toBeCloseTo(0.01, 4);
        // The outputs of a step are those before its update.
        expect(shown[i]).toBe(before[i]);
      }
    }
  });

  it('keeps what was assigned, and what was read stays as it was', () => {
    for (const eager of [undefined, true]) {
      const program = startNet(eager);
      expect(program.read('wm')).toEqual(new Float32Array(15));
      const values = spread(15, 9);
      program.assign('w', values);
      const read = program.read('w');
      expect(read).toEqual(values);
      program.run('step', { ...batch, ...adam(0) });
      expect(read).toEqual(values);
      expect(program.read('w')).not.toEqual(values);
    }
  });

  it.each(engine.node === undefined ? [true] : [false, true])(
    'has memory of its own, wherever what it was assigned lies (eager: %s)',
    (eager) => {
      const functions = {};
      const program = make({ variables: { w: [1024] }, functions }, eager);
      const memory = new Float32Array(1024 + 16);
      // TensorFlow takes a tensor as it lies where that is a multiple of 64 bytes.
      for (let first = 0; first < 16; first++) {
        const given = memory.subarray(first, first + 1024).fill(1);
        program.assign('w', given);
        given.fill(2);
        expect(program.read('w')).toEqual(new Float32Array(1024).fill(1));
      }
    },
  );

  it('shares no variables with another program of the same names', () => {
    const [first, second] = [startNet(), startNet()];
    first.run('step', { ...batch, ...adam(0) });
    expect(second.read('w')).toEqual(spread(15, 3));
    expect(first.read('w')).not.toEqual(second.read('w'));
  });

  it('says which input or variable has the wrong size, and what it does not know', () => {
    for (const eager of [undefined, true]) {
      const program = startNet(eager);
      const run = (inputs: Record<string, Float32Array>) => () => program.run('predict', inputs);
      expect(run({ x: new Float32Array(11) })).toThrow('predict: input x must hold 12 values (4x3), got 11');
      expect(run({})).toThrow('predict: input x must hold 12 values (4x3), got none');
      expect(run({})).toThrow(CalmError);
      expect(() => program.run('train', {})).toThrow('no function train; it has step, predict');
      expect(() => program.assign('w', new Float32Array(3))).toThrow('variable w holds 3x5, got 3 values');
      expect(() => program.assign('u', new Float32Array(3))).toThrow('variable u holds nothing');
      expect(() => program.read('u')).toThrow('no variable u');
      expect(program.run('predict', { x: batch.x }).y).toHaveLength(4);
    }
  });

  it('leaks no tensor over 200 runs, nor once it is disposed of', () => {
    for (const eager of [undefined, true]) {
      const before = tf.memory().numTensors;
      const program = createProgram(engine, net, eager === undefined ? {} : { eager });
      program.assign('w', spread(15, 3));
      const started = tf.memory().numTensors;
      for (let step = 0; step < 200; step++) program.run('step', { ...batch, ...adam(step) });
      program.assign('v', spread(5, 4));
      program.read('v');
      expect(tf.memory().numTensors).toBe(started);
      program.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});

describe('a traced function', () => {
  /** Runs one function compiled and eagerly; both must give the same numbers. */
  function results(
    inputs: ProgramSpec['functions'][string]['inputs'],
    body: (x: Tensor[]) => Tensor,
    values: number[][],
  ) {
    const spec: ProgramSpec = {
      variables: {},
      functions: { f: { inputs, body: (_, given) => ({ outputs: { y: body(Object.values(given)) } }) } },
    };
    const typed = Object.fromEntries(
      Object.entries(inputs).map(([name, { dtype }], i) => [
        name,
        dtype === 'int32' ? Int32Array.from(values[i]!) : Float32Array.from(values[i]!),
      ]),
    );
    const [compiled, eager] = [undefined, true].map((e) => make(spec, e).run('f', typed).y!);
    expect(compiled).toBeInstanceOf(Float32Array);
    for (let i = 0; i < eager!.length; i++) expect(compiled![i]).toBeCloseTo(eager![i]!, 5);
    return [...eager!];
  }

  it('depends on its inputs, with tensors made outside and inside as constants', () => {
    const outside = tf.tensor1d([10, 20]);
    const body = ([x]: Tensor[]) =>
      x!
        .mul(outside)
        .add(tf.scalar(1))
        .add(tf.tensor1d([1, 1]))
        .add(tf.tensor2d([[1, 1]]));
    expect(results({ x: floats(2) }, body, [[1, 2]])).toEqual([13, 43]);
    outside.dispose();
  });

  it('casts between types, drops casts and reshapes that change nothing', () => {
    const body = ([x]: Tensor[]) =>
      x!.toFloat().reshape([3]).toInt().toFloat().reshape([3, 1]).reshape([3, 1]).squeeze().mul(2).add(0.5);
    expect(results({ x: floats(3) }, body, [[1.75, -2.25, 3]])).toEqual([2.5, -3.5, 6.5]);
  });

  it('returns an input unchanged when all it does is a copy that changes nothing', () => {
    expect(results({ x: floats(2) }, ([x]) => x!.toFloat().reshape([2]), [[1.5, 2]])).toEqual([1.5, 2]);
  });

  it('takes and returns integers', () => {
    expect(results({ ids: ints(2, 2) }, ([ids]) => ids!.mul(tf.scalar(3, 'int32')), [[1, 2, 3, -4]])).toEqual([
      3, 6, 9, -12,
    ]);
  });

  it('handles kernels of several outputs, comparisons and inserted dimensions', () => {
    const body = ([x, ids]: Tensor[]) => {
      const [left, right] = tf.split(x!, 2, 1) as [Tensor, Tensor];
      const table = tf.concat([left.expandDims(0), right.expandDims(0)], 0);
      return tf.where(table.greater(2), table, tf.zerosLike(table)).gather(ids!.flatten().toInt()).sum(0);
    };
    expect(
      results({ x: floats(2, 2), ids: ints(3) }, body, [
        [1, 2, 3, 4],
        [0, 1, 1],
      ]),
    ).toEqual([0, 11]);
  });

  it('tells apart constants that differ in type or shape only', () => {
    const body = ([x]: Tensor[]) => {
      const [row, column] = [tf.tensor2d([[1, 0]]), tf.tensor2d([[1], [0]])];
      const zero = tf.tensor2d([[0, 0]], [1, 2], 'int32').toFloat();
      return x!.add(row).mul(2).add(column).add(zero);
    };
    expect(results({ x: floats(2, 2) }, body, [[1, 2, 3, 4]])).toEqual([5, 5, 8, 8]);
  });
});

describe('variables kept as bfloat16', () => {
  const shapes = { table: [7, 6], w: [6, 5], x: [5, 3] };
  /** A lookup, a product with a matrix and one with its transpose. */
  const spec = (more: Partial<ProgramSpec>): ProgramSpec => ({
    variables: shapes,
    functions: {
      read: {
        inputs: { rows: ints(4) },
        body: ({ table, w, x }, { rows }) => {
          const looked = tf.gather(table!, rows!);
          const wide = tf.matMul(looked, w!.reshape([6, 5]));
          return { outputs: { out: tf.matMul(tf.matMul(wide, x!), x!, false, true), looked } };
        },
      },
    },
    ...more,
  });
  const halved = new Set(Object.keys(shapes));
  const fill = (program: Program, round: boolean): Program => {
    for (const [i, [name, [rows, columns]]] of Object.entries(shapes).entries()) {
      const values = spread(rows! * columns!, i);
      if (round) roundToBfloat16(values);
      program.assign(name, values);
    }
    return program;
  };
  const rows = { rows: Int32Array.of(3, 0, 6, 3) };

  it.each(['fp32', 'bf16'] as const)('give in %s the bits of rounded values kept as float32', (precision) => {
    const rounded = fill(make(spec({ precision })), true);
    const kept = fill(make(spec({ precision, halved })), false);
    expect(kept.read('w')).toEqual(rounded.read('w'));
    expect(kept.read('w')).not.toEqual(spread(30, 1));
    expect(kept.run('read', rows)).toEqual(rounded.run('read', rows));
    if (precision === 'fp32') expect(fill(make(spec({ halved }), true), false).read('w')).toEqual(rounded.read('w'));
  });
});
