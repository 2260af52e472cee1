-- The run that may execute a stage; runs of one folder share its stages. A claim of a run that is gone counts for nothing.
ALTER TABLE stages ADD COLUMN claimed_by TEXT REFERENCES runs (id);
