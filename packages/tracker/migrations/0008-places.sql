-- Boot and PID namespace of the coordinator: elsewhere its process number says nothing, and its heartbeat decides.
ALTER TABLE runs ADD COLUMN place TEXT;
-- A stage that has ended is nobody's: another run may try it.
UPDATE stages SET claimed_by = NULL WHERE status NOT IN ('queued', 'running');
