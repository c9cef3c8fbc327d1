package viewstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/viewership/television"
)

// RollCalls keeps what classes said of airings, and draws of classes: a
// television.RollCallStore.
type RollCalls struct{ db *sqldb.DB }

// NewRollCalls makes the store of roll calls.
func NewRollCalls(db *sqldb.DB) *RollCalls { return &RollCalls{db} }

var _ television.RollCallStore = (*RollCalls)(nil)

type rollCallRow struct {
	bun.BaseModel `bun:"table:roll_calls,alias:r"`

	ID       string `bun:",pk"`
	AiringID string
	ClassID  string
	Asked    int64
	Watched  int64
	Named    bool
	ByPerson string
	At       sqldb.Timestamp
	Replaces string
}

type rollNameRow struct {
	bun.BaseModel `bun:"table:roll_call_names,alias:n"`

	RollCallID string `bun:",pk"`
	PersonID   string `bun:",pk"`
}

type drawRow struct {
	bun.BaseModel `bun:"table:class_draws,alias:d"`

	ID         string `bun:",pk"`
	AiringID   string
	Seed       string
	Frame      int64
	FrameHash  string
	Population int64
	Classes    string
	ByPerson   string
	At         sqldb.Timestamp
}

// AddRollCall appends a roll call with its names.
func (s *RollCalls) AddRollCall(ctx context.Context, r television.RollCall) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		_, err := s.db.Writer(ctx).NewInsert().Model(&rollCallRow{ID: r.ID, AiringID: r.AiringID, ClassID: r.ClassID,
			Asked: r.Asked, Watched: r.Watched,
			Named: r.Named, ByPerson: r.By, At: sqldb.Timestamp(r.At), Replaces: r.Replaces}).Exec(ctx)
		if sqldb.IsDuplicate(err, "roll_calls_replaces", "roll_calls.replaces") {
			return fault.Wrap(err, fault.Conflict, "rollcall.changed")
		}
		if err != nil || len(r.Names) == 0 {
			return sqldb.WrapError(err, "roll call", r.ID)
		}
		rows := make([]rollNameRow, len(r.Names))
		for i, p := range r.Names {
			rows[i] = rollNameRow{RollCallID: r.ID, PersonID: p}
		}
		_, err = s.db.Writer(ctx).NewInsert().Model(&rows).Exec(ctx)
		return sqldb.WrapError(err, "roll call", r.ID)
	})
}

// RollCalls lists airings' roll calls, oldest first.
func (s *RollCalls) RollCalls(ctx context.Context, airings []string) ([]television.RollCall, error) {
	var list []television.RollCall
	for part := range slices.Chunk(airings, 500) {
		var rows []rollCallRow
		if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("airing_id IN (?)", bun.List(part)).Order("at",
			"id").Scan(ctx); err != nil {
			return nil, sqldb.WrapError(err, "roll calls")
		}
		for _, r := range rows {
			list = append(list, television.RollCall{ID: r.ID, AiringID: r.AiringID, ClassID: r.ClassID, Asked: r.Asked,
				Watched: r.Watched,
				Named:   r.Named, By: r.ByPerson, At: r.At.Time(), Replaces: r.Replaces})
		}
	}
	return list, nil
}

// Names gives the persons that standing roll calls name and who did not check
// in themselves, by airing.
func (s *RollCalls) Names(ctx context.Context, airings []string) (map[string][]string, error) {
	m := map[string][]string{}
	for part := range slices.Chunk(airings, 500) {
		var rows []struct{ AiringID, PersonID string }
		err := s.db.Reader(ctx).NewSelect().TableExpr("roll_call_names AS n").Join(
			"JOIN roll_calls AS r ON r.id = n.roll_call_id").
			ColumnExpr("DISTINCT r.airing_id, n.person_id").
			Where("r.airing_id IN (?)", bun.List(part)).
			Where(
				"NOT EXISTS (SELECT 1 FROM roll_calls AS o WHERE o.replaces = r.id AND o.airing_id = r.airing_id AND o.class_id = r.class_id)").
			Where(
				"NOT EXISTS (SELECT 1 FROM checkins AS k WHERE k.airing_id = r.airing_id AND k.viewer = 'p:' || n.person_id AND k.state = ?)", string(television.CheckInCounted)).
			Scan(ctx, &rows)
		if err != nil {
			return nil, sqldb.WrapError(err, "names of roll calls")
		}
		for _, r := range rows {
			m[r.AiringID] = append(m[r.AiringID], r.PersonID)
		}
	}
	return m, nil
}

// AddDraw keeps a draw; an airing has one.
func (s *RollCalls) AddDraw(ctx context.Context, d television.Draw) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&drawRow{ID: d.ID, AiringID: d.AiringID, Seed: d.Seed, Frame: d.Frame,
		FrameHash:  d.FrameHash,
		Population: d.Population, Classes: strings.Join(d.Classes, " "), ByPerson: d.By,
		At: sqldb.Timestamp(d.At)}).Exec(ctx)
	if sqldb.IsDuplicate(err, "class_draws_airing", "class_draws.airing_id") {
		return fault.Wrap(err, fault.Conflict, "draw.already_drawn")
	}
	return sqldb.WrapError(err, "draw for airing", d.AiringID)
}

// Draws lists airings' draws.
func (s *RollCalls) Draws(ctx context.Context, airings []string) ([]television.Draw, error) {
	var list []television.Draw
	for part := range slices.Chunk(airings, 500) {
		var rows []drawRow
		if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("airing_id IN (?)", bun.List(part)).Order("at",
			"id").Scan(ctx); err != nil {
			return nil, sqldb.WrapError(err, "draws of classes")
		}
		for _, r := range rows {
			list = append(list, television.Draw{ID: r.ID, AiringID: r.AiringID, Seed: r.Seed, Frame: r.Frame,
				FrameHash:  r.FrameHash,
				Population: r.Population, Classes: strings.Fields(r.Classes), By: r.ByPerson, At: r.At.Time()})
		}
	}
	return list, nil
}

// Frame lists the classes of a grade that have students on a day.
func (s *RollCalls) Frame(ctx context.Context, grade int, day string) ([]television.FrameClass, error) {
	var list []television.FrameClass
	err := s.db.Reader(ctx).NewSelect().TableExpr("classes AS c").Join(
		"JOIN seen_enrolments AS e ON e.class_id = c.id").
		ColumnExpr("c.id AS id, COUNT(DISTINCT e.person_id) AS students").Where("c.grade = ?",
		grade).Where(sqldb.EnrolledOnDay, day, day).
		GroupExpr("c.id").OrderExpr("c.id").Scan(ctx, &list)
	return list, sqldb.WrapError(err, "classes of a grade")
}

// PurgeNames forgets names of roll calls before a moment; their counts stay.
func (s *RollCalls) PurgeNames(ctx context.Context, before time.Time, limit int) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw(`DELETE FROM roll_call_names WHERE (roll_call_id, person_id) IN (
		SELECT n.roll_call_id, n.person_id FROM roll_call_names AS n JOIN roll_calls AS r ON r.id = n.roll_call_id
		WHERE r.at < ? LIMIT ?)`,
		sqldb.Timestamp(before), limit).Exec(ctx)
	if err != nil {
		return 0, sqldb.WrapError(err, "names of roll calls")
	}
	n, err := res.RowsAffected()
	return int(n), sqldb.WrapError(err, "names of roll calls")
}
