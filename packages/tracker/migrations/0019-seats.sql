-- A join token of one place among the run's workers, for which its launcher starts one worker after another. NULL: of none.
ALTER TABLE join_tokens ADD COLUMN seat INTEGER;
