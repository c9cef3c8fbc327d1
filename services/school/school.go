// Package school is the organisation: areas, schools, classes, and the lists
// that an administrator may change (subjects, weeks).
package school

import (
	"context"
	"time"
)

// Area is a place in the tree of places (commune, district, province); Kind is
// data, because districts went in July 2025 and communes remain.
type Area struct {
	ID, Parent, Kind, Code, Name string
}

// Level of a school.
type Level string

// The levels; Mixed covers several.
const (
	Primary        Level = "primary"
	LowerSecondary Level = "lower_secondary"
	UpperSecondary Level = "upper_secondary"
	Mixed          Level = "mixed"
)

// School is one school; Code is the ministry's.
type School struct {
	ID, Code, Name, AreaID string
	Level                  Level
	CreatedAt              time.Time
}

// Subject is one subject of the curriculum. Code is stable ("toan"), Name is
// for people ("Toán"). Grades it is taught in, FromGrade to ToGrade.
type Subject struct {
	Code, Name, NameEn string
	FromGrade, ToGrade int
	Order              int
}

// Grades and weeks of the 2018 general curriculum.
const (
	MinGrade, MaxGrade = 1, 12
	MinWeek, MaxWeek   = 1, 35
)

// Store keeps the organisation. Missing rows are fault.NotFound "school.not_found".
type Store interface {
	School(ctx context.Context, id string) (School, error)
	Schools(ctx context.Context) ([]School, error)
	SaveSchool(ctx context.Context, s School) error
	Areas(ctx context.Context) ([]Area, error)
	SaveArea(ctx context.Context, a Area) error
	// Subjects in Order; the migrations put the curriculum's list there.
	Subjects(ctx context.Context) ([]Subject, error)
	SaveSubject(ctx context.Context, s Subject) error
}
