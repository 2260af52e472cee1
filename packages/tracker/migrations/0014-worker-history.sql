-- Workers stay with their end, for timelines. A process is known by its number and when it started.
ALTER TABLE workers RENAME TO earlier_workers;
CREATE TABLE workers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  session INTEGER NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  started TEXT NOT NULL,
  role TEXT NOT NULL,
  position INTEGER NOT NULL,
  -- Of its computations; NULL where that is not known.
  threads INTEGER,
  -- Chosen by the process; NULL until it has registered.
  instance TEXT,
  joined_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  ending TEXT CHECK (ending IN ('finished', 'killed', 'lost', 'replaced')),
  -- In words.
  reason TEXT
) STRICT;
INSERT INTO workers (run_id, session, host, pid, started, role, position, instance, joined_ms)
SELECT w.run_id, r.session, r.host, w.pid, w.started, w.role, w.position, w.instance, r.session_started_ms
FROM earlier_workers w JOIN runs r ON r.id = w.run_id ORDER BY r.sequence, w.role, w.position;
DROP TABLE earlier_workers;
CREATE INDEX workers_by_run ON workers (run_id, pid);

-- When a gang changed; NULL in rosters of earlier versions.
ALTER TABLE rosters ADD COLUMN at_ms INTEGER;

-- Bytes of the worker's log when the attempt began and ended; log_end is NULL where nobody saw its end.
ALTER TABLE attempts ADD COLUMN log_start INTEGER;
ALTER TABLE attempts ADD COLUMN log_end INTEGER;
