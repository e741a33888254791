-- +goose Up

-- Cuts: the generations of what sessions hang on, as a history. A session that was decided at a revision below that of
-- a cut of one of its grounds has ended for good.
CREATE TABLE cuts (
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL,
    rev    BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (kind, id, rev)
);
CREATE INDEX cuts_at ON cuts (at);

-- Memberships that have ended: who was in which group, from when to when. Each is a cut of the membership, too.
CREATE TABLE past_memberships (
    store      TEXT NOT NULL,
    group_id   TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    created_by TEXT NOT NULL,
    since      BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    rev        BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id, rev)
);
CREATE INDEX past_memberships_user ON past_memberships (user_id, until);
CREATE INDEX past_memberships_until ON past_memberships (until);

-- +goose Down
DROP TABLE past_memberships;
DROP TABLE cuts;
