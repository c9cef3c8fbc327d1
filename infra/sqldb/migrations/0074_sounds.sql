-- +goose Up
ALTER TABLE lessons ADD COLUMN media_sounds TEXT NOT NULL DEFAULT '';
