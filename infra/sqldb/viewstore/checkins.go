package viewstore

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/viewership/television"
)

// CheckIns keeps the codes shown on television and who entered them: a
// television.CheckInStore.
type CheckIns struct{ db *sqldb.DB }

// NewCheckIns makes the store of check-ins.
func NewCheckIns(db *sqldb.DB) *CheckIns { return &CheckIns{db} }

var _ television.CheckInStore = (*CheckIns)(nil)

type codeRow struct {
	bun.BaseModel `bun:"table:checkin_codes,alias:k"`

	Code      string `bun:",pk"`
	CopyID    string
	LessonID  string
	ChannelID string
	Second    bool
	MomentMs  int64
}

func (r *codeRow) code() television.Code {
	return television.Code{
		Code: r.Code, CopyID: r.CopyID, LessonID: r.LessonID, ChannelID: r.ChannelID, Second: r.Second,
		Moment: time.Duration(r.MomentMs) * time.Millisecond,
	}
}

type checkInRow struct {
	bun.BaseModel `bun:"table:checkins,alias:k"`

	AiringID string `bun:",pk"`
	Viewer   string `bun:",pk"`
	Code     string
	At       sqldb.Timestamp
	StayedAt sqldb.Timestamp
	Repeated bool
	State    string
	Stayed   bool
}

// AddCodes keeps a copy's codes.
func (s *CheckIns) AddCodes(ctx context.Context, cs []television.Code) error {
	rows := make([]codeRow, len(cs))
	for i, c := range cs {
		rows[i] = codeRow{Code: c.Code, CopyID: c.CopyID, LessonID: c.LessonID, ChannelID: c.ChannelID,
			Second: c.Second, MomentMs: c.Moment.Milliseconds()}
	}
	_, err := s.db.Writer(ctx).NewInsert().Model(&rows).Exec(ctx)
	if sqldb.IsDuplicate(err, "checkin_codes_pkey", "checkin_codes.code") {
		return fault.New(fault.Conflict, "checkin.code_taken")
	}
	return sqldb.WrapError(err, "check-in codes")
}

// Code reads one code.
func (s *CheckIns) Code(ctx context.Context, code string) (television.Code, error) {
	var r codeRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("code = ?", code).Scan(ctx); err != nil {
		return television.Code{}, sqldb.MissingRow(err, "checkin.unknown_code", "check-in code")
	}
	return r.code(), nil
}

// CodesOf lists a copy's codes.
func (s *CheckIns) CodesOf(ctx context.Context, copyID string) ([]television.Code, error) {
	var rows []codeRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("copy_id = ?",
		copyID).Order("moment_ms").Scan(ctx); err != nil {
		return nil, sqldb.WrapError(err, "check-in codes of", copyID)
	}
	list := make([]television.Code, len(rows))
	for i := range rows {
		list[i] = rows[i].code()
	}
	return list, nil
}

// CheckIns lists an airing's, of one viewer or of all.
func (s *CheckIns) CheckIns(ctx context.Context, airingID, viewer string) ([]television.CheckIn, error) {
	var rows []checkInRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).Where("airing_id = ?", airingID)
	if viewer != "" {
		q = q.Where("viewer = ?", viewer)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, sqldb.WrapError(err, "check-ins of airing", airingID)
	}
	list := make([]television.CheckIn, len(rows))
	for i, r := range rows {
		list[i] = television.CheckIn{
			AiringID: r.AiringID, Viewer: r.Viewer, Code: r.Code, At: r.At.Time(), StayedAt: r.StayedAt.Time(),
			Repeat: r.Repeated, State: television.CheckInState(r.State), Stayed: r.Stayed,
		}
	}
	return list, nil
}

// SaveCheckIns adds or replaces check-ins.
func (s *CheckIns) SaveCheckIns(ctx context.Context, ks []television.CheckIn) error {
	for part := range slices.Chunk(ks, 500) {
		rows := make([]checkInRow, len(part))
		for i, k := range part {
			rows[i] = checkInRow{
				AiringID: k.AiringID, Viewer: k.Viewer, Code: k.Code, At: sqldb.Timestamp(k.At),
				StayedAt: sqldb.Timestamp(k.StayedAt),
				Repeated: k.Repeat, State: string(k.State), Stayed: k.Stayed,
			}
		}
		if _, err := s.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT (airing_id, viewer) DO UPDATE").Exec(
			ctx); err != nil {
			return sqldb.WrapError(err, "check-ins")
		}
	}
	return nil
}

type checkInCountRow struct {
	AiringID string
	State    string
	Person   bool
	N        int64
	Stayed   int64
	Repeats  int64
}

// CountCheckIns counts airings' check-ins.
func (s *CheckIns) CountCheckIns(ctx context.Context, airings []string) (map[string]television.CheckInCount, error) {
	m := map[string]television.CheckInCount{}
	for part := range slices.Chunk(airings, 500) {
		var rows []checkInCountRow
		err := s.db.Reader(ctx).NewSelect().TableExpr("checkins AS k").
			ColumnExpr("k.airing_id, k.state, k.viewer LIKE 'p:%' AS person, COUNT(*) AS n").
			ColumnExpr("CAST(SUM(CASE WHEN k.stayed THEN 1 ELSE 0 END) AS BIGINT) AS stayed").
			ColumnExpr("CAST(SUM(CASE WHEN k.repeated THEN 1 ELSE 0 END) AS BIGINT) AS repeats").
			Where("k.airing_id IN (?)", bun.List(part)).GroupExpr(
			"k.airing_id, k.state, k.viewer LIKE 'p:%'").Scan(ctx, &rows)
		if err != nil {
			return nil, sqldb.WrapError(err, "check-ins")
		}
		for _, r := range rows {
			c := m[r.AiringID]
			switch television.CheckInState(r.State) {
			case television.CheckInPending:
				c.Pending += r.N
			case television.CheckInCounted:
				if r.Person {
					c.Persons += r.N
				} else {
					c.Devices += r.N
				}
				c.Stayed, c.Repeats = c.Stayed+r.Stayed, c.Repeats+r.Repeats
			}
			m[r.AiringID] = c
		}
	}
	return m, nil
}

// Persons gives the signed-in persons whose check-ins of the airings count.
func (s *CheckIns) Persons(ctx context.Context, airings []string) (map[string]bool, error) {
	m := map[string]bool{}
	for part := range slices.Chunk(airings, 500) {
		var viewers []string
		err := s.db.Reader(ctx).NewSelect().TableExpr("checkins AS k").ColumnExpr("DISTINCT k.viewer").
			Where("k.airing_id IN (?) AND k.state = ? AND k.viewer LIKE 'p:%'", bun.List(part),
				string(television.CheckInCounted)).Scan(ctx, &viewers)
		if err != nil {
			return nil, sqldb.WrapError(err, "persons who checked in")
		}
		maps.Copy(m, persons(viewers))
	}
	return m, nil
}
