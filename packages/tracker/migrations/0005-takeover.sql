-- What a coordinator needs to take over from one that died: which processes are the run's, and which of them holds what.
-- A process is known by its number and when it started.
ALTER TABLE runs ADD COLUMN pid_started TEXT;
ALTER TABLE attempts ADD COLUMN instance TEXT;
ALTER TABLE rosters ADD COLUMN address TEXT;

CREATE TABLE workers (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  pid INTEGER NOT NULL,
  started TEXT NOT NULL,
  role TEXT NOT NULL,
  position INTEGER NOT NULL,
  -- Chosen by the process; NULL until it has registered.
  instance TEXT,
  PRIMARY KEY (run_id, pid)
) STRICT, WITHOUT ROWID;
