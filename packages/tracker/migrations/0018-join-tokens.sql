-- What lets workers of other hosts join a run: tokens, of which only a hash of the secret is kept, and who has joined by them.
CREATE TABLE join_tokens (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  secret_hash TEXT NOT NULL,
  -- NULL: any.
  role TEXT,
  max_uses INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  revoked_ms INTEGER
) STRICT;
CREATE INDEX join_tokens_by_run ON join_tokens (run_id);
CREATE TABLE guests (
  instance TEXT PRIMARY KEY,
  token_id TEXT NOT NULL REFERENCES join_tokens (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  position INTEGER NOT NULL,
  -- Of its first certificate request: the same again is the same guest.
  request_hash TEXT NOT NULL,
  joined_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX guests_by_request ON guests (token_id, request_hash);
