-- +goose Up
-- Questions under a lesson, and what viewers say they have understood. Both end
-- with the school term, and with the person who asked or said it.
CREATE TABLE question_settings (
    lesson_id  TEXT PRIMARY KEY REFERENCES lessons (id) ON DELETE CASCADE,
    is_on      BOOLEAN NOT NULL,
    notice_id  TEXT NOT NULL,
    by_person  TEXT NOT NULL,
    changed_at TIMESTAMP
);

CREATE TABLE questions (
    id         TEXT PRIMARY KEY,
    lesson_id  TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
    person_id  TEXT NOT NULL,
    class_id   TEXT NOT NULL,
    words      TEXT NOT NULL,
    at_ms      BIGINT NOT NULL,
    state      TEXT NOT NULL,
    answer     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at TIMESTAMP,
    settled_by TEXT NOT NULL,
    settled_at TIMESTAMP
);
CREATE INDEX questions_lesson ON questions (lesson_id, state, created_at);
CREATE INDEX questions_person ON questions (person_id, created_at);
CREATE INDEX questions_created ON questions (created_at);

CREATE TABLE thumbs (
    lesson_id  TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
    chapter_ms BIGINT NOT NULL,
    viewer     TEXT NOT NULL,
    understood BOOLEAN NOT NULL,
    said_at    TIMESTAMP,
    PRIMARY KEY (lesson_id, chapter_ms, viewer)
);
CREATE INDEX thumbs_viewer ON thumbs (viewer);
CREATE INDEX thumbs_said ON thumbs (said_at);

-- A notice from the program itself to one person.
ALTER TABLE notices ADD COLUMN person_id TEXT NOT NULL DEFAULT '';
CREATE INDEX notices_person ON notices (person_id, publish_at);
