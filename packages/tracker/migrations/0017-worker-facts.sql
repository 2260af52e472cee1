-- What workers say of themselves when they register: they need not be where their coordinator is. NULL until then, and what
-- earlier versions did not say. Boot and PID namespace; what it may use; canonical JSON.
ALTER TABLE workers ADD COLUMN place TEXT;
ALTER TABLE workers ADD COLUMN num_cores INTEGER;
ALTER TABLE workers ADD COLUMN num_gpus INTEGER;
ALTER TABLE workers ADD COLUMN engine TEXT;
-- All were where their coordinator was.
UPDATE workers SET place = coalesce((SELECT r.place FROM runs r WHERE r.id = run_id), '') WHERE instance IS NOT NULL;
-- A worker is named when it is started, not first when it registers.
UPDATE workers SET instance = 'worker ' || id WHERE instance IS NULL;
DROP INDEX workers_by_run;
CREATE INDEX workers_by_run ON workers (run_id, instance);
