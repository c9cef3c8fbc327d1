-- +goose Up
ALTER TABLE packages ADD COLUMN files TEXT NOT NULL DEFAULT '';
