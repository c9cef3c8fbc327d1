-- +goose Up
CREATE TABLE replays (
  person TEXT NOT NULL,
  replay_key TEXT NOT NULL,
  request TEXT NOT NULL,
  status BIGINT NOT NULL,
  body TEXT NOT NULL,
  at TIMESTAMP NOT NULL,
  PRIMARY KEY (person, replay_key)
);
CREATE INDEX replays_at ON replays (at);
