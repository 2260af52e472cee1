-- Times are milliseconds since 1970. JSON columns hold canonical JSON. A stage belongs to no run: runs use stages.
CREATE TABLE runs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  experiment TEXT NOT NULL,
  title TEXT NOT NULL,
  path TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  error TEXT,
  interrupted INTEGER NOT NULL DEFAULT 0 CHECK (interrupted IN (0, 1)),
  resolved TEXT NOT NULL,
  hash TEXT NOT NULL,
  versions TEXT NOT NULL,
  machine TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  session INTEGER NOT NULL DEFAULT 1,
  started_ms INTEGER NOT NULL,
  session_started_ms INTEGER NOT NULL,
  heartbeat_ms INTEGER NOT NULL,
  ended_ms INTEGER
) STRICT;

CREATE TABLE trials (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  row TEXT NOT NULL,
  seed INTEGER NOT NULL,
  PRIMARY KEY (run_id, row, seed)
) STRICT, WITHOUT ROWID;

CREATE TABLE stages (
  key TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  config TEXT NOT NULL,
  inputs TEXT NOT NULL,
  num_items INTEGER NOT NULL CHECK (num_items > 0),
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  result TEXT,
  error TEXT,
  first_run_id TEXT NOT NULL REFERENCES runs (id),
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How one run sees a stage: executed here, or reused from what was there before.
CREATE TABLE run_stages (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  stage_key TEXT NOT NULL REFERENCES stages (key),
  position INTEGER NOT NULL,
  execution TEXT NOT NULL CHECK (execution IN ('executed', 'reused')),
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  started_ms INTEGER,
  ended_ms INTEGER,
  PRIMARY KEY (run_id, stage_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_stages_by_stage ON run_stages (stage_key);

CREATE TABLE trial_stages (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  row TEXT NOT NULL,
  seed INTEGER NOT NULL,
  stage_key TEXT NOT NULL REFERENCES stages (key),
  PRIMARY KEY (run_id, row, seed, stage_key)
) STRICT, WITHOUT ROWID;

-- Finished items of a stage; what is absent is still to do.
CREATE TABLE items (
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  item INTEGER NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (stage_key, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  token TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  session INTEGER NOT NULL,
  stage_key TEXT NOT NULL REFERENCES stages (key),
  item INTEGER NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt > 0),
  worker TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'lost', 'cancelled')),
  progressed INTEGER NOT NULL DEFAULT 0 CHECK (progressed IN (0, 1)),
  error TEXT,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  UNIQUE (stage_key, item, attempt)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_running_attempt ON attempts (stage_key, item) WHERE status = 'running';
CREATE INDEX attempts_by_run ON attempts (run_id, stage_key, item);

-- A NULL value is NaN.
CREATE TABLE metrics (
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  item INTEGER NOT NULL,
  name TEXT NOT NULL,
  step INTEGER NOT NULL,
  value REAL,
  run_id TEXT NOT NULL REFERENCES runs (id),
  PRIMARY KEY (stage_key, item, name, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (stage_key, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  run_id TEXT REFERENCES runs (id) ON DELETE CASCADE,
  stage_key TEXT,
  item INTEGER,
  attempt INTEGER,
  type TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run_id, id);

-- The numbers of the tables, one line per trial and metric.
CREATE VIEW trial_metrics AS
SELECT ts.run_id, r.experiment, ts.row, ts.seed, s.kind, m.key AS name, m.value AS value
FROM trial_stages ts
JOIN runs r ON r.id = ts.run_id
JOIN run_stages rs ON rs.run_id = ts.run_id AND rs.stage_key = ts.stage_key AND rs.status = 'succeeded'
JOIN stages s ON s.key = ts.stage_key AND s.kind LIKE 'evaluate-%'
JOIN json_each(s.result, '$.metrics') m;
