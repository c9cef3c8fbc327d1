-- +goose Up
-- The trace that asked for a job, as a W3C traceparent; '' when there is none.
ALTER TABLE jobs ADD COLUMN trace TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE jobs DROP COLUMN trace;
