// Row types of the database, for drizzle. The SQL of ../migrations is the truth; a test compares the two.
import { blob, integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { Role, Status } from '@calm-orch/core';
import type { AttemptStatus, EventType, Execution, ImportKind, WorkerEnding } from '../types.ts';

export const runs = sqliteTable('runs', {
  sequence: integer('sequence').primaryKey({ autoIncrement: true }),
  id: text('id').notNull().unique(),
  experiment: text('experiment').notNull(),
  title: text('title').notNull(),
  path: text('path').notNull(),
  status: text('status').$type<Status>().notNull(),
  error: text('error'),
  interrupted: integer('interrupted', { mode: 'boolean' }).notNull().default(false),
  hash: text('hash').notNull(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  pidStarted: text('pid_started'),
  place: text('place'),
  session: integer('session').notNull().default(1),
  startedMs: integer('started_ms').notNull(),
  sessionStartedMs: integer('session_started_ms').notNull(),
  heartbeatMs: integer('heartbeat_ms').notNull(),
  endedMs: integer('ended_ms'),
  removedMs: integer('removed_ms'),
  tags: text('tags').notNull().default('[]'),
  isRehearsal: integer('is_rehearsal', { mode: 'boolean' }).notNull().default(false),
  numTrials: integer('num_trials').notNull().default(0),
  numFinishedTrials: integer('num_finished_trials').notNull().default(0),
  numStages: integer('num_stages').notNull().default(0),
  numFinishedStages: integer('num_finished_stages').notNull().default(0),
});

export const runConfigs = sqliteTable('run_configs', {
  runId: text('run_id').notNull(),
  resolved: text('resolved').notNull(),
  versions: text('versions').notNull(),
  machine: text('machine').notNull(),
});

export const trials = sqliteTable('trials', {
  runId: text('run_id').notNull(),
  position: integer('position').notNull(),
  row: text('row').notNull(),
  seed: integer('seed').notNull(),
  configuration: text('configuration').notNull().default(''),
});

export const stages = sqliteTable('stages', {
  key: text('key').primaryKey(),
  kind: text('kind').notNull(),
  role: text('role')
    .$type<Role>()
    .notNull()
    .default('' as Role),
  config: text('config').notNull(),
  inputs: text('inputs').notNull(),
  numItems: integer('num_items').notNull(),
  status: text('status').$type<Status>().notNull(),
  result: text('result'),
  error: text('error'),
  firstRunId: text('first_run_id').notNull(),
  createdMs: integer('created_ms').notNull(),
  claimedBy: text('claimed_by'),
});

export const runStages = sqliteTable('run_stages', {
  runId: text('run_id').notNull(),
  stageKey: text('stage_key').notNull(),
  position: integer('position').notNull(),
  execution: text('execution').$type<Execution>().notNull(),
  status: text('status').$type<Status>().notNull(),
  startedMs: integer('started_ms'),
  endedMs: integer('ended_ms'),
});

export const trialStages = sqliteTable('trial_stages', {
  runId: text('run_id').notNull(),
  row: text('row').notNull(),
  seed: integer('seed').notNull(),
  stageKey: text('stage_key').notNull(),
});

export const items = sqliteTable('items', {
  stageKey: text('stage_key').notNull(),
  item: integer('item').notNull(),
  result: text('result').notNull(),
});

export const attempts = sqliteTable('attempts', {
  token: text('token').primaryKey(),
  runId: text('run_id').notNull(),
  session: integer('session').notNull(),
  stageKey: text('stage_key').notNull(),
  item: integer('item').notNull(),
  attempt: integer('attempt').notNull(),
  worker: text('worker').notNull(),
  instance: text('instance'),
  status: text('status').$type<AttemptStatus>().notNull(),
  progressed: integer('progressed', { mode: 'boolean' }).notNull().default(false),
  error: text('error'),
  stack: text('stack'),
  startedMs: integer('started_ms').notNull(),
  endedMs: integer('ended_ms'),
  logStart: integer('log_start'),
  logEnd: integer('log_end'),
});

export const stageMetrics = sqliteTable('stage_metrics', {
  stageKey: text('stage_key').notNull(),
  name: text('name').notNull(),
  value: real('value'),
});

export const metricReports = sqliteTable('metric_reports', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  runId: text('run_id').notNull(),
  atMs: integer('at_ms'),
  replacedStage: text('replaced_stage'),
  replacedAfter: integer('replaced_after'),
});

export const metricCurves = sqliteTable('metric_curves', {
  id: integer('id').primaryKey(),
  stageKey: text('stage_key').notNull(),
  item: integer('item').notNull(),
  name: text('name').notNull(),
});

export const metricPoints = sqliteTable('metric_points', {
  curve: integer('curve').notNull(),
  step: integer('step').notNull(),
  value: real('value'),
  report: integer('report').notNull(),
});

export const artifacts = sqliteTable('artifacts', {
  stageKey: text('stage_key').notNull(),
  path: text('path').notNull(),
  bytes: integer('bytes').notNull(),
  sha256: text('sha256').notNull(),
});

export const rosters = sqliteTable('rosters', {
  stageKey: text('stage_key').notNull(),
  generation: integer('generation').notNull(),
  rank: integer('rank').notNull(),
  firstShard: integer('first_shard').notNull(),
  endShard: integer('end_shard').notNull(),
  attempt: integer('attempt').notNull(),
  worker: text('worker').notNull(),
  address: text('address'),
  atMs: integer('at_ms'),
});

export const appliedSteps = sqliteTable('applied_steps', {
  stageKey: text('stage_key').notNull(),
  generation: integer('generation').notNull(),
  firstStep: integer('first_step').notNull(),
  endStep: integer('end_step').notNull(),
  outcome: text('outcome').$type<'applied' | 'superseded'>().notNull(),
});

export const toldSteps = sqliteTable('told_steps', {
  stageKey: text('stage_key').notNull(),
  attempt: integer('attempt').notNull(),
  telling: integer('telling').notNull(),
  position: integer('position').notNull(),
  generation: integer('generation').notNull(),
  firstStep: integer('first_step').notNull(),
  endStep: integer('end_step').notNull(),
  samples: blob('samples', { mode: 'buffer' }).$type<Buffer>().notNull(),
  lists: text('lists').notNull(),
  sequence: integer('sequence').notNull(),
});

export const stateLinks = sqliteTable('state_links', {
  stageKey: text('stage_key').notNull(),
  position: integer('position').notNull(),
  step: integer('step').notNull(),
  digest: text('digest').notNull(),
  link: text('link').notNull(),
  attempt: integer('attempt').notNull(),
});

export const workers = sqliteTable('workers', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  runId: text('run_id').notNull(),
  session: integer('session').notNull(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  started: text('started').notNull(),
  role: text('role').$type<Role>().notNull(),
  position: integer('position').notNull(),
  threads: integer('threads'),
  place: text('place'),
  numCores: integer('num_cores'),
  numGpus: integer('num_gpus'),
  engine: text('engine'),
  instance: text('instance'),
  joinedMs: integer('joined_ms').notNull(),
  endedMs: integer('ended_ms'),
  ending: text('ending').$type<WorkerEnding>(),
  reason: text('reason'),
});

export const joinTokens = sqliteTable('join_tokens', {
  id: text('id').primaryKey(),
  runId: text('run_id').notNull(),
  secretHash: text('secret_hash').notNull(),
  role: text('role').$type<Role>(),
  maxUses: integer('max_uses').notNull(),
  createdMs: integer('created_ms').notNull(),
  expiresMs: integer('expires_ms').notNull(),
  revokedMs: integer('revoked_ms'),
  seat: integer('seat'),
});

export const guests = sqliteTable('guests', {
  instance: text('instance').primaryKey(),
  tokenId: text('token_id').notNull(),
  role: text('role').$type<Role>().notNull(),
  position: integer('position').notNull(),
  requestHash: text('request_hash').notNull(),
  joinedMs: integer('joined_ms').notNull(),
});

export const machineLoad = sqliteTable('machine_load', {
  runId: text('run_id').notNull(),
  second: integer('second').notNull(),
  atMs: integer('at_ms').notNull(),
  cpu: real('cpu').notNull(),
  memoryBytes: integer('memory_bytes').notNull(),
  gpu: real('gpu'),
  gpuMemoryBytes: integer('gpu_memory_bytes'),
});

export const imports = sqliteTable('imports', {
  experiment: text('experiment').notNull(),
  tableId: text('table_id').notNull(),
  name: text('name').notNull(),
  kind: text('kind').$type<ImportKind>().notNull(),
  file: text('file').notNull(),
  sha256: text('sha256').notNull(),
  testItems: text('test_items').notNull(),
  numItems: integer('num_items').notNull(),
  missing: integer('missing').notNull(),
  unknown: integer('unknown').notNull(),
  metrics: text('metrics').notNull(),
  createdMs: integer('created_ms').notNull(),
});

export const notes = sqliteTable('notes', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  runId: text('run_id').notNull(),
  atMs: integer('at_ms').notNull(),
  text: text('text').notNull(),
});

export const events = sqliteTable('events', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  atMs: integer('at_ms').notNull(),
  runId: text('run_id'),
  stageKey: text('stage_key'),
  item: integer('item'),
  attempt: integer('attempt'),
  type: text('type').$type<EventType>().notNull(),
  message: text('message').notNull(),
});
