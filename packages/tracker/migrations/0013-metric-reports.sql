-- A report is what one call has recorded: its number is the cursor of whoever follows a run, and never given again. What
-- the call replaced went before its points came. at_ms is NULL in reports of earlier versions.
CREATE TABLE metric_reports (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL REFERENCES runs (id),
  at_ms INTEGER,
  replaced_stage TEXT,
  replaced_after INTEGER
) STRICT;

CREATE TABLE metric_curves (
  id INTEGER PRIMARY KEY,
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  item INTEGER NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (stage_key, item, name)
) STRICT;

-- A NULL value is NaN.
CREATE TABLE metric_points (
  curve INTEGER NOT NULL REFERENCES metric_curves (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  value REAL,
  report INTEGER NOT NULL REFERENCES metric_reports (id),
  PRIMARY KEY (curve, step)
) STRICT, WITHOUT ROWID;

INSERT INTO metric_reports (run_id) SELECT DISTINCT run_id FROM metrics ORDER BY run_id;
INSERT INTO metric_curves (stage_key, item, name)
SELECT DISTINCT stage_key, item, name FROM metrics ORDER BY stage_key, item, name;
INSERT INTO metric_points
SELECT c.id, m.step, m.value, r.id FROM metrics m
JOIN metric_curves c ON c.stage_key = m.stage_key AND c.item = m.item AND c.name = m.name
JOIN metric_reports r ON r.run_id = m.run_id
ORDER BY c.id, m.step;
CREATE INDEX metric_points_by_report ON metric_points (report);

DROP TABLE metrics;
CREATE VIEW metrics AS
SELECT c.stage_key, c.item, c.name, p.step, p.value, r.run_id, r.at_ms
FROM metric_curves c JOIN metric_points p ON p.curve = c.id JOIN metric_reports r ON r.id = p.report;
