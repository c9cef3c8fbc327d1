-- +goose Up
-- Moments are Unix milliseconds and lengths milliseconds, so that the rules'
-- sums are exact; a day is a local day, '2020-04-13'.

-- One row for each viewer that ever sent a heartbeat: what a batch locks.
CREATE TABLE viewers (
    id TEXT PRIMARY KEY
);

-- One row for each playback session, or offline run: its heartbeats merged.
CREATE TABLE view_sessions (
    id          TEXT PRIMARY KEY,
    viewer      TEXT NOT NULL,
    day         TEXT NOT NULL,
    lesson_id   TEXT NOT NULL,
    package_id  TEXT NOT NULL,
    issued_ms   BIGINT NOT NULL,
    last_ms     BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    played      TEXT NOT NULL,
    stated_ms   BIGINT NOT NULL,
    by_union    BOOLEAN NOT NULL,
    left_out    TEXT NOT NULL,
    offline     BOOLEAN NOT NULL,
    embedded    BOOLEAN NOT NULL,
    heat        TEXT NOT NULL
);
CREATE INDEX view_sessions_viewer ON view_sessions (viewer, day);
CREATE INDEX view_sessions_day ON view_sessions (day);

-- What a viewer's sessions of a package on a day count for, and fold into.
CREATE TABLE view_credits (
    viewer      TEXT NOT NULL,
    day         TEXT NOT NULL,
    lesson_id   TEXT NOT NULL,
    package_id  TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    coverage    TEXT NOT NULL,
    watch_ms    BIGINT NOT NULL,
    viewed      BOOLEAN NOT NULL,
    offline     BOOLEAN NOT NULL,
    unmatched   BOOLEAN NOT NULL,
    heat        TEXT NOT NULL,
    PRIMARY KEY (viewer, day, lesson_id, package_id)
);
CREATE INDEX view_credits_lesson ON view_credits (lesson_id, day, viewer) WHERE viewed;
CREATE INDEX view_credits_package ON view_credits (package_id, viewer);

CREATE TABLE view_flags (
    viewer      TEXT NOT NULL,
    day         TEXT NOT NULL,
    reason      TEXT NOT NULL,
    at          TIMESTAMP,
    restored_by TEXT NOT NULL,
    restored_at TIMESTAMP,
    PRIMARY KEY (viewer, day)
);
CREATE INDEX view_flags_day ON view_flags (day);

CREATE TABLE view_totals (
    lesson_id       TEXT NOT NULL,
    day             TEXT NOT NULL,
    views           BIGINT NOT NULL,
    offline_views   BIGINT NOT NULL,
    unmatched_views BIGINT NOT NULL,
    completions     BIGINT NOT NULL,
    watch_ms        BIGINT NOT NULL,
    PRIMARY KEY (lesson_id, day)
);
CREATE INDEX view_totals_day ON view_totals (day);

CREATE TABLE view_left_out (
    lesson_id TEXT NOT NULL,
    day       TEXT NOT NULL,
    reason    TEXT NOT NULL,
    sessions  BIGINT NOT NULL,
    PRIMARY KEY (lesson_id, day, reason)
);
