package viewstore

import (
	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
)

// Rows of areas, classes, persons and enrolments, to fill rosters at once.
type areaRow struct {
	bun.BaseModel `bun:"table:areas,alias:a"`

	ID     string `bun:",pk"`
	Parent string
	Kind   string
	Code   string
	Name   string
}

type classRow struct {
	bun.BaseModel `bun:"table:classes,alias:c"`

	ID       string `bun:",pk"`
	Code     string
	SchoolID string
	Year     string
	Grade    int
	Name     string
	JoinCode string `bun:"door"`
}

type personRow struct {
	bun.BaseModel `bun:"table:persons,alias:p"`

	ID           string `bun:",pk"`
	Username     string
	Name         string
	NameKey      string
	Folded       string
	PasswordHash string
	Active       bool
	Demo         bool
	CreatedAt    sqldb.Timestamp
	Email        string
	Machine      bool
}

type enrolmentRow struct {
	bun.BaseModel `bun:"table:enrolments,alias:e"`

	PersonID  string `bun:",pk"`
	ClassID   string `bun:",pk"`
	FromDay   string `bun:",pk"`
	Batch     string `bun:",pk"`
	ToDay     string
	GoneBatch string
}
