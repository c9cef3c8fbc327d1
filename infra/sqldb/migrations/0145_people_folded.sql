-- +goose Up
-- The words that somebody is found by, folded as the search of lessons folds
-- them: " vang thi a mua". Made from name and username; '' until it is.
ALTER TABLE persons ADD COLUMN folded TEXT NOT NULL DEFAULT '';
