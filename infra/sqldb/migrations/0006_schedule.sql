-- +goose Up

CREATE TABLE channels (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    own        BOOLEAN NOT NULL,
    timezone   TEXT NOT NULL,
    created_at TIMESTAMP
);

CREATE TABLE airings (
    id           TEXT PRIMARY KEY,
    channel_id   TEXT NOT NULL REFERENCES channels (id),
    lesson_id    TEXT NOT NULL REFERENCES lessons (id),
    copy_id      TEXT NOT NULL,
    house_number TEXT NOT NULL,
    starts_at    TIMESTAMP NOT NULL,
    ends_at      TIMESTAMP NOT NULL,
    outcome      TEXT NOT NULL,
    started_at   TIMESTAMP,
    ended_at     TIMESTAMP,
    note         TEXT NOT NULL,
    reported_by  TEXT NOT NULL,
    reported_at  TIMESTAMP,
    created_by   TEXT NOT NULL,
    created_at   TIMESTAMP
);
CREATE INDEX airings_channel ON airings (channel_id, starts_at);
CREATE INDEX airings_lesson ON airings (lesson_id, starts_at);
CREATE INDEX airings_start ON airings (starts_at);
