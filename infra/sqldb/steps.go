package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/lesson"
)

// Steps keeps the history of lessons: a lesson.Histories.
type Steps struct{ db *DB }

// Steps is the store of lessons' histories.
func (d *DB) Steps() *Steps { return &Steps{d} }

var _ lesson.Histories = (*Steps)(nil)

type stepRow struct {
	bun.BaseModel `bun:"table:lesson_steps,alias:ls"`

	ID       string `bun:",pk"`
	LessonID string
	At       stamp
	ByPerson string
	Kind     string
	Note     string
	Moment   float64
	UntilAt  stamp
}

// SaveStep adds or replaces a step.
func (s *Steps) SaveStep(ctx context.Context, x lesson.Step) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&stepRow{
		ID: x.ID, LessonID: x.LessonID, At: stamp(x.At), ByPerson: x.By, Kind: string(x.Kind), Note: x.Note,
		Moment: x.Moment, UntilAt: stamp(x.Until),
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "history of lesson", x.LessonID)
}

// Steps lists a lesson's, newest first.
func (s *Steps) Steps(ctx context.Context, lessonID string, limit int) ([]lesson.Step, error) {
	var rows []stepRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("lesson_id = ?", lessonID).Order("at DESC",
		"id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "history of lesson", lessonID)
	}
	list := make([]lesson.Step, len(rows))
	for i, r := range rows {
		list[i] = lesson.Step{ID: r.ID, LessonID: r.LessonID, At: r.At.Time(), By: r.ByPerson,
			Kind: lesson.StepKind(r.Kind), Note: r.Note,
			Moment: r.Moment, Until: r.UntilAt.Time()}
	}
	return list, nil
}

// ForgetSteps removes a lesson's history.
func (s *Steps) ForgetSteps(ctx context.Context, lessonID string) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*stepRow)(nil)).Where("lesson_id = ?", lessonID).Exec(ctx)
	return wrap(err, "history of lesson", lessonID)
}

// Queue counts what waits for a decision, by subject.
func (s *Steps) Queue(ctx context.Context, school string) ([]lesson.Queued, error) {
	var rows []struct {
		Subject string
		Lessons int
		Oldest  stamp
	}
	q := s.db.Reader(ctx).NewSelect().TableExpr("lessons").ColumnExpr(
		"subject, COUNT(*) AS lessons, MIN(submitted_at) AS oldest").
		Where("status = ? AND approved_by = '' AND deleted_at IS NULL", string(lesson.Submitted)).
		Group("subject").OrderExpr("MIN(submitted_at), subject")
	if school != "" {
		q = q.Where("school_id = ?", school)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, wrap(err, "review queue")
	}
	list := make([]lesson.Queued, len(rows))
	for i, r := range rows {
		list[i] = lesson.Queued{Subject: r.Subject, Lessons: r.Lessons, Oldest: r.Oldest.Time()}
	}
	return list, nil
}
