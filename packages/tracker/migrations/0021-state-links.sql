-- Digests of a training's weights and moments, told by whoever computes it, each tied to all before it. The same told again
-- is one row; another digest of the same step is another row, and a finding of the audit.
CREATE TABLE state_links (
  stage_key TEXT NOT NULL REFERENCES stages (key) ON DELETE CASCADE,
  -- In the order they came, from 0.
  position INTEGER NOT NULL CHECK (position >= 0),
  -- Steps done.
  step INTEGER NOT NULL CHECK (step >= 0),
  digest TEXT NOT NULL,
  -- sha256 of the link before (64 zeros before the first), the stage's key, step and digest, a space between them.
  link TEXT NOT NULL,
  -- That told it first.
  attempt INTEGER NOT NULL,
  PRIMARY KEY (stage_key, position),
  UNIQUE (stage_key, step, digest)
) STRICT, WITHOUT ROWID;
