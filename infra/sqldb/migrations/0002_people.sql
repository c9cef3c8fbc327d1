-- +goose Up

CREATE TABLE persons (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL,
    name          TEXT NOT NULL,
    -- name_key orders names as Vietnamese lists do; it is made from name.
    name_key      TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    active        BOOLEAN NOT NULL,
    demo          BOOLEAN NOT NULL,
    created_at    TIMESTAMP
);
CREATE UNIQUE INDEX persons_username ON persons (username);
CREATE INDEX persons_name ON persons (name_key, id);

CREATE TABLE grants (
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,
    school_id TEXT NOT NULL,
    position  BIGINT NOT NULL,
    PRIMARY KEY (person_id, role, school_id)
);
CREATE INDEX grants_role ON grants (role, person_id);

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    hash       TEXT NOT NULL,
    person_id  TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at TIMESTAMP,
    seen_at    TIMESTAMP,
    expires_at TIMESTAMP
);
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_person ON sessions (person_id);
