package sqldb

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/feedback"
)

// Thumbs stores whether viewers understood the chapters of lessons: a feedback.ThumbStore.
type Thumbs struct{ db *DB }

// Thumbs returns the store of thumbs.
func (d *DB) Thumbs() *Thumbs { return &Thumbs{d} }

var _ feedback.ThumbStore = (*Thumbs)(nil)

type thumbRow struct {
	bun.BaseModel `bun:"table:thumbs,alias:t"`

	LessonID   string `bun:",pk"`
	ChapterMs  int64  `bun:",pk"`
	Viewer     string `bun:",pk"`
	Understood bool
	SaidAt     stamp
}

// wholeMs is the stored chapter of a lesson without chapters.
const wholeMs = -1

func chapterMs(at time.Duration) int64 {
	if at == feedback.WholeLesson {
		return wholeMs
	}
	return at.Milliseconds()
}

func chapterAt(ms int64) time.Duration {
	if ms == wholeMs {
		return feedback.WholeLesson
	}
	return time.Duration(ms) * time.Millisecond
}

// SaveThumb adds a viewer's thumb for a chapter, or replaces it.
func (s *Thumbs) SaveThumb(ctx context.Context, t feedback.Thumb) error {
	r := thumbRow{LessonID: t.LessonID, ChapterMs: chapterMs(t.Chapter), Viewer: t.Viewer, Understood: t.Understood,
		SaidAt: stamp(t.At)}
	_, err := s.db.Writer(ctx).NewInsert().Model(&r).On("CONFLICT (lesson_id, chapter_ms, viewer) DO UPDATE").Exec(ctx)
	return wrap(err, "thumb of lesson", t.LessonID)
}

// ThumbsOf lists a viewer's thumbs of a lesson by chapter.
func (s *Thumbs) ThumbsOf(ctx context.Context, lesson, viewer string) ([]feedback.Thumb, error) {
	var rows []thumbRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("lesson_id = ? AND viewer = ?", lesson,
		viewer).Order("chapter_ms").Scan(ctx)
	if err != nil {
		return nil, wrap(err, "thumbs of lesson", lesson)
	}
	list := make([]feedback.Thumb, len(rows))
	for i, r := range rows {
		list[i] = feedback.Thumb{LessonID: r.LessonID, Chapter: chapterAt(r.ChapterMs), Viewer: r.Viewer,
			Understood: r.Understood, At: r.SaidAt.Time()}
	}
	return list, nil
}

// ThumbSums counts a lesson's thumbs.
func (s *Thumbs) ThumbSums(ctx context.Context, lesson string) ([]feedback.ThumbSum, error) {
	var rows []struct {
		ChapterMs  int64
		Understood bool
		N, Persons int64
	}
	err := s.db.Reader(ctx).NewSelect().Model((*thumbRow)(nil)).Column("chapter_ms",
		"understood").ColumnExpr("COUNT(*) AS n").
		ColumnExpr("SUM(CASE WHEN viewer LIKE 'p:%' THEN 1 ELSE 0 END) AS persons").Where("lesson_id = ?", lesson).
		Group("chapter_ms", "understood").Order("chapter_ms", "understood").Scan(ctx, &rows)
	if err != nil {
		return nil, wrap(err, "thumbs of lesson", lesson)
	}
	list := make([]feedback.ThumbSum, len(rows))
	for i, r := range rows {
		list[i] = feedback.ThumbSum{Chapter: chapterAt(r.ChapterMs), Understood: r.Understood, N: r.N,
			Persons: r.Persons}
	}
	return list, nil
}

// ForgetThumbs deletes thumbs that are older, the oldest first.
func (s *Thumbs) ForgetThumbs(ctx context.Context, before time.Time, limit int) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw(`DELETE FROM thumbs WHERE (lesson_id, chapter_ms, viewer) IN
		(SELECT lesson_id, chapter_ms, viewer FROM thumbs WHERE said_at < ? ORDER BY said_at LIMIT ?)`,
		stamp(before), limit).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "thumbs of a past term")
	}
	n, err := res.RowsAffected()
	return int(n), wrap(err, "thumbs of a past term")
}
