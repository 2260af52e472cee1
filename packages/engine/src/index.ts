export { roundToBfloat16, upperHalves, widen } from './bfloat16.ts';
export { createClusterProgram, sumsOverMembers, type ClusterProgram } from './cluster-program.ts';
export { openGraphModel } from './graph/graph-model.ts';
export { nativeMemory, sumTree, type NativeMemory } from './native-memory.ts';
export { freePort, joinCluster, type Cluster } from './native-collective.ts';
export { startEngine, tf, usesGpu, type Engine, type StartOptions } from './load.ts';
export {
  defaultCacheDir,
  engineDir,
  findEngine,
  type Backend,
  type EngineMarker,
  type InstalledEngine,
  type Missing,
} from './layout.ts';
export { ensureEngine, installEngine, type InstallOptions } from './install/install.ts';
export {
  devices,
  instructionSet,
  maxExactThreads,
  padsRows,
  runsKernels,
  numCores,
  visibleGpus,
  type Device,
} from './device.ts';
export { doctor, renderDoctor, type DoctorReport } from './doctor.ts';
export {
  createProgram,
  type AdamUpdate,
  type FunctionResult,
  type InputSpec,
  type Program,
  type ProgramFunction,
  type ProgramSpec,
  type Shape,
  type Tensors,
  type Values,
  type Variables,
} from './program.ts';
export { beta1, beta2, squaresAreFinite } from './graph/program-spec.ts';
export { computedAfter, graphOperation, hasFusedOperations, unfused, type Precision } from './graph/trace.ts';
