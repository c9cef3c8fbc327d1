package sqldb

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/caption"
)

// Captions keeps captions and chapters: a caption.Store.
type Captions struct{ db *DB }

// Captions is the store of captions and chapters.
func (d *DB) Captions() *Captions { return &Captions{d} }

var _ caption.Store = (*Captions)(nil)

type captionRow struct {
	bun.BaseModel `bun:"table:captions,alias:ca"`

	LessonID   string `bun:",pk"`
	Language   string `bun:",pk"`
	StorageKey string
	Body       string
	Cues       int
	Size       int64
	Source     string
	Offered    bool
	UpdatedAt  stamp
	UpdatedBy  string
}

func (r captionRow) caption() caption.Caption {
	return caption.Caption{
		LessonID: r.LessonID, Language: r.Language, Key: r.StorageKey, Body: r.Body, Cues: r.Cues, Size: r.Size,
		Source: caption.Source(r.Source), Offered: r.Offered, UpdatedAt: r.UpdatedAt.Time(), UpdatedBy: r.UpdatedBy,
	}
}

type chapterRow struct {
	bun.BaseModel `bun:"table:chapters,alias:ch"`

	LessonID string `bun:",pk"`
	AtMs     int64  `bun:",pk"`
	Title    string
}

// Captions lists those of the lessons in order of lesson and language, without
// their bodies.
func (s *Captions) Captions(ctx context.Context, lessons ...string) ([]caption.Caption, error) {
	if len(lessons) == 0 {
		return nil, nil
	}
	var rows []captionRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).ExcludeColumn("body").
		Where("lesson_id IN (?)", bun.List(lessons)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "captions of lesson", strings.Join(lessons, ", "))
	}
	list := make([]caption.Caption, len(rows))
	for i, r := range rows {
		list[i] = r.caption()
	}
	// Sorted here, because the engines order text differently.
	slices.SortFunc(list, func(a, b caption.Caption) int {
		return cmp.Or(strings.Compare(a.LessonID, b.LessonID), strings.Compare(a.Language, b.Language))
	})
	return list, nil
}

// Caption reads one language's.
func (s *Captions) Caption(ctx context.Context, lesson, language string) (caption.Caption, error) {
	var r captionRow
	err := s.db.Reader(ctx).NewSelect().Model(&r).Where("lesson_id = ? AND language = ?", lesson, language).Scan(ctx)
	if err != nil {
		return caption.Caption{}, missing(err, "caption.not_found", "captions of lesson", lesson)
	}
	return r.caption(), nil
}

// SaveCaption adds or replaces one language's.
func (s *Captions) SaveCaption(ctx context.Context, c caption.Caption) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&captionRow{
		LessonID: c.LessonID, Language: c.Language, StorageKey: c.Key, Body: c.Body, Cues: c.Cues, Size: c.Size,
		Source:  string(c.Source),
		Offered: c.Offered, UpdatedAt: stamp(c.UpdatedAt), UpdatedBy: c.UpdatedBy,
	}).On("CONFLICT (lesson_id, language) DO UPDATE").Exec(ctx)
	return wrap(err, "captions of lesson", c.LessonID)
}

// DeleteCaption removes one language's; there being none is no error.
func (s *Captions) DeleteCaption(ctx context.Context, lesson, language string) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*captionRow)(nil)).Where("lesson_id = ? AND language = ?",
		lesson, language).Exec(ctx)
	return wrap(err, "captions of lesson", lesson)
}

// Chapters lists a lesson's in order of time.
func (s *Captions) Chapters(ctx context.Context, lesson string) ([]caption.Chapter, error) {
	var rows []chapterRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("lesson_id = ?",
		lesson).Order("at_ms").Scan(ctx); err != nil {
		return nil, wrap(err, "chapters of lesson", lesson)
	}
	list := make([]caption.Chapter, len(rows))
	for i, r := range rows {
		list[i] = caption.Chapter{At: time.Duration(r.AtMs) * time.Millisecond, Title: r.Title}
	}
	return list, nil
}

// ChaptersByLesson reads those of several lessons in one query.
func (s *Captions) ChaptersByLesson(ctx context.Context, lessons ...string) (map[string][]caption.Chapter, error) {
	var rows []chapterRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("lesson_id IN (?)", bun.List(lessons)).
		Order("lesson_id", "at_ms").Scan(ctx); err != nil {
		return nil, wrap(err, "chapters of lessons")
	}
	all := map[string][]caption.Chapter{}
	for _, r := range rows {
		all[r.LessonID] = append(all[r.LessonID],
			caption.Chapter{At: time.Duration(r.AtMs) * time.Millisecond, Title: r.Title})
	}
	return all, nil
}

// SaveChapters replaces a lesson's.
func (s *Captions) SaveChapters(ctx context.Context, lesson string, list []caption.Chapter) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		if _, err := w.NewDelete().Model((*chapterRow)(nil)).Where("lesson_id = ?", lesson).Exec(ctx); err != nil {
			return wrap(err, "chapters of lesson", lesson)
		}
		if len(list) == 0 {
			return nil
		}
		rows := make([]chapterRow, len(list))
		for i, c := range list {
			rows[i] = chapterRow{LessonID: lesson, AtMs: c.At.Milliseconds(), Title: c.Title}
		}
		_, err := w.NewInsert().Model(&rows).Exec(ctx)
		return wrap(err, "chapters of lesson", lesson)
	})
}

// Forget removes everything of a lesson.
func (s *Captions) Forget(ctx context.Context, lesson string) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		if _, err := w.NewDelete().Model((*captionRow)(nil)).Where("lesson_id = ?", lesson).Exec(ctx); err != nil {
			return wrap(err, "captions of lesson", lesson)
		}
		_, err := w.NewDelete().Model((*chapterRow)(nil)).Where("lesson_id = ?", lesson).Exec(ctx)
		return wrap(err, "chapters of lesson", lesson)
	})
}
