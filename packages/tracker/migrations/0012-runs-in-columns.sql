-- What lists of runs show lies in columns; what only one run needs lies apart, so that a list reads small rows.
CREATE TABLE run_configs (
  run_id TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  resolved TEXT NOT NULL,
  versions TEXT NOT NULL,
  machine TEXT NOT NULL
) STRICT;
INSERT INTO run_configs SELECT id, resolved, versions, machine FROM runs;
ALTER TABLE runs DROP COLUMN resolved;
ALTER TABLE runs DROP COLUMN versions;
ALTER TABLE runs DROP COLUMN machine;
ALTER TABLE runs ADD COLUMN is_rehearsal INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET is_rehearsal = 1
WHERE id IN (SELECT run_id FROM run_configs WHERE json_extract(resolved, '$.rehearsal') = 1);

-- Of the run as it sees its stages; all of a finished trial's stages have succeeded.
ALTER TABLE runs ADD COLUMN num_trials INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN num_finished_trials INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN num_stages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN num_finished_stages INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET
  num_trials = (SELECT count(*) FROM trials t WHERE t.run_id = runs.id),
  num_finished_trials = (
    SELECT count(*) FROM (
      SELECT 1 FROM trial_stages ts
      JOIN run_stages rs ON rs.run_id = ts.run_id AND rs.stage_key = ts.stage_key
      WHERE ts.run_id = runs.id GROUP BY ts.row, ts.seed HAVING min(rs.status = 'succeeded')
    )
  ),
  num_stages = (SELECT count(*) FROM run_stages s WHERE s.run_id = runs.id),
  num_finished_stages = (SELECT count(*) FROM run_stages s WHERE s.run_id = runs.id AND s.status = 'succeeded');
CREATE INDEX runs_by_experiment ON runs (experiment, sequence);
CREATE INDEX runs_by_session ON runs (session_started_ms);
CREATE INDEX runs_under_way ON runs (status) WHERE status = 'running';

-- Hash of all that is set for the trial but its seed: trials of one are repetitions of each other.
ALTER TABLE trials ADD COLUMN configuration TEXT NOT NULL DEFAULT '';
UPDATE trials SET configuration = configuration_of(
  (SELECT c.resolved FROM run_configs c WHERE c.run_id = trials.run_id), trials.row
);
CREATE INDEX trial_stages_by_stage ON trial_stages (stage_key);

-- The numbers of a stage's result.
CREATE TABLE stage_metrics (
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value REAL,
  PRIMARY KEY (stage_key, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX stage_metrics_by_name ON stage_metrics (name, stage_key, value);
INSERT INTO stage_metrics SELECT s.key, m.key, m.value FROM stages s JOIN json_each(s.result, '$.metrics') m;

DROP VIEW trial_metrics;
CREATE VIEW trial_metrics AS
SELECT ts.run_id, r.experiment, ts.row, ts.seed, s.kind, m.name, m.value
FROM trial_stages ts
JOIN runs r ON r.id = ts.run_id
JOIN run_stages rs ON rs.run_id = ts.run_id AND rs.stage_key = ts.stage_key AND rs.status = 'succeeded'
JOIN stages s ON s.key = ts.stage_key AND s.role = 'evaluator'
JOIN stage_metrics m ON m.stage_key = ts.stage_key;
