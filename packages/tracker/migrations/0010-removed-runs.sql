-- A run that somebody removed. Its row stays: other runs reuse stages that it executed, and its id is not given again.
ALTER TABLE runs ADD COLUMN removed_ms INTEGER;
