-- A batch is what one call has recorded: its number is the cursor of whoever follows a run, and never given again. What
-- the call replaced went before its points came. at_ms is NULL in batches of earlier versions.
CREATE TABLE metric_batches (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL REFERENCES runs (id),
  at_ms INTEGER,
  replaced_stage TEXT,
  replaced_after INTEGER
) STRICT;

CREATE TABLE metric_series (
  id INTEGER PRIMARY KEY,
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  item INTEGER NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (stage_key, item, name)
) STRICT;

-- A NULL value is NaN.
CREATE TABLE metric_points (
  series INTEGER NOT NULL REFERENCES metric_series (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  value REAL,
  batch INTEGER NOT NULL REFERENCES metric_batches (id),
  PRIMARY KEY (series, step)
) STRICT, WITHOUT ROWID;

INSERT INTO metric_batches (run_id) SELECT DISTINCT run_id FROM metrics ORDER BY run_id;
INSERT INTO metric_series (stage_key, item, name)
SELECT DISTINCT stage_key, item, name FROM metrics ORDER BY stage_key, item, name;
INSERT INTO metric_points
SELECT s.id, m.step, m.value, b.id FROM metrics m
JOIN metric_series s ON s.stage_key = m.stage_key AND s.item = m.item AND s.name = m.name
JOIN metric_batches b ON b.run_id = m.run_id
ORDER BY s.id, m.step;
CREATE INDEX metric_points_by_batch ON metric_points (batch);

DROP TABLE metrics;
CREATE VIEW metrics AS
SELECT s.stage_key, s.item, s.name, p.step, p.value, b.run_id, b.at_ms
FROM metric_series s JOIN metric_points p ON p.series = s.id JOIN metric_batches b ON b.id = p.batch;
