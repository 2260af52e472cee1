// A program is a set of functions over variables that stay where the arithmetic is. On TensorFlow each function is
// traced once and run as one call of a session that owns the variables; elsewhere the same functions run eagerly.
// Invariants: values cross the boundary as typed arrays; nothing a run allocates outlives it but the variables.
import type { Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import { createGraphBuilder, orderedName, type GraphType } from './graph.ts';
import type { Engine } from './load.ts';
import { record, type Precision, type Recording } from './trace.ts';

export type { Precision };
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
  /** Of the functions' matrix products, in compiled graphs alone. @default 'fp32' */
  readonly precision?: Precision;
}

export interface Program {
  readonly compiled: boolean;
  /** Nodes of the traced graph; 0 where functions run eagerly. */
  readonly numNodes: number;
  assign(variable: string, values: Float32Array): void;
  read(variable: string): Float32Array;
  /** Runs one function; outputs by name, each flat in row-major order. */
  run(name: string, inputs: Readonly<Record<string, Values>>): Record<string, Float32Array>;
  dispose(): void;
}

const beta1 = 0.9;
const beta2 = 0.999;

/**
 * Compiles on TensorFlow; `eager` forces the op-by-op twin (for comparison and for the wasm back end).
 * @throws CalmError `engine` where functions run eagerly and `precision` is not fp32.
 */
export function createProgram(
  engine: Engine,
  spec: ProgramSpec,
  { eager = engine.node === undefined }: { eager?: boolean } = {},
): Program {
  if (!eager) return compiledProgram(engine, spec);
  if (spec.precision === 'bf16')
    throw new CalmError(
      'engine',
      `precision bf16 needs compiled graphs, which the back end ${engine.backend} has not here; set train.precision to fp32`,
    );
  return eagerProgram(engine, spec);
}

const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

function functionOf(spec: ProgramSpec, name: string): ProgramFunction {
  const found = spec.functions[name];
  if (found === undefined)
    throw new CalmError(
      'internal',
      `program has no function ${name}; it has ${Object.keys(spec.functions).join(', ')}`,
    );
  return found;
}

function inputTensor(
  engine: Engine,
  fn: string,
  name: string,
  { shape, dtype }: InputSpec,
  values: Values | undefined,
): Tensor {
  if (values === undefined || values.length !== sizeOf(shape))
    throw new CalmError(
      'internal',
      `${fn}: input ${name} must hold ${sizeOf(shape)} values (${shape.join('x')}), got ${values?.length ?? 'none'}`,
    );
  return engine.tf.tensor(values, [...shape], dtype);
}

