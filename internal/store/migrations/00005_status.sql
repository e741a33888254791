-- +goose Up

-- Who says that a user of the directory is out stands in the user from here on: the body's Blocks. The marks of
-- synchronisations said it for LDAP sources. source is ACCOUNT/NAME, where the account has twelve digits. A user who is
-- disabled without a mark is the administrator's; the program sees to those when it reads them. The body ends in a
-- brace, and no text in it has an unescaped quote, so that it can be changed as a text in both databases.
UPDATE nouns SET body = SUBSTR(body, 1, LENGTH(body) - 1) || ',"Blocks":[{"Source":"ldap:' ||
        (SELECT MIN(SUBSTR(m.source, 14)) FROM sync_marks m WHERE m.id = nouns.id AND m.disabled <> 0) || '"}]}'
    WHERE kind = 'directory-user' AND body LIKE '%"Disabled":true%'
        AND EXISTS (SELECT 1 FROM sync_marks m WHERE m.id = nouns.id AND m.disabled <> 0);
DELETE FROM sync_marks WHERE absent = 0;
ALTER TABLE sync_marks DROP COLUMN disabled;

-- +goose Down
ALTER TABLE sync_marks ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0;
