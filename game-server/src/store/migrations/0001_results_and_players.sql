-- Runs on SQLite and PostgreSQL alike: BIGINT and DOUBLE PRECISION mean the same in both.
-- Ids are 64 bits without sign and stored as the signed number with the same bits.

CREATE TABLE matches (
    room BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    PRIMARY KEY (room, epoch)
);

CREATE TABLE match_players (
    room BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    place BIGINT NOT NULL,
    player BIGINT NOT NULL,
    name TEXT NOT NULL,
    bot BIGINT NOT NULL,
    kills BIGINT NOT NULL,
    deaths BIGINT NOT NULL,
    PRIMARY KEY (room, epoch, place)
);

CREATE TABLE players (
    player BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    rating DOUBLE PRECISION NOT NULL,
    deviation DOUBLE PRECISION NOT NULL,
    standing DOUBLE PRECISION NOT NULL,
    matches BIGINT NOT NULL,
    wins BIGINT NOT NULL,
    kills BIGINT NOT NULL,
    deaths BIGINT NOT NULL
);

-- The order of the leaderboard: top, rank and neighbours are range scans of this index.
CREATE INDEX players_by_standing ON players (standing, kills, player);
