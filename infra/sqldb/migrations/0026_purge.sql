-- +goose Up
CREATE INDEX view_credits_day ON view_credits (day);
