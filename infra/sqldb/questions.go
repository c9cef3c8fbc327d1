package sqldb

import (
	"context"
	"math"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/question"
)

// Questions keeps questions under lessons: a question.Store.
type Questions struct{ db *DB }

// Questions is the store of questions.
func (d *DB) Questions() *Questions { return &Questions{d} }

var _ question.Store = (*Questions)(nil)

type questionSettingRow struct {
	bun.BaseModel `bun:"table:question_settings,alias:s"`

	LessonID  string `bun:",pk"`
	IsOn      bool
	NoticeID  string
	ByPerson  string
	ChangedAt stamp
}

type questionRow struct {
	bun.BaseModel `bun:"table:questions,alias:q"`

	ID        string `bun:",pk"`
	LessonID  string
	PersonID  string
	ClassID   string
	Words     string
	AtMs      int64
	State     string
	Answer    string
	Reason    string
	CreatedAt stamp
	SettledBy string
	SettledAt stamp
}

func (r questionRow) question() question.Question {
	q := question.Question{ID: r.ID, LessonID: r.LessonID, PersonID: r.PersonID, ClassID: r.ClassID, Text: r.Words,
		At:    float64(r.AtMs) / 1000,
		State: question.State(r.State), Answer: r.Answer, Reason: r.Reason, CreatedAt: r.CreatedAt.Time(),
		SettledBy: r.SettledBy, SettledAt: r.SettledAt.Time()}
	if r.AtMs < 0 {
		q.At = question.NoMoment
	}
	return q
}

// Setting reads whether questions are on.
func (s *Questions) Setting(ctx context.Context, lesson string) (question.Setting, error) {
	var r questionSettingRow
	err := missing(s.db.Reader(ctx).NewSelect().Model(&r).Where("lesson_id = ?", lesson).Scan(ctx),
		"question.not_found", "questions of lesson", lesson)
	if fault.KindOf(err) == fault.NotFound {
		return question.Setting{LessonID: lesson}, nil
	}
	return question.Setting{LessonID: lesson, On: r.IsOn, NoticeID: r.NoticeID, ByPerson: r.ByPerson,
		At: r.ChangedAt.Time()}, err
}

// SaveSetting adds or replaces a lesson's.
func (s *Questions) SaveSetting(ctx context.Context, x question.Setting) error {
	r := questionSettingRow{LessonID: x.LessonID, IsOn: x.On, NoticeID: x.NoticeID, ByPerson: x.ByPerson,
		ChangedAt: stamp(x.At)}
	_, err := s.db.Writer(ctx).NewInsert().Model(&r).On("CONFLICT (lesson_id) DO UPDATE").Exec(ctx)
	return wrap(err, "questions of lesson", x.LessonID)
}

// Question reads one.
func (s *Questions) Question(ctx context.Context, id string) (question.Question, error) {
	var r questionRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return question.Question{}, missing(err, "question.not_found", "question", id)
	}
	return r.question(), nil
}

// SaveQuestion adds or replaces one.
func (s *Questions) SaveQuestion(ctx context.Context, q question.Question) error {
	r := questionRow{ID: q.ID, LessonID: q.LessonID, PersonID: q.PersonID, ClassID: q.ClassID, Words: q.Text,
		AtMs:  int64(math.Round(q.At * 1000)),
		State: string(q.State), Answer: q.Answer, Reason: q.Reason, CreatedAt: stamp(q.CreatedAt),
		SettledBy: q.SettledBy, SettledAt: stamp(q.SettledAt)}
	_, err := s.db.Writer(ctx).NewInsert().Model(&r).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "question", q.ID)
}

// DeleteQuestion removes one; there being none is no error.
func (s *Questions) DeleteQuestion(ctx context.Context, id string) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*questionRow)(nil)).Where("id = ?", id).Exec(ctx)
	return wrap(err, "question", id)
}

// Questions lists newest first.
func (s *Questions) Questions(ctx context.Context, f question.Filter) ([]question.Question, error) {
	var rows []questionRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).Order("created_at DESC", "id DESC")
	for column, value := range map[string]string{"lesson_id": f.Lesson, "person_id": f.Person,
		"state": string(f.State)} {
		if value != "" {
			q.Where("? = ?", bun.Ident(column), value)
		}
	}
	if !f.Since.IsZero() {
		q.Where("created_at > ?", stamp(f.Since))
	}
	if f.Before != "" {
		b, err := s.Question(ctx, f.Before)
		if err != nil {
			return nil, err
		}
		q.Where("(created_at, id) < (?, ?)", stamp(b.CreatedAt), b.ID)
	}
	if f.Limit > 0 {
		q.Limit(int64(f.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap(err, "questions", f.Lesson)
	}
	list := make([]question.Question, len(rows))
	for i, r := range rows {
		list[i] = r.question()
	}
	return list, nil
}

// ForgetQuestions deletes questions that are older, the oldest first.
func (s *Questions) ForgetQuestions(ctx context.Context, before time.Time, limit int) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw(`DELETE FROM questions WHERE id IN
		(SELECT id FROM questions WHERE created_at < ? ORDER BY created_at LIMIT ?)`, stamp(before), limit).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "questions of a past term")
	}
	n, err := res.RowsAffected()
	return int(n), wrap(err, "questions of a past term")
}
