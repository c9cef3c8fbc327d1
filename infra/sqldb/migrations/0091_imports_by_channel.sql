-- +goose Up
-- One file may speak of two channels: it is the same file again only for the
-- same channel.
DROP INDEX figure_imports_hash;
CREATE UNIQUE INDEX figure_imports_hash ON figure_imports (channel_id, hash) WHERE committed_at IS NOT NULL;
DROP INDEX asrun_imports_hash;
CREATE UNIQUE INDEX asrun_imports_hash ON asrun_imports (channel_id, hash) WHERE committed_at IS NOT NULL;
