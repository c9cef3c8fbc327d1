-- +goose Up
ALTER TABLE lessons ADD COLUMN after_airing BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE lessons ADD COLUMN preapproved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE lessons ADD COLUMN preapproved_at TIMESTAMP;
ALTER TABLE lessons ADD COLUMN again_since TIMESTAMP;
ALTER TABLE lessons ADD COLUMN again_why TEXT NOT NULL DEFAULT '';
ALTER TABLE lessons ADD COLUMN minors TEXT NOT NULL DEFAULT '';
ALTER TABLE lessons ADD COLUMN consent_note TEXT NOT NULL DEFAULT '';
ALTER TABLE lessons ADD COLUMN consent_by TEXT NOT NULL DEFAULT '';
ALTER TABLE lessons ADD COLUMN consent_at TIMESTAMP;
ALTER TABLE lessons ADD COLUMN taken_down_at TIMESTAMP;
ALTER TABLE lessons ADD COLUMN taken_down_by TEXT NOT NULL DEFAULT '';
CREATE INDEX lessons_uploader ON lessons (uploader_id, id) WHERE uploader_id <> '';
CREATE INDEX lessons_again ON lessons (again_since) WHERE again_since IS NOT NULL;
CREATE INDEX lessons_bin ON lessons (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE lesson_steps (
    id        TEXT PRIMARY KEY,
    lesson_id TEXT NOT NULL REFERENCES lessons (id),
    at        TIMESTAMP NOT NULL,
    by_person TEXT NOT NULL,
    kind      TEXT NOT NULL,
    note      TEXT NOT NULL,
    moment    DOUBLE PRECISION NOT NULL,
    until_at  TIMESTAMP
);
CREATE INDEX lesson_steps_lesson ON lesson_steps (lesson_id, at, id);
