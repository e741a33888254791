-- +goose Up

-- Why a call was refused, and for which person it was made. Both are NULL in records that have none, and in records
-- that were made before there were these columns. Nobody searches for them in the logs of all accounts.
ALTER TABLE audit ADD COLUMN reason TEXT;
ALTER TABLE audit ADD COLUMN person TEXT;
CREATE INDEX audit_reason ON audit (account, reason, id) WHERE reason IS NOT NULL;
CREATE INDEX audit_person ON audit (account, person, id) WHERE person IS NOT NULL;

-- +goose Down
DROP INDEX audit_person;
DROP INDEX audit_reason;
ALTER TABLE audit DROP COLUMN person;
ALTER TABLE audit DROP COLUMN reason;
