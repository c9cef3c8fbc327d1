-- +goose Up
-- Guidance from the department or a school. The body stays as long as the
-- notice may be looked up; receipts and letters say which staff it reached.
CREATE TABLE notices (
    id           TEXT PRIMARY KEY,
    title        TEXT NOT NULL,
    body         TEXT NOT NULL,
    school_id    TEXT NOT NULL,
    author_id    TEXT NOT NULL,
    staff        BOOLEAN NOT NULL,
    grades       TEXT NOT NULL,
    classes      TEXT NOT NULL,
    letters      BOOLEAN NOT NULL,
    publish_at   TIMESTAMP,
    ends_at      TIMESTAMP,
    created_at   TIMESTAMP,
    changed_at   TIMESTAMP,
    withdrawn_at TIMESTAMP
);
CREATE INDEX notices_publish ON notices (publish_at, id);
CREATE INDEX notices_school ON notices (school_id, publish_at);

CREATE TABLE notice_files (
    id         TEXT PRIMARY KEY,
    notice_id  TEXT NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    object_key TEXT NOT NULL,
    size       BIGINT NOT NULL,
    created_at TIMESTAMP
);
CREATE INDEX notice_files_notice ON notice_files (notice_id);

CREATE TABLE notice_receipts (
    notice_id TEXT NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    at        TIMESTAMP,
    PRIMARY KEY (notice_id, person_id)
);
CREATE INDEX notice_receipts_person ON notice_receipts (person_id);

CREATE TABLE notice_letters (
    notice_id TEXT NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    at        TIMESTAMP,
    PRIMARY KEY (notice_id, person_id)
);
CREATE INDEX notice_letters_person ON notice_letters (person_id);

-- Other systems that want to be told, and what they were told; deliveries go
-- after 30 days.
CREATE TABLE webhooks (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    url      TEXT NOT NULL,
    secret   TEXT NOT NULL,
    events   TEXT NOT NULL,
    active   BOOLEAN NOT NULL,
    made_by  TEXT NOT NULL,
    made_at  TIMESTAMP,
    ended_at TIMESTAMP
);

CREATE TABLE webhook_deliveries (
    id         TEXT PRIMARY KEY,
    hook_id    TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event      TEXT NOT NULL,
    body       TEXT NOT NULL,
    state      TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    created_at TIMESTAMP,
    tried_at   TIMESTAMP
);
CREATE INDEX webhook_deliveries_hook ON webhook_deliveries (hook_id, created_at);
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at);
