-- Where the stage's code raised the error of an attempt; NULL where it raised none, and in attempts of earlier versions.
ALTER TABLE attempts ADD COLUMN stack TEXT;