/** Integers become floats, as everything that crosses the boundary outwards. */
function floatsOf(tensor: Tensor): Float32Array {
  const values = tensor.dataSync();
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

function checkValues(variable: string, shape: Shape | undefined, values: Float32Array): void {
  if (shape === undefined || values.length !== sizeOf(shape))
    throw new CalmError(
      'internal',
      `variable ${variable} holds ${shape === undefined ? 'nothing' : shape.join('x')}, got ${values.length} values`,
    );
}

function checkAssigned(fn: string, variable: string, shape: Shape | undefined, { shape: got, dtype }: Tensor): void {
  if (shape === undefined || shape.join('x') !== got.join('x') || dtype !== 'float32')
    throw new CalmError(
      'internal',
      `${fn}: variable ${variable} holds ${shape === undefined ? 'nothing' : `float32 ${shape.join('x')}`}, assigned ${dtype} ${got.join('x')}`,
    );
}

function compiledProgram(engine: Engine, spec: ProgramSpec): Program {
  const { tf, node: backend, protos } = engine;
  const graph = createGraphBuilder(protos);
  const float: { readonly type: GraphType } = { type: 'float32' };
  const scalarConst = (value: number, ...control: string[]): string =>
    graph.node('Const', control, {
      dtype: float,
      value: { tensor: { type: 'float32', shape: [], bytes: new Uint8Array(Float32Array.of(value).buffer) } },
    });
  // A session prepares every set of feeds and fetches anew, which takes as long as its graph is large. So one fetch sets
  // all variables to zero, one assigns any of them and one reads any: a switch lets a value through to one branch alone.
  const names = Object.keys(spec.variables);
  const indexFeed = graph.node('Placeholder', [], { dtype: { type: 'int32' }, shape: { shape: [] } }, 'variable_index');
  const valueFeed = graph.node('Placeholder', [], { dtype: float }, 'variable_values');
  const branches = graph.node('_SwitchN', [valueFeed, indexFeed], {
    num_outs: { int: Math.max(1, names.length) },
    T: float,
  });
  const assigns: string[] = [];
  const reads: string[] = [];
  const zeroed: string[] = [];
  const handles = new Map<string, { handle: string; read: string; shape: Shape }>();
  const zero = scalarConst(0);
  const betas = [zero, scalarConst(beta1), scalarConst(beta2)] as const;
  for (const [index, name] of names.entries()) {
    const shape = spec.variables[name]!;
    const id = orderedName('v', index);
    const handle = graph.node(
      'VarHandleOp',
      [],
      { dtype: float, shape: { shape }, shared_name: { string: id }, container: { string: '' } },
      id,
    );
    const dims = graph.node('Const', [], {
      dtype: { type: 'int32' },
      value: { tensor: { type: 'int32', shape: [shape.length], bytes: new Uint8Array(Int32Array.from(shape).buffer) } },
    });
    const zeros = graph.node('Fill', [dims, zero], { T: float, index_type: { type: 'int32' } });
    zeroed.push(graph.node('AssignVariableOp', [handle, zeros], { dtype: float }));
    const branch = graph.node('Identity', [`${branches}:${index}`], { T: float });
    assigns.push(scalarConst(1, `^${graph.node('AssignVariableOp', [handle, branch], { dtype: float })}`));
    reads.push(graph.node('ReadVariableOp', [handle, `^${branch}`], { dtype: float }));
    const read = graph.node('ReadVariableOp', [handle], { dtype: float }, `${id}_read`);
    handles.set(name, { handle, read, shape });
  }

  const merge = (branches: readonly string[]): string =>
    graph.node('Merge', branches, { T: float, N: { int: branches.length } });
  const [assigned, readOne] = names.length === 0 ? ['', ''] : [merge(assigns), merge(reads)];
  const allZeroed = scalarConst(0, ...zeroed.map((assign) => `^${assign}`));

  interface Compiled {
    readonly feeds: readonly { readonly key: string; readonly node: string; readonly spec: InputSpec }[];
    readonly outputs: readonly { readonly key: string; readonly node: string }[];
    readonly fetches: readonly string[];
  }
  const traceOne = (name: string, fn: ProgramFunction): Compiled => {
    let traced: Compiled | undefined;
    const examples = new Map<string, Tensor>();
    tf.tidy(() => {
      const body = ({ input, ref }: Recording): Compiled => {
        // Made when first read: a function has no need of the moments, or of variables that it only assigns.
        const variables: Record<string, Tensor> = {};
        for (const [key, v] of handles)
          Object.defineProperty(variables, key, {
            enumerable: true,
            get: () => {
              let made = examples.get(key);
              if (made === undefined) examples.set(key, (made = tf.keep(input(v.shape, 'float32', v.read))));
              return made;
            },
          });
        // Names of functions may hold any sign, names of nodes only some; and the binding reads a node's leading digits as
        // the number of an output.
        const nodes = `fn_${name.replace(/\W/g, '_')}`;
        const feeds = Object.entries(fn.inputs).map(([key, spec], i) => {
          const node = graph.node(
            'Placeholder',
            [],
            { dtype: { type: spec.dtype }, shape: { shape: spec.shape } },
            orderedName(`${nodes}_in`, i),
          );
          return { key, node, spec };
        });
        const inputs = Object.fromEntries(feeds.map((f) => [f.key, input(f.spec.shape, f.spec.dtype, f.node)]));
        const result = fn.body(variables, inputs);
        const outputs = Object.entries(result.outputs).map(([key, tensor], i) => ({
          key,
          node: graph.node(
            'Identity',
            [ref(tensor)],
            { T: { type: tensor.dtype === 'int32' ? 'int32' : 'float32' } },
            orderedName(`${nodes}_out`, i),
          ),
        }));
        const applied = (result.updates ?? []).map((update) => {
          const [variable, m, v] = [update.variable, update.firstMoment, update.secondMoment].map((key) =>
            handles.get(key)!,
          );
          const decayed =
            update.decay === undefined
              ? []
              : [
                  graph.node(
                    'AssignVariableOp',
                    [variable!.handle, graph.node('Mul', [variable!.read, ref(update.decay)], { T: float })],
                    { dtype: float },
                  ),
                ];
          return graph.node(
            'ResourceApplyAdam',
            [
              variable!.handle,
              m!.handle,
              v!.handle,
              betas[0],
              betas[0],
              ref(update.rate),
              betas[1],
              betas[2],
              ref(update.epsilon),
              ref(update.gradient),
              // The update may overtake no read of the variable.
              `^${variable!.read}`,
              ...decayed.map((assign) => `^${assign}`),
            ],
            { T: float, use_locking: { bool: false }, use_nesterov: { bool: false } },
          );
        });
        for (const [key, tensor] of Object.entries(result.assigns ?? {})) {
          const variable = handles.get(key);
          checkAssigned(name, key, variable?.shape, tensor);
          // The new value may overtake no read of the old one.
          const order = [variable!.handle, ref(tensor), `^${variable!.read}`];
          applied.push(graph.node('AssignVariableOp', order, { dtype: float }));
        }
        const done = applied.length === 0 ? [] : [scalarConst(1, ...applied.map((op) => `^${op}`))];
        return { feeds, outputs, fetches: [...outputs.map((o) => o.node), ...done] };
      };
      traced = record(engine, graph, body, spec.precision && { precision: spec.precision });
    });
    tf.dispose([...examples.values()]);
    return traced!;
  };
  const compiled = new Map(Object.entries(spec.functions).map(([name, fn]) => [name, traceOne(name, fn)]));
  const session = graph.withSavedModel((dir) => backend.loadSavedModelMetaGraph(dir, 'serve') as number);

  const runSession = (inputs: readonly Tensor[], feeds: readonly string[], fetches: readonly string[]): Tensor[] =>
    backend.runSavedModel(
      session,
      inputs,
      feeds.map((name) => ({ name })),
      fetches,
    ) as Tensor[];
  if (names.length > 0) tf.dispose(runSession([], [], [allZeroed]));
  const runBranch = (index: number, value: Tensor, fetch: string): Tensor => {
    const chosen = tf.scalar(index, 'int32');
    const [result] = runSession([chosen, value], [indexFeed, valueFeed], [fetch]);
    tf.dispose([chosen, value]);
    return result!;
  };

  return {
    compiled: true,
    numNodes: graph.numNodes,
    assign: (variable, values) => {
      checkValues(variable, spec.variables[variable], values);
      const tensor = tf.tensor(values, [...spec.variables[variable]!], 'float32');
      runBranch(names.indexOf(variable), tensor, assigned).dispose();
    },
    read: (variable) => {
      const index = names.indexOf(variable);
      if (index < 0) throw new CalmError('internal', `program has no variable ${variable}`);
      const tensor = runBranch(index, tf.scalar(0), readOne);
      const values = tensor.dataSync() as Float32Array;
      tensor.dispose();
      return values;
    },
    run: (name, inputs) => {
      functionOf(spec, name);
      const { feeds, outputs, fetches } = compiled.get(name)!;
      const tensors = feeds.map((f) => inputTensor(engine, name, f.key, f.spec, inputs[f.key]));
      const fetched = runSession(
        tensors,
        feeds.map((f) => f.node),
        fetches,
      );
      const values = Object.fromEntries(outputs.map((o, i) => [o.key, floatsOf(fetched[i]!)]));
      tf.dispose([...tensors, ...fetched]);
      return values;
    },
    dispose: () => backend.deleteSavedModel(session),
  };
}

function eagerProgram(engine: Engine, spec: ProgramSpec): Program {
  const { tf } = engine;
  const variables: Record<string, Tensor> = Object.fromEntries(
    Object.entries(spec.variables).map(([name, shape]) => [name, tf.zeros([...shape])]),
  );
  const replace = (name: string, tensor: Tensor): void => {
    variables[name]!.dispose();
    variables[name] = tf.keep(tensor);
  };
  const adam = (update: AdamUpdate): void => {
    const [w, m, v] = [variables[update.variable]!, variables[update.firstMoment]!, variables[update.secondMoment]!];
    const nextM = m.add(update.gradient.sub(m).mul(1 - beta1));
    const nextV = v.add(
      update.gradient
        .square()
        .sub(v)
        .mul(1 - beta2),
    );
    const nextW = (update.decay === undefined ? w : w.mul(update.decay)).sub(
      nextM.mul(update.rate).div(nextV.sqrt().add(update.epsilon)),
    );
    replace(update.firstMoment, nextM);
    replace(update.secondMoment, nextV);
    replace(update.variable, nextW);
  };
  return {
    compiled: false,
    numNodes: 0,
    assign: (name, values) => {
      checkValues(name, spec.variables[name], values);
      replace(name, tf.tensor(values, [...spec.variables[name]!], 'float32'));
    },
    read: (name) => {
      const found = variables[name];
      if (found === undefined) throw new CalmError('internal', `program has no variable ${name}`);
      return Float32Array.from(found.dataSync());
    },
    run: (name, inputs) => {
      const fn = functionOf(spec, name);
      const values: Record<string, Float32Array> = {};
      tf.tidy(() => {
        const tensors = Object.fromEntries(
          Object.entries(fn.inputs).map(([key, s]) => [key, inputTensor(engine, name, key, s, inputs[key])]),
        );
        const result = fn.body({ ...variables }, tensors);
        for (const [key, tensor] of Object.entries(result.outputs)) values[key] = Float32Array.from(tensor.dataSync());
        result.updates?.forEach(adam);
        // Copies first: a value may be an input, or another variable that is replaced here too.
        const assigned = Object.entries(result.assigns ?? {}).map(([key, tensor]) => {
          checkAssigned(name, key, spec.variables[key], tensor);
          return [key, tensor.clone()] as const;
        });
        for (const [key, tensor] of assigned) replace(key, tensor);
      });
      return values;
    },
    dispose: () => tf.dispose(Object.values(variables)),
  };
}
