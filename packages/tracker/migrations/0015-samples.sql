-- How busy the machine was during a run. A tick is a second; the longer the run, the fewer ticks are kept.
CREATE TABLE samples (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  tick INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  -- Shares of all cores and GPUs, 0 to 1; bytes in use. NULL where there is no GPU.
  cpu REAL NOT NULL,
  memory_bytes INTEGER NOT NULL,
  gpu REAL,
  gpu_memory_bytes INTEGER,
  PRIMARY KEY (run_id, tick)
) STRICT, WITHOUT ROWID;
