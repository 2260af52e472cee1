-- What each attempt told of its weights: which steps are in them, in the order they were computed. Kept as told; ranges of
-- one roster that follow each other are joined. `applied_steps` stays for stages that earlier versions trained.
CREATE TABLE told_steps (
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  -- Counts the states an attempt has had: with each it tells all from step 0.
  telling INTEGER NOT NULL,
  position INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  end_step INTEGER NOT NULL CHECK (end_step > first_step),
  -- A digest of each step's samples, 4 bytes each, the lowest first.
  samples BLOB NOT NULL,
  -- JSON: what samples are drawn from.
  lists TEXT NOT NULL,
  -- Of the last report that is in it.
  sequence INTEGER NOT NULL,
  PRIMARY KEY (stage_key, attempt, telling, position)
) STRICT, WITHOUT ROWID;

-- Of each stage the lineage of its weights: what was told last by the attempt that finished it; until then by the newest
-- that is at it.
CREATE VIEW lineages AS
SELECT t.* FROM told_steps t JOIN (
  SELECT u.stage_key, u.attempt, u.telling, row_number() OVER (
    PARTITION BY u.stage_key
    ORDER BY a.status IS 'succeeded' DESC, a.status IS 'running' DESC, u.attempt DESC, u.telling DESC
  ) AS place
  FROM told_steps u LEFT JOIN attempts a ON a.stage_key = u.stage_key AND a.item = 0 AND a.attempt = u.attempt
) last ON last.place = 1 AND last.stage_key = t.stage_key AND last.attempt = t.attempt AND last.telling = t.telling;

-- Steps of a roster that were told and are not in the lineage were computed on weights nobody went on with.
DROP VIEW ledger;
CREATE VIEW ledger AS
SELECT a.stage_key, a.first_step, a.end_step, r.first_shard, r.end_shard, r.attempt, r.worker, a.outcome
FROM (
  SELECT stage_key, generation, first_step, end_step, outcome FROM applied_steps
  UNION ALL
  SELECT stage_key, generation, first_step, end_step, 'applied' FROM lineages
  UNION ALL
  SELECT stage_key, generation, kept, told, 'superseded' FROM (
    SELECT t.stage_key, t.generation, max(t.end_step) AS told,
      coalesce(
        (SELECT max(l.end_step) FROM lineages l WHERE l.stage_key = t.stage_key AND l.generation = t.generation),
        min(t.first_step)
      ) AS kept
    FROM told_steps t GROUP BY t.stage_key, t.generation
  ) WHERE told > kept
) a JOIN rosters r ON r.stage_key = a.stage_key AND r.generation = a.generation;
