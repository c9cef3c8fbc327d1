-- +goose Up
-- The first airing that this one repeats, or ''.
ALTER TABLE airings ADD COLUMN repeat_of TEXT NOT NULL DEFAULT '';
