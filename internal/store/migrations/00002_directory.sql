-- +goose Up

-- What nouns are unique by besides their name: a user's email address, an id in a foreign directory. key is as
-- nouns.name is.
CREATE TABLE noun_keys (
    kind    TEXT NOT NULL,
    account TEXT NOT NULL,
    key     TEXT NOT NULL,
    id      TEXT NOT NULL,
    PRIMARY KEY (kind, account, key)
);
CREATE INDEX noun_keys_id ON noun_keys (kind, id);

-- Lists of an account's nouns, page by page.
CREATE INDEX nouns_account ON nouns (kind, account, seq);

-- Who is in which group.
CREATE TABLE memberships (
    seq        BIGINT PRIMARY KEY,
    id         TEXT NOT NULL,
    store      TEXT NOT NULL,
    group_id   TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE UNIQUE INDEX memberships_id ON memberships (id);
CREATE UNIQUE INDEX memberships_pair ON memberships (group_id, user_id);
CREATE INDEX memberships_group ON memberships (group_id, seq);
CREATE INDEX memberships_user ON memberships (user_id, seq);

-- +goose Down
DROP TABLE memberships;
DROP INDEX nouns_account;
DROP TABLE noun_keys;
