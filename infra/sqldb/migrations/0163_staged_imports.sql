-- +goose Up
-- Large imports are written in pieces that nobody sees, and one short
-- transaction makes all of them visible: it puts the name of the batch into
-- the import's row. Afterwards the rows move to the tables proper, again in
-- pieces, and the batch is emptied. Nothing that was there changes.
CREATE TABLE figures_staged (
    id           TEXT PRIMARY KEY,
    batch        TEXT NOT NULL,
    airing_id    TEXT NOT NULL REFERENCES airings (id),
    lesson_id    TEXT NOT NULL,
    channel_id   TEXT NOT NULL,
    metric       TEXT NOT NULL,
    value        DOUBLE PRECISION NOT NULL,
    unit         TEXT NOT NULL,
    grade        TEXT NOT NULL,
    source       TEXT NOT NULL,
    method       TEXT NOT NULL,
    handed_in_by TEXT NOT NULL,
    import_id    TEXT NOT NULL,
    import_row   BIGINT NOT NULL,
    at           TIMESTAMP NOT NULL,
    replaces     TEXT NOT NULL
);
CREATE INDEX figures_staged_batch ON figures_staged (batch, id);
CREATE INDEX figures_staged_airing ON figures_staged (airing_id);
CREATE INDEX figures_staged_at ON figures_staged (at);

ALTER TABLE figure_imports ADD COLUMN batch TEXT NOT NULL DEFAULT '';
CREATE INDEX figure_imports_batch ON figure_imports (batch) WHERE batch <> '';

CREATE VIEW seen_figures AS
SELECT id, airing_id, lesson_id, channel_id, metric, value, unit, grade, source, method, handed_in_by, import_id, import_row, at, replaces
  FROM figures
UNION ALL
SELECT id, airing_id, lesson_id, channel_id, metric, value, unit, grade, source, method, handed_in_by, import_id, import_row, at, replaces
  FROM figures_staged WHERE batch IN (SELECT i.batch FROM figure_imports AS i WHERE i.batch <> '');

-- What an as-run log says about an airing. A superseded row has been reported
-- again since; only its audit entry is still to be written.
CREATE TABLE asrun_staged (
    batch       TEXT NOT NULL,
    airing_id   TEXT NOT NULL REFERENCES airings (id),
    outcome     TEXT NOT NULL,
    started_at  TIMESTAMP,
    ended_at    TIMESTAMP,
    note        TEXT NOT NULL,
    reported_by TEXT NOT NULL,
    reported_at TIMESTAMP NOT NULL,
    superseded  BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (batch, airing_id)
);
CREATE INDEX asrun_staged_airing ON asrun_staged (airing_id);
CREATE INDEX asrun_staged_at ON asrun_staged (reported_at);

ALTER TABLE asrun_imports ADD COLUMN batch TEXT NOT NULL DEFAULT '';
CREATE INDEX asrun_imports_batch ON asrun_imports (batch) WHERE batch <> '';

CREATE VIEW seen_airings AS
SELECT a.id, a.channel_id, a.lesson_id, a.copy_id, a.house_number, a.starts_at, a.ends_at,
       CASE WHEN s.batch IS NULL THEN a.outcome ELSE s.outcome END AS outcome,
       CASE WHEN s.batch IS NULL THEN a.started_at ELSE s.started_at END AS started_at,
       CASE WHEN s.batch IS NULL THEN a.ended_at ELSE s.ended_at END AS ended_at,
       CASE WHEN s.batch IS NULL THEN a.note ELSE s.note END AS note,
       CASE WHEN s.batch IS NULL THEN a.reported_by ELSE s.reported_by END AS reported_by,
       CASE WHEN s.batch IS NULL THEN a.reported_at ELSE s.reported_at END AS reported_at,
       a.created_by, a.created_at, a.repeat_of
  FROM airings AS a
  LEFT JOIN asrun_staged AS s ON s.airing_id = a.id AND NOT s.superseded
       AND s.batch IN (SELECT i.batch FROM asrun_imports AS i WHERE i.batch <> '');

-- Counts the changes of a channel's airings and figures: an import is made
-- visible only while what it was checked against still holds.
ALTER TABLE channels ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

INSERT INTO settings (name, value) VALUES ('migration 163', 'expands');
