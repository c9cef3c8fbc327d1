-- +goose Up

CREATE TABLE lessons (
    id                 TEXT PRIMARY KEY,
    title              TEXT NOT NULL,
    description        TEXT NOT NULL,
    subject            TEXT NOT NULL,
    grade              BIGINT NOT NULL,
    week               BIGINT NOT NULL,
    language           TEXT NOT NULL,
    teacher_id         TEXT NOT NULL,
    uploader_id        TEXT NOT NULL,
    school_id          TEXT NOT NULL,
    status             TEXT NOT NULL,
    media_state        TEXT NOT NULL,
    media_stage        TEXT NOT NULL,
    media_fraction     DOUBLE PRECISION NOT NULL,
    media_recording_id TEXT NOT NULL,
    media_making_id    TEXT NOT NULL,
    media_package_id   TEXT NOT NULL,
    media_playable     BOOLEAN NOT NULL,
    media_failure_code TEXT NOT NULL,
    media_failure_args TEXT NOT NULL,
    media_warning_code TEXT NOT NULL,
    media_duration     DOUBLE PRECISION NOT NULL,
    renditions         TEXT NOT NULL,
    return_note        TEXT NOT NULL,
    return_at          DOUBLE PRECISION NOT NULL,
    withdrawn_by       TEXT NOT NULL,
    reason             TEXT NOT NULL,
    approved_by        TEXT NOT NULL,
    publish_at         TIMESTAMP,
    published_at       TIMESTAMP,
    submitted_at       TIMESTAMP,
    created_at         TIMESTAMP,
    updated_at         TIMESTAMP,
    deleted_at         TIMESTAMP
);
CREATE INDEX lessons_status ON lessons (status, id);
CREATE INDEX lessons_teacher ON lessons (teacher_id, id);
CREATE INDEX lessons_school ON lessons (school_id, id);
CREATE INDEX lessons_grade ON lessons (grade, subject, week);

CREATE TABLE recordings (
    id           TEXT PRIMARY KEY,
    lesson_id    TEXT NOT NULL REFERENCES lessons (id),
    storage_key  TEXT NOT NULL,
    filename     TEXT NOT NULL,
    size         BIGINT NOT NULL,
    sha256       TEXT NOT NULL,
    claimed      TEXT NOT NULL,
    state        TEXT NOT NULL,
    failure_code TEXT NOT NULL,
    failure_args TEXT NOT NULL,
    received_at  TIMESTAMP,
    keep_until   TIMESTAMP,
    gone_at      TIMESTAMP
);
CREATE INDEX recordings_lesson ON recordings (lesson_id, id);
CREATE INDEX recordings_due ON recordings (keep_until) WHERE gone_at IS NULL AND keep_until IS NOT NULL;

CREATE TABLE uploads (
    id           TEXT PRIMARY KEY,
    lesson_id    TEXT NOT NULL REFERENCES lessons (id),
    person_id    TEXT NOT NULL,
    recording_id TEXT NOT NULL,
    filename     TEXT NOT NULL,
    size         BIGINT NOT NULL,
    part_size    BIGINT NOT NULL,
    part_count   BIGINT NOT NULL,
    storage_key  TEXT NOT NULL,
    storage_id   TEXT NOT NULL,
    status       TEXT NOT NULL,
    created_at   TIMESTAMP,
    expires_at   TIMESTAMP
);
CREATE INDEX uploads_lesson ON uploads (lesson_id, id);
CREATE INDEX uploads_open ON uploads (expires_at) WHERE status = 'open';
CREATE INDEX uploads_person ON uploads (person_id) WHERE status = 'open';
