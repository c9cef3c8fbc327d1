-- +goose Up
-- People in the order of their names with their words beside it: a search
-- walks this alone and stops at a page's end.
CREATE INDEX persons_words ON persons (name_key, id, folded);
DROP INDEX persons_name;
