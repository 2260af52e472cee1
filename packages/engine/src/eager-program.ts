// The op-by-op twin of a compiled program: for back ends without sessions, and for comparison.
import type { Tensor } from '@tensorflow/tfjs-core';
import { CalmError } from '@calm-orch/core';
import { roundToBfloat16 } from './bfloat16.ts';
import type { Engine } from './load.ts';
import {
  beta1,
  beta2,
  checkAssigned,
  checkValues,
  everyVariable,
  functionOf,
  inputValues,
  squaresAreFinite,
  type AdamUpdate,
  type Program,
  type ProgramSpec,
} from './graph/program-spec.ts';

export function eagerProgram(engine: Engine, spec: ProgramSpec): Program {
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
    ...everyVariable({
      assign: (name, values) => {
        checkValues(name, spec.variables[name], values);
        // The tensor keeps the array it is given.
        const own = values.slice();
        if (spec.halved?.has(name)) roundToBfloat16(own);
        replace(name, tf.tensor(own, [...spec.variables[name]!], 'float32'));
      },
      read: (name) => {
        const found = variables[name];
        if (found === undefined) throw new CalmError('internal', `program has no variable ${name}`);
        return Float32Array.from(found.dataSync());
      },
    }),
    run: (name, inputs) => {
      const fn = functionOf(spec, name);
      const values: Record<string, Float32Array> = {};
      tf.tidy(() => {
        const tensors = Object.fromEntries(
          Object.entries(fn.inputs).map(([key, s]) => {
            const tensor = tf.tensor(inputValues(name, key, s, inputs[key]), [...s.shape], s.dtype);
            return [key, tensor] as const;
          }),
        );
        const result = fn.body({ ...variables }, tensors);
        for (const [key, tensor] of Object.entries(result.outputs)) values[key] = Float32Array.from(tensor.dataSync());
        const isFinite = result.finite?.every((tensor) => squaresAreFinite(tensor.dataSync() as Float32Array)) ?? true;
        if (result.finite !== undefined) values.applied = Float32Array.of(isFinite ? 1 : 0);
        if (isFinite) result.updates?.forEach(adam);
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
