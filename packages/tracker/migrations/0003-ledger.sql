-- Who computed which shards of which steps, and whether the update is in the final weights.
-- A roster says who trained a stage together; ranks share the shards of a step evenly, in order.
CREATE TABLE rosters (
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  generation INTEGER NOT NULL CHECK (generation > 0),
  rank INTEGER NOT NULL CHECK (rank >= 0),
  first_shard INTEGER NOT NULL,
  end_shard INTEGER NOT NULL CHECK (end_shard >= first_shard),
  attempt INTEGER NOT NULL,
  worker TEXT NOT NULL,
  PRIMARY KEY (stage_key, generation, rank)
) STRICT, WITHOUT ROWID;

-- Steps first_step .. end_step - 1 computed under one roster. 'superseded': training went on from before them.
CREATE TABLE applied_steps (
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  end_step INTEGER NOT NULL CHECK (end_step > first_step),
  outcome TEXT NOT NULL CHECK (outcome IN ('applied', 'superseded')),
  PRIMARY KEY (stage_key, outcome, first_step, generation)
) STRICT, WITHOUT ROWID;

CREATE VIEW ledger AS
SELECT a.stage_key, a.first_step, a.end_step, r.first_shard, r.end_shard, r.attempt, r.worker, a.outcome
FROM applied_steps a JOIN rosters r ON r.stage_key = a.stage_key AND r.generation = a.generation;
