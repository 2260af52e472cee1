-- Outputs of models that are not trained here, measured on the test items of an experiment's trials: rows of its tables.
-- They belong to the experiment, so that they stay when it is resumed or run again.
CREATE TABLE imports (
  experiment TEXT NOT NULL,
  table_id TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('evaluate-score', 'evaluate-comment')),
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  -- What the test items are made of; in a run with others the row does not count.
  test_items TEXT NOT NULL,
  num_items INTEGER NOT NULL CHECK (num_items > 0),
  missing INTEGER NOT NULL,
  unknown INTEGER NOT NULL,
  metrics TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (experiment, table_id, name, kind)
) STRICT, WITHOUT ROWID;
