-- +goose Up

-- Leases: what one node at a time may do, whose it is, until when, and what came of it last. Synchronisation of
-- directories had the first ones. outcome is the holder's own text, empty before it was first given back.
ALTER TABLE sync_runs RENAME TO leases;
ALTER TABLE leases RENAME COLUMN source TO name;
UPDATE leases SET name = 'directory-sync/' || name;

-- One row. How many records the audit log has up to the id upto, and how many bytes they are: no count is a scan.
CREATE TABLE audit_size (
    id      BIGINT PRIMARY KEY,
    upto    BIGINT NOT NULL,
    records BIGINT NOT NULL,
    bytes   BIGINT NOT NULL
);
INSERT INTO audit_size (id, upto, records, bytes) VALUES (1, 0, 0, 0);

-- +goose Down
DROP TABLE audit_size;
DELETE FROM leases WHERE name NOT LIKE 'directory-sync/%';
UPDATE leases SET name = SUBSTR(name, LENGTH('directory-sync/') + 1);
ALTER TABLE leases RENAME COLUMN name TO source;
ALTER TABLE leases RENAME TO sync_runs;
