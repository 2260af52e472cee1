// Traces the functions of a program into its graph: what each is fed, what is fetched, and what it does to variables.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Engine } from '../load.ts';
import { orderedName, type GraphBuilder, type GraphType } from './graph.ts';
import { float, merge, scalarConst, type Variable } from './graph-variables.ts';
import {
  beta1,
  beta2,
  checkAssigned,
  type AdamUpdate,
  type FunctionResult,
  type InputSpec,
  type ProgramFunction,
  type ProgramSpec,
  type Variables,
} from './program-spec.ts';
import { record, type Recording } from './trace.ts';

export interface TracedFunction {
  readonly feeds: readonly { readonly key: string; readonly node: string; readonly spec: InputSpec }[];
  readonly outputs: readonly { readonly key: string; readonly node: string }[];
  /** Nodes of the outputs, then that of the updates where no output waits for them. */
  readonly fetches: readonly string[];
}

type VariablesByName = ReadonlyMap<string, Variable>;

/** Each function by name. */
export function traceFunctions(
  engine: Engine,
  graph: GraphBuilder,
  spec: ProgramSpec,
  variables: VariablesByName,
): ReadonlyMap<string, TracedFunction> {
  const betas = [0, beta1, beta2].map((beta) => scalarConst(graph, beta));
  return new Map(
    Object.entries(spec.functions).map(([name, fn]) => {
      let traced: TracedFunction | undefined;
      const kept: Tensor[] = [];
      engine.tf.tidy(() => {
        const body = (recording: Recording): TracedFunction => {
          const made = lazyVariables(engine, variables, recording, kept);
          return traceFunction(graph, name, fn, variables, made, betas, recording);
        };
        traced = record(engine, graph, body, spec.precision && { precision: spec.precision });
      });
      engine.tf.dispose(kept);
      return [name, traced!];
    }),
  );
}

/** Made when first read: a function has no need of the moments, or of variables that it only assigns. */
function lazyVariables(engine: Engine, byName: VariablesByName, { input, half }: Recording, kept: Tensor[]): Variables {
  const variables: Record<string, Tensor> = {};
  for (const [key, { shape, read, isHalved }] of byName) {
    let made: Tensor | undefined;
    Object.defineProperty(variables, key, {
      enumerable: true,
      get: () => {
        if (made === undefined)
          kept.push((made = engine.tf.keep(isHalved ? half(shape, read) : input(shape, 'float32', read))));
        return made;
      },
    });
  }
  return variables;
}

function traceFunction(
  graph: GraphBuilder,
  name: string,
  fn: ProgramFunction,
  byName: VariablesByName,
  variables: Variables,
  betas: readonly string[],
  { input, ref }: Recording,
): TracedFunction {
  // Names of functions may hold any sign, names of nodes only some; and the binding reads a node's leading digits as
  // the number of an output.
  const nodes = `fn_${name.replace(/\W/g, '_')}`;
  const feeds = Object.entries(fn.inputs).map(([key, spec], i) => {
    const attrs = { dtype: { type: spec.dtype }, shape: { shape: spec.shape } };
    return { key, node: graph.node('Placeholder', [], attrs, orderedName(`${nodes}_in`, i)), spec };
  });
  const inputs = Object.fromEntries(feeds.map((f) => [f.key, input(f.spec.shape, f.spec.dtype, f.node)]));
  const result = fn.body(variables, inputs);
  const outputs = Object.entries(result.outputs).map(([key, tensor], i) => {
    const type: GraphType = tensor.dtype === 'int32' ? 'int32' : 'float32';
    return { key, node: graph.node('Identity', [ref(tensor)], { T: { type } }, orderedName(`${nodes}_out`, i)) };
  });
  const gate = result.finite && finiteGate(graph, result.finite.map(ref));
  const changes = [
    ...(result.updates ?? []).map((update) => addUpdate(graph, byName, update, betas, gate, ref)),
    ...addAssigns(graph, name, byName, result.assigns ?? {}, ref),
  ];
  const done = changes.length === 0 ? [] : [scalarConst(graph, 1, ...changes.map((op) => `^${op}`))];
  if (gate !== undefined) {
    const applied = merge(graph, [...done, scalarConst(graph, 0, gate.fail)]);
    outputs.push({ key: 'applied', node: applied });
  }
  return { feeds, outputs, fetches: [...outputs.map((o) => o.node), ...(gate === undefined ? done : [])] };
}

interface Gate {
  readonly pass: string;
  readonly fail: string;
}

/** Control edges to whatever runs only where all squares are finite, and to what runs only elsewhere. */
function finiteGate(graph: GraphBuilder, tensors: readonly string[]): Gate {
  const squares = tensors.map((tensor) => graph.node('L2Loss', [tensor], { T: float }));
  const sum =
    squares.length === 1 ? squares[0]! : graph.node('AddN', squares, { T: float, N: { int: squares.length } });
  const isFinite = graph.node('IsFinite', [sum], { T: float });
  const bool: { readonly type: GraphType } = { type: 'bool' };
  const branches = graph.node('Switch', [isFinite, isFinite], { T: bool });
  const edge = (branch: number): string => `^${graph.node('Identity', [`${branches}:${branch}`], { T: bool })}`;
  return { fail: edge(0), pass: edge(1) };
}

/** Adam, after the decay; the node that has updated. */
function addUpdate(
  graph: GraphBuilder,
  byName: VariablesByName,
  update: AdamUpdate,
  betas: readonly string[],
  gate: Gate | undefined,
  ref: Recording['ref'],
): string {
  const [variable, m, v] = [update.variable, update.firstMoment, update.secondMoment].map((key) => byName.get(key)!);
  const pass = gate === undefined ? [] : [gate.pass];
  const [zero, first, second] = betas;
  const control = [...pass];
  if (update.decay !== undefined) {
    const decayed = graph.node('Mul', [variable!.read, ref(update.decay)], { T: float });
    control.unshift(`^${graph.node('AssignVariableOp', [variable!.handle, decayed, ...pass], { dtype: float })}`);
  }
  return graph.node(
    'ResourceApplyAdam',
    [
      variable!.handle,
      m!.handle,
      v!.handle,
      zero!,
      zero!,
      ref(update.rate),
      first!,
      second!,
      ref(update.epsilon),
      ref(update.gradient),
      // The update may overtake no read of the variable.
      `^${variable!.read}`,
      ...control,
    ],
    { T: float, use_locking: { bool: false }, use_nesterov: { bool: false } },
  );
}

/** The nodes that have assigned. */
function addAssigns(
  graph: GraphBuilder,
  name: string,
  byName: VariablesByName,
  assigns: NonNullable<FunctionResult['assigns']>,
  ref: Recording['ref'],
): string[] {
  return Object.entries(assigns).map(([key, tensor]) => {
    const variable = byName.get(key);
    checkAssigned(name, key, variable?.shape, tensor);
    // The new value may overtake no read of the old one.
    return graph.node('AssignVariableOp', [variable!.handle, ref(tensor), `^${variable!.read}`], { dtype: float });
  });
}
