import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createGraphBuilder } from './graph.ts';
import { startEngine } from '../load.ts';
import { outputsOf } from './output-shapes.ts';
import { record } from './trace.ts';

const engine = await startEngine();
const { tf } = engine;

describe.skipIf(engine.node === undefined)('a recording', () => {
  it('gives the back end its methods back, also when the traced code throws', () => {
    const { executeSingleOutput, executeMultipleOutputs, readSync } = engine.node;
    const graph = createGraphBuilder(engine.protos);
    const failing = () =>
      record(engine, graph, () => {
        expect(engine.node.executeSingleOutput).not.toBe(executeSingleOutput);
        throw new Error('the body failed');
      });
    expect(failing).toThrow('the body failed');
    expect(engine.node.executeSingleOutput).toBe(executeSingleOutput);
    expect(engine.node.executeMultipleOutputs).toBe(executeMultipleOutputs);
    expect(engine.node.readSync).toBe(readSync);
    const square = tf.scalar(2).square();
    expect(square.dataSync()[0]).toBe(4);
    expect(graph.numNodes).toBe(0);
  });

  it('takes a copy that changes nothing for the tensor itself, and equal constants for one', () => {
    const graph = createGraphBuilder(engine.protos);
    tf.tidy(() =>
      record(engine, graph, ({ input, ref }) => {
        const x = input([2], 'float32', 'x');
        expect(ref(x.toFloat().reshape([2]).flatten())).toBe('x');
        expect(ref(x.reshape([2, 1]))).not.toBe('x');
        const before = graph.numNodes;
        x.add(tf.scalar(3)).mul(tf.scalar(3));
        // Two operations, one constant.
        expect(graph.numNodes - before).toBe(3);
      }),
    );
  });
});

/** Every operation of output-shapes.ts, in the forms models use, and some it does not know. */
function manyOperations(x: Tensor, ids: Tensor): Tensor[] {
  const [batch, tokens, width] = x.shape as [number, number, number];
  const row = tf.ones([width]);
  const [left, right] = tf.split(x, [2, width - 2], -1) as [Tensor, Tensor];
  const gathered = tf.gather(tf.ones([7, 4]), ids);
  const positive = x.square().add(1);
  const norms = [positive.sqrt(), positive.rsqrt(), positive.log(), x.neg().exp(), x.abs().relu()];
  const curves = [x.sigmoid(), x.erf(), x.tanh(), x.sin(), x.cos(), x.softmax(), tf.zerosLike(x), tf.onesLike(x)];
  const pairs = [x.sub(row), row.mul(x), x.div(row.reshape([1, 1, width])), x.maximum(0), x.minimum(row), x.pow(2)];
  const compared = [x.greater(0), x.lessEqual(row), x.equal(row), x.greater(0).logicalAnd(x.less(1))];
  const sums = [x.sum(), x.sum(-1, true), x.mean([0, 2]), x.max(1), x.min(-1), x.prod(0), tf.logSumExp(x, 1)];
  const shaped = [x.reshape([batch, -1]), x.transpose([2, 0, 1]), x.expandDims(1), x.expandDims(-1), x.tile([2, 1, 3])];
  const cut = [x.slice([0, 1, 0], [batch, tokens - 1, -1]), tf.concat([left, right, x], -1), tf.concat([x, x], 0)];
  const padded = tf.pad(x, [
    [0, 0],
    [1, 2],
    [0, 3],
  ]);
  const products = [
    tf.matMul(x, x, false, true),
    tf.matMul(x, x, true, false),
    tf.matMul(x.expandDims(1), tf.ones([1, 5, width, 2])),
  ];
  const table = tf.unsortedSegmentSum(x.reshape([-1, width]), tf.range(0, batch * tokens, 1, 'int32'), batch * tokens);
  const hot = tf.oneHot(ids, 7);
  const others = [
    tf.cumsum(x, 1),
    tf.reverse(x, 2),
    tf.fill([2, 3], 4),
    ids.toFloat(),
    ids.add(1),
    x.toInt(),
    x.clone(),
  ];
  return [gathered, table, hot, padded, hot.toFloat(), x.greater(0).toFloat()].concat(
    ...[norms, curves, pairs, compared, sums, shaped, cut, products, others],
  );
}

describe.skipIf(engine.node === undefined)('a trace on stand-ins', () => {
  const trace = (shapesOf?: NonNullable<Parameters<typeof record>[3]>['shapesOf']) => {
    const graph = createGraphBuilder(engine.protos);
    const described = tf.tidy(() =>
      record(
        engine,
        graph,
        ({ input, ref }) =>
          manyOperations(input([2, 3, 8], 'float32', 'x'), input([2, 3], 'int32', 'ids')).map((y) => [
            ref(y),
            y.dtype,
            ...y.shape,
          ]),
        shapesOf && { shapesOf },
      ),
    );
    return { described, bytes: graph.withSavedModel((dir) => readFileSync(join(dir, 'saved_model.pb'))) };
  };

  it('records the graph, the shapes and the types that execution gives, to the byte', () => {
    const [inferred, executed] = [trace(), trace(() => undefined)];
    expect(inferred.described).toEqual(executed.described);
    expect(inferred.bytes.equals(executed.bytes)).toBe(true);
  });

  it('knows the outputs of nearly all operations without executing them', () => {
    const unknown = new Set<string>();
    trace((call) => {
      const known = outputsOf(call);
      if (known === undefined) unknown.add(call.op);
      return known;
    });
    expect([...unknown].sort()).toEqual(['Cumsum', 'Range', 'ReverseV2']);
  });

  it('leaves no tensor behind and holds no values', () => {
    const before = [tf.memory().numTensors, engine.node.binding.getNumOfTensors()];
    const graph = createGraphBuilder(engine.protos);
    const shape = tf.tidy(() =>
      record(engine, graph, ({ input }) => {
        // 4 TiB, if it had values.
        const huge = input([2 ** 20, 2 ** 20], 'float32', 'x');
        return tf.matMul(huge, huge, false, true).softmax().shape;
      }),
    );
    expect(shape).toEqual([2 ** 20, 2 ** 20]);
    expect([tf.memory().numTensors, engine.node.binding.getNumOfTensors()]).toEqual(before);
  });

  it('refuses to read values that it has not', () => {
    const graph = createGraphBuilder(engine.protos);
    const reading = () =>
      tf.tidy(() => record(engine, graph, ({ input }) => input([2, 3], 'float32', 'x').square().dataSync()));
    expect(reading).toThrow('a traced function reads the values of a tensor (2x3) that it computes');
  });
});

describe.skipIf(engine.node === undefined)('a graph', () => {
  it('refuses a second node of the same name', () => {
    const graph = createGraphBuilder(engine.protos);
    graph.node('NoOp', [], {}, 'n');
    expect(() => graph.node('NoOp', [], {}, 'n')).toThrow('graph node n exists already');
  });

  it('leaves no file behind, whether loading succeeds or fails', () => {
    const graph = createGraphBuilder(engine.protos);
    graph.node('NoOp', []);
    const dir = graph.withSavedModel((at) => {
      expect(existsSync(at)).toBe(true);
      return at;
    });
    expect(existsSync(dir)).toBe(false);
    let seen = '';
    const failing = () =>
      graph.withSavedModel((at) => {
        seen = at;
        throw new Error('no session');
      });
    expect(failing).toThrow('no session');
    expect(existsSync(seen)).toBe(false);
  });
});
