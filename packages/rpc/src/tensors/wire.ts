// Messages of proto/calm/v1 as the values the rest of the program uses, and back. No other file knows both.
import type {
  Json,
  GradientExchange,
  OptimizerPlacement,
  Role,
  Roster,
  StageContext,
  StageProgress,
  StageResult,
  WorkerFacts,
} from '@calm-orch/core';
import { CalmError, canonicalJson, roles } from '@calm-orch/core';
import type {
  Lease,
  ProgressPoint,
  Roster as RosterMessage,
  StageResult as ResultMessage,
  WorkerFacts as FactsMessage,
} from '../generated/calm/v1/coordinator.ts';

/** One attempt at one item, as a worker gets it and hands it to its compute child. */
export interface WorkItem {
  /** Names the attempt; whoever holds it holds the lease. */
  readonly token: string;
  readonly stage: StageContext['stage'];
  readonly item: number;
  /** 1-based. */
  readonly attempt: number;
  /** Input name -> absolute directory. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Input name -> key of the artifact. */
  readonly inputKeys: Readonly<Record<string, string>>;
  readonly outputDir: string;
  readonly checkpointDir: string;
  readonly checkpointEveryMs: number;
  readonly keepCheckpoints: number;
  readonly optimizer: OptimizerPlacement;
  readonly exchange: GradientExchange;
  /** Silence after which the computation counts as hung. */
  readonly hangTimeoutMs: number;
}

/** Texts of configurations: every item of a stage is given with the same one. */
const texts = new WeakMap<object, string>();

function configText(config: Json): string {
  if (typeof config !== 'object' || config === null) return canonicalJson(config);
  const text = texts.get(config) ?? canonicalJson(config);
  texts.set(config, text);
  return text;
}

export function toLease(work: WorkItem): Lease {
  return {
    token: work.token,
    stageKey: work.stage.key,
    stageKind: work.stage.kind,
    configJson: configText(work.stage.config),
    item: work.item,
    attempt: work.attempt,
    inputDirs: { ...work.inputs },
    inputKeys: { ...work.inputKeys },
    outputDir: work.outputDir,
    checkpointDir: work.checkpointDir,
    checkpointIntervalMs: Math.round(work.checkpointEveryMs),
    keepCheckpoints: work.keepCheckpoints,
    partitionOptimizer: work.optimizer === 'partitioned',
    addInGraph: work.exchange === 'collective',
    hangTimeoutMs: Math.round(work.hangTimeoutMs),
  };
}

export function fromLease(lease: Lease): WorkItem {
  return {
    token: lease.token,
    stage: {
      key: lease.stageKey,
      kind: lease.stageKind,
      config: JSON.parse(lease.configJson) as Json,
    },
    item: lease.item,
    attempt: lease.attempt,
    inputs: lease.inputDirs,
    inputKeys: lease.inputKeys,
    outputDir: lease.outputDir,
    checkpointDir: lease.checkpointDir,
    checkpointEveryMs: lease.checkpointIntervalMs,
    keepCheckpoints: lease.keepCheckpoints,
    optimizer: lease.partitionOptimizer ? 'partitioned' : 'replicated',
    exchange: lease.addInGraph ? 'collective' : 'host',
    hangTimeoutMs: lease.hangTimeoutMs,
  };
}

export function toRoster({ generation, rank, members }: Roster): RosterMessage {
  return { generation, rank, addresses: [...members] };
}

export function fromRoster({ generation, rank, addresses }: RosterMessage): Roster {
  return { generation, rank, members: addresses };
}

export function toPoint(progress: StageProgress): ProgressPoint {
  const { step, totalSteps, samplesPerSecond = 0, metrics = {}, applied = [], anew, digests = [] } = progress;
  return {
    step,
    totalSteps,
    metrics,
    samplesPerSecond,
    applied: applied.map((range) => ({ ...range, samples: [...range.samples] })),
    anew: anew !== undefined,
    sampleLists: [...(anew ?? [])],
    digests: [...digests],
  };
}

export function fromPoint(point: ProgressPoint): StageProgress {
  const { step, totalSteps, metrics, samplesPerSecond, applied, anew, sampleLists, digests } = point;
  return {
    step,
    totalSteps,
    metrics,
    ...(applied.length > 0 && { applied, ...(anew && { anew: sampleLists }) }),
    ...(digests.length > 0 && { digests }),
    ...(samplesPerSecond > 0 && { samplesPerSecond }),
  };
}

export function toResultMessage({ metrics = {}, fingerprint = '' }: StageResult): ResultMessage {
  const entries = Object.entries(metrics).map(([name, value]) => [name, { value: value ?? undefined }]);
  return { metrics: Object.fromEntries(entries) as ResultMessage['metrics'], fingerprint };
}

export function fromResultMessage(message: ResultMessage | undefined): StageResult {
  const metrics = Object.entries(message?.metrics ?? {}).map(([name, { value }]) => [name, finite(value)] as const);
  return {
    ...(metrics.length > 0 && { metrics: Object.fromEntries(metrics) }),
    ...(message?.fingerprint && { fingerprint: message.fingerprint }),
  };
}

/** A correlation of constants is NaN: no value. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

export function toFacts({ threads, engine, ownFolder = false, ...facts }: WorkerFacts): FactsMessage {
  return { ...facts, ownFolder, threads: threads ?? 0, engineJson: canonicalJson(engine) };
}

/** @throws CalmError `invalid_argument` where the engine is no JSON. */
export function fromFacts({ threads, engineJson, ownFolder, ...facts }: FactsMessage): WorkerFacts {
  try {
    const engine = JSON.parse(engineJson) as Json;
    return { ...facts, ...(ownFolder && { ownFolder }), threads: threads === 0 ? null : threads, engine };
  } catch (cause) {
    throw new CalmError('invalid_argument', `engine: expected JSON, got "${engineJson}"`, { cause });
  }
}

/** @throws CalmError `invalid_argument` for anything but a worker's role. */
export function parseRole(text: string): Role {
  const role = roles.find((each) => each === text);
  if (role !== undefined) return role;
  throw new CalmError('invalid_argument', `role: expected trainer, augmentor or evaluator, got "${text}"`);
}
