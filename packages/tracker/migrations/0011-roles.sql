-- Whose workers execute a stage: what a trial's weights and numbers are made by, whatever kinds there are.
ALTER TABLE stages ADD COLUMN role TEXT NOT NULL DEFAULT '';
UPDATE stages SET role = CASE
  WHEN kind LIKE 'evaluate-%' OR kind LIKE 'baselines%' THEN 'evaluator'
  WHEN kind IN ('data', 'augment', 'data-personal', 'degrade') THEN 'augmentor'
  ELSE 'trainer'
END;

DROP VIEW trial_metrics;
CREATE VIEW trial_metrics AS
SELECT ts.run_id, r.experiment, ts.row, ts.seed, s.kind, m.key AS name, m.value AS value
FROM trial_stages ts
JOIN runs r ON r.id = ts.run_id
JOIN run_stages rs ON rs.run_id = ts.run_id AND rs.stage_key = ts.stage_key AND rs.status = 'succeeded'
JOIN stages s ON s.key = ts.stage_key AND s.role = 'evaluator'
JOIN json_each(s.result, '$.metrics') m;
