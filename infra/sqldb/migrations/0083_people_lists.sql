-- +goose Up
-- One school's people, without looking at everybody's roles.
CREATE INDEX grants_school ON grants (school_id, role, person_id);
