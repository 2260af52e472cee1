// A program is a set of functions over variables that stay where the arithmetic is. On TensorFlow each function is
// traced once and run as one call of a session that owns the variables; elsewhere the same functions run eagerly.
// Invariants: values cross the boundary as typed arrays; nothing a run allocates outlives it but the variables.
import { CalmError } from '@calm-orch/core';
import { compiledProgram } from './graph/compiled-program.ts';
import { eagerProgram } from './eager-program.ts';
import type { Engine } from './load.ts';
import type { Program, ProgramSpec } from './graph/program-spec.ts';

export type * from './graph/program-spec.ts';

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
