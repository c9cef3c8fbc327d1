-- +goose Up
-- How many slots a week a grade's subject has on our channels at least.
CREATE TABLE weekly_rules (
    grade    BIGINT NOT NULL,
    subject  TEXT NOT NULL,
    at_least BIGINT NOT NULL,
    PRIMARY KEY (grade, subject)
);
