-- How busy the machine was during a run. The longer the run, the fewer of its seconds are kept.
CREATE TABLE machine_load (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  second INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  -- Shares of all cores and GPUs, 0 to 1; bytes in use. NULL where there is no GPU.
  cpu REAL NOT NULL,
  memory_bytes INTEGER NOT NULL,
  gpu REAL,
  gpu_memory_bytes INTEGER,
  PRIMARY KEY (run_id, second)
) STRICT, WITHOUT ROWID;
