-- +goose Up

-- One row. rev is the revision of the last committed change, seq the last number given to a row, horizon
-- the highest revision whose changes were pruned.
CREATE TABLE meta (
    id      BIGINT PRIMARY KEY,
    rev     BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    horizon BIGINT NOT NULL,
    cluster TEXT NOT NULL,
    canary  BYTEA
);

-- What each revision changed, for whoever keeps a copy of the state.
CREATE TABLE changes (
    rev  BIGINT NOT NULL,
    ord  BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    op   SMALLINT NOT NULL,
    PRIMARY KEY (rev, ord)
);

-- The small nouns: what must be found or must be unique stands in columns, the rest in the body (JSON).
-- A NULL name is no name: such rows never clash.
CREATE TABLE nouns (
    seq     BIGINT PRIMARY KEY,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    account TEXT NOT NULL,
    name    TEXT,
    parent  TEXT NOT NULL,
    body    TEXT NOT NULL,
    rev     BIGINT NOT NULL
);
CREATE UNIQUE INDEX nouns_id ON nouns (kind, id);
CREATE UNIQUE INDEX nouns_name ON nouns (kind, account, name);
CREATE INDEX nouns_parent ON nouns (kind, parent, seq);
CREATE INDEX nouns_kind ON nouns (kind, seq);

CREATE TABLE grants (
    seq             BIGINT PRIMARY KEY,
    id              TEXT NOT NULL,
    account         TEXT NOT NULL,
    region          TEXT NOT NULL,
    location_id     TEXT NOT NULL,
    sub_prefix      TEXT NOT NULL,
    scope           TEXT NOT NULL,
    grantee_type    TEXT NOT NULL,
    grantee_id      TEXT NOT NULL,
    principal       TEXT NOT NULL,
    permission      TEXT NOT NULL,
    application_arn TEXT NOT NULL,
    object          BOOLEAN NOT NULL,
    created_at      BIGINT NOT NULL,
    tags            TEXT NOT NULL,
    same            BYTEA NOT NULL,
    scope_hash      BIGINT NOT NULL
);
CREATE UNIQUE INDEX grants_id ON grants (id);
-- same is a digest of account, region, scope, grantee, permission and application, scope_hash one of the
-- scope: PostgreSQL cannot index texts as long as scopes may be.
CREATE UNIQUE INDEX grants_same ON grants (same);
CREATE INDEX grants_scope ON grants (account, region, scope_hash, seq);
-- Lists are ordered by seq; the trailing columns let a list filtered by them skip rows without reading them.
CREATE INDEX grants_list ON grants (account, region, seq, grantee_type, permission);
CREATE INDEX grants_grantee ON grants (account, region, grantee_id, seq);
CREATE INDEX grants_application ON grants (account, region, application_arn, seq) WHERE application_arn <> '';

-- How many grants each location has, so that no count is a scan.
CREATE TABLE grant_counts (
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    location_id TEXT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (account, region, location_id)
);

-- The audit log. id is the time of recording in microseconds, shifted left by 11 bits, plus chance; at is
-- the event's own time. Empty values are NULL in the columns that exist to be searched for a value.
CREATE TABLE audit (
    id            BIGINT PRIMARY KEY,
    at            BIGINT NOT NULL,
    account       TEXT NOT NULL,
    event_name    TEXT NOT NULL,
    event_source  TEXT NOT NULL,
    principal_arn TEXT,
    access_key    TEXT,
    error_code    TEXT,
    grant_id      TEXT,
    event         TEXT NOT NULL
);
CREATE INDEX audit_account ON audit (account, id);
CREATE INDEX audit_principal ON audit (principal_arn, id);
CREATE INDEX audit_access_key ON audit (access_key, id);
CREATE INDEX audit_grant ON audit (grant_id, id);

-- +goose Down
DROP TABLE audit;
DROP TABLE grant_counts;
DROP TABLE grants;
DROP TABLE nouns;
DROP TABLE changes;
DROP TABLE meta;
