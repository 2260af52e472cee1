// Each function of a program is traced once and runs as one call of a session that owns the variables.
import type { Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import { createGraphBuilder, orderedName, type GraphType } from './graph.ts';
import type { Engine } from '../load.ts';
import {
  beta1,
  beta2,
  checkAssigned,
  checkValues,
  everyVariable,
  functionOf,
  inputTensor,
  type InputSpec,
  type Program,
  type ProgramFunction,
  type ProgramSpec,
  type Shape,
} from './program-spec.ts';
import { record, type Recording } from './trace.ts';

/** Integers become floats, as everything that crosses the boundary outwards. */
function floatsOf(tensor: Tensor): Float32Array {
  const values = tensor.dataSync();
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

export function compiledProgram(engine: Engine, spec: ProgramSpec): Program {
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

  /** Control edges to whatever runs only where all squares are finite, and to what runs only elsewhere. */
  const gate = (tensors: readonly string[]): { readonly pass: string; readonly fail: string } => {
    const squares = tensors.map((tensor) => graph.node('L2Loss', [tensor], { T: float }));
    const sum =
      squares.length === 1 ? squares[0]! : graph.node('AddN', squares, { T: float, N: { int: squares.length } });
    const isFinite = graph.node('IsFinite', [sum], { T: float });
    const bool: { readonly type: GraphType } = { type: 'bool' };
    const branches = graph.node('Switch', [isFinite, isFinite], { T: bool });
    const edge = (branch: number): string => `^${graph.node('Identity', [`${branches}:${branch}`], { T: bool })}`;
    return { fail: edge(0), pass: edge(1) };
  };
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
        const gated = result.finite && gate(result.finite.map(ref));
        const pass = gated === undefined ? [] : [gated.pass];
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
                    [variable!.handle, graph.node('Mul', [variable!.read, ref(update.decay)], { T: float }), ...pass],
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
              ...pass,
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
        if (gated !== undefined) outputs.push({ key: 'applied', node: merge([...done, scalarConst(0, gated.fail)]) });
        return { feeds, outputs, fetches: [...outputs.map((o) => o.node), ...(gated === undefined ? done : [])] };
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

  const assign = (variable: string, values: Float32Array): void => {
    checkValues(variable, spec.variables[variable], values);
    const tensor = tf.tensor(values, [...spec.variables[variable]!], 'float32');
    runBranch(names.indexOf(variable), tensor, assigned).dispose();
  };
  const read = (variable: string): Float32Array => {
    const index = names.indexOf(variable);
    if (index < 0) throw new CalmError('internal', `program has no variable ${variable}`);
    const tensor = runBranch(index, tf.scalar(0), readOne);
    const values = tensor.dataSync() as Float32Array;
    tensor.dispose();
    return values;
  };

  return {
    compiled: true,
    numNodes: graph.numNodes,
    ...everyVariable({ assign, read }),
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
