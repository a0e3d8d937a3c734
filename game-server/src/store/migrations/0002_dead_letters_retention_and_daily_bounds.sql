-- Results that were acknowledged and could not be stored, through a fault of their own.
CREATE TABLE dead_letters (
    room BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    cause TEXT NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (room, epoch)
);

-- One row: matches that ended until then may have been removed, so whether one of them was counted is not known.
CREATE TABLE retention (
    id BIGINT NOT NULL PRIMARY KEY,
    pruned_until_ms BIGINT NOT NULL
);
INSERT INTO retention (id, pruned_until_ms) VALUES (1, -1);

-- The oldest matches are removed first.
CREATE INDEX matches_by_end ON matches (ended_at_ms);

-- Every match that was counted until now has moved ratings as well.
ALTER TABLE players ADD COLUMN rated_matches BIGINT NOT NULL DEFAULT 0;
UPDATE players SET rated_matches = matches;

-- How far the rating has moved on the day of the last rated match: days since 1970, the rating before the first match of
-- that day, what came from opponents who were new, and from each of the others as JSON.
ALTER TABLE players ADD COLUMN day BIGINT NOT NULL DEFAULT 0;
ALTER TABLE players ADD COLUMN day_rating DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE players ADD COLUMN day_from_new DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE players ADD COLUMN day_opponents TEXT NOT NULL DEFAULT '';
