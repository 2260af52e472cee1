-- Several trainers of a gang hold an attempt at the same item at once.
DROP INDEX one_running_attempt;
