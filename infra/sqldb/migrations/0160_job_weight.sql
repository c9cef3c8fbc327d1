-- +goose Up

-- The share of a job in the work of its group. Jobs from before count alike.
ALTER TABLE jobs ADD COLUMN weight DOUBLE PRECISION NOT NULL DEFAULT 1;
