package sqldb

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/feedback"
)

// Problems keeps what viewers say is wrong with lessons: a feedback.Store.
type Problems struct{ db *DB }

// Problems is the store of viewers' reports.
func (d *DB) Problems() *Problems { return &Problems{d} }

var _ feedback.Store = (*Problems)(nil)

type problemRow struct {
	bun.BaseModel `bun:"table:problems,alias:p"`

	ID         string `bun:",pk"`
	LessonID   string
	Kind       string
	Text       string
	Times      int
	Reporter   string
	PersonID   string
	FirstAt    stamp
	LastAt     stamp
	State      string
	Answer     string
	AnsweredBy string
	AnsweredAt stamp
}

func (r problemRow) problem() feedback.Problem {
	return feedback.Problem{ID: r.ID, LessonID: r.LessonID, Kind: feedback.Kind(r.Kind), Text: r.Text, Times: r.Times,
		Reporter: r.Reporter, PersonID: r.PersonID,
		First: r.FirstAt.Time(), Last: r.LastAt.Time(), State: feedback.State(r.State), Answer: r.Answer,
		AnsweredBy: r.AnsweredBy, AnsweredAt: r.AnsweredAt.Time()}
}

// Report adds a problem, or counts it to the reporter's open one.
func (s *Problems) Report(ctx context.Context, p feedback.Problem) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&problemRow{ID: p.ID, LessonID: p.LessonID, Kind: string(p.Kind),
		Text: p.Text, Times: p.Times,
		Reporter: p.Reporter, PersonID: p.PersonID, FirstAt: stamp(p.First), LastAt: stamp(p.Last),
		State: string(feedback.Open)}).
		On("CONFLICT (lesson_id, kind, reporter) WHERE state = 'open' DO UPDATE").
		Set(
			"times = p.times + 1, last_at = EXCLUDED.last_at, text = CASE WHEN EXCLUDED.text = '' THEN p.text ELSE EXCLUDED.text END").Exec(ctx)
	return wrap(err, "problem of lesson", p.LessonID)
}

// OpenOf counts a lesson's open problems.
func (s *Problems) OpenOf(ctx context.Context, lesson string) (int, error) {
	n, err := s.db.Reader(ctx).NewSelect().Model((*problemRow)(nil)).Where("lesson_id = ? AND state = ?", lesson,
		feedback.Open).Count(ctx)
	return int(n), wrap(err, "problems of lesson", lesson)
}

// Answer closes a lesson's open problems of a kind.
func (s *Problems) Answer(ctx context.Context, lesson string, k feedback.Kind, by, answer string,
	at time.Time) (int, error) {
	res, err := s.db.Writer(ctx).NewUpdate().Model((*problemRow)(nil)).
		Set("state = ?, answer = ?, answered_by = ?, answered_at = ?", feedback.Answered, answer, by, stamp(at)).
		Where("lesson_id = ? AND kind = ? AND state = ?", lesson, string(k), feedback.Open).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "problems of lesson", lesson)
	}
	n, err := res.RowsAffected()
	return int(n), wrap(err, "problems of lesson", lesson)
}

// Groups lists by lesson and kind, latest first.
func (s *Problems) Groups(ctx context.Context, f feedback.Filter) ([]feedback.Group, error) {
	var rows []struct {
		LessonID, Kind string
		Viewers        int
		Last           stamp
		Answer         string
	}
	q := s.db.Reader(ctx).NewSelect().TableExpr("problems AS p").Join("JOIN lessons AS l ON l.id = p.lesson_id").
		ColumnExpr("p.lesson_id, p.kind, COUNT(*) AS viewers, MAX(p.last_at) AS last, MAX(p.answer) AS answer").
		Where("p.state = ? AND l.deleted_at IS NULL", string(f.State)).
		GroupExpr("p.lesson_id, p.kind").OrderExpr("MAX(p.last_at) DESC, p.lesson_id, p.kind").Limit(
		int64(f.Limit)).Offset(int64(f.Offset))
	if !f.All {
		q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			q.Where("? <> '' AND ? IN (l.teacher_id, l.uploader_id)", f.Owner, f.Owner)
			if len(f.Schools) > 0 {
				q.WhereOr("l.school_id IN (?)", bun.List(f.Schools))
			}
			return q
		})
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, wrap(err, "problems")
	}
	list := make([]feedback.Group, len(rows))
	for i, r := range rows {
		list[i] = feedback.Group{LessonID: r.LessonID, Kind: feedback.Kind(r.Kind), State: f.State, Viewers: r.Viewers,
			Last: r.Last.Time(), Answer: r.Answer}
	}
	return list, nil
}

// Said lists what viewers wrote in a group, latest first.
func (s *Problems) Said(ctx context.Context, lesson string, k feedback.Kind, st feedback.State,
	limit int) ([]feedback.Problem, error) {
	var rows []problemRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("lesson_id = ? AND kind = ? AND state = ? AND text <> ''",
		lesson, string(k), string(st)).
		Order("last_at DESC", "id DESC").Limit(int64(limit)).Scan(ctx)
	return problems(rows), wrap(err, "problems of lesson", lesson)
}

// OfPerson lists a person's own in a lesson, latest first.
func (s *Problems) OfPerson(ctx context.Context, lesson, person string, limit int) ([]feedback.Problem, error) {
	var rows []problemRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("person_id = ? AND lesson_id = ?", person, lesson).
		Order("last_at DESC", "id DESC").Limit(int64(limit)).Scan(ctx)
	return problems(rows), wrap(err, "problems of lesson", lesson)
}

func problems(rows []problemRow) []feedback.Problem {
	var list []feedback.Problem
	for _, r := range rows {
		list = append(list, r.problem())
	}
	return list
}

// ForgetProblems removes those first reported before the time.
func (s *Problems) ForgetProblems(ctx context.Context, before time.Time) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw(
		"DELETE FROM problems WHERE id IN (SELECT id FROM problems WHERE first_at < ? LIMIT ?)", stamp(before),
		forgetAtOnce).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "old problems")
	}
	n, err := res.RowsAffected()
	return int(n), wrap(err, "old problems")
}
