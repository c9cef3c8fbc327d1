-- +goose Up
-- '' for figures, 'minutes' for an operator's households by minute.
ALTER TABLE figure_imports ADD COLUMN kind TEXT NOT NULL DEFAULT '';
