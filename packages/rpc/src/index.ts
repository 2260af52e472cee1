export { listenAddress, parseListen, socketAddress, type ListenAddress } from './address.ts';
export { tokenGate, type Caller, type Gate } from './gate.ts';
export type { Identity, Subject } from './tls/certificates.ts';
export { createVerifier, TlsServerCredentials } from './tls/credentials.ts';
export { formatToken, parseToken, type JoinToken } from './tls/join-token.ts';
export {
  ArtifactServiceService,
  Delivery,
  type FileEntry,
  type FilePiece,
  type FileRange,
} from './generated/calm/v1/artifact.ts';
export { EnrollmentServiceService } from './generated/calm/v1/enrollment.ts';
export { tokenAccess, tlsAccess, type TensorAccess } from './tensors/tensor-access.ts';
export { connect, type Connection, type ConnectOptions } from './call.ts';
export { createComputeGang, type ComputeGang } from './compute/compute-gang.ts';
export { AttemptFailure, ComputeChild, type ComputeChildOptions } from './compute/compute-child.ts';
export {
  CoordinatorServiceService,
  Directive,
  FailureKind,
  type CoordinatorServiceServer,
} from './generated/calm/v1/coordinator.ts';
export { RunServiceService } from './generated/calm/v1/run.ts';
export {
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthService,
} from './generated/grpc/health/v1/health.ts';
export { serve, type RunningServer, type ServeOptions } from './serve.ts';
export type { Api, CallOptions, Definition } from './service.ts';
export {
  fromFacts,
  fromLease,
  fromPoint,
  fromResultMessage,
  fromRoster,
  parseRole,
  toFacts,
  toLease,
  toPoint,
  toResultMessage,
  toRoster,
  type WorkItem,
} from './tensors/wire.ts';
export { openTensorPlane, type TensorPlane, type TensorPlaneOptions } from './tensors/tensor-plane.ts';
export { openOwnFolder, type OwnFolder } from './files/own-folder.ts';
export { runWorker, type WorkerOptions } from './worker.ts';
