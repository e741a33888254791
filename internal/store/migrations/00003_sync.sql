-- +goose Up

-- Synchronisation with directories: which node is at which source, and how the last run went. source is
-- ACCOUNT/NAME; outcome is JSON, empty before the first run ended.
CREATE TABLE sync_runs (
    source  TEXT PRIMARY KEY,
    holder  TEXT NOT NULL,
    until   BIGINT NOT NULL,
    outcome TEXT NOT NULL
);

-- What a synchronisation must remember of a user or group of its source: since when it is gone there (0: it is
-- not), and that it was the synchronisation that disabled the user.
CREATE TABLE sync_marks (
    source   TEXT NOT NULL,
    id       TEXT NOT NULL,
    absent   BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    PRIMARY KEY (source, id)
);

-- +goose Down
DROP TABLE sync_marks;
DROP TABLE sync_runs;
