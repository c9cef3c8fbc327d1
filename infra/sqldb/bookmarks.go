package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/bookmark"
)

// Bookmarks keeps where people stopped in lessons: a bookmark.Store.
type Bookmarks struct{ db *DB }

// Bookmarks is the store of bookmarks.
func (d *DB) Bookmarks() *Bookmarks { return &Bookmarks{d} }

var _ bookmark.Store = (*Bookmarks)(nil)

// forgetAtOnce bounds what one transaction removes, to stay under 50 ms on SQLite.
const forgetAtOnce = 1000

type bookmarkRow struct {
	bun.BaseModel `bun:"table:bookmarks,alias:b"`

	PersonID string `bun:",pk"`
	LessonID string `bun:",pk"`
	At       float64
	Length   float64
	Finished bool
	SeenAt   stamp
}

func (r bookmarkRow) bookmark() bookmark.Bookmark {
	return bookmark.Bookmark{PersonID: r.PersonID, LessonID: r.LessonID, At: r.At, Length: r.Length,
		Seen: r.SeenAt.Time()}
}

// SaveBookmarks keeps each where it is newer than what is there.
func (s *Bookmarks) SaveBookmarks(ctx context.Context, bs ...bookmark.Bookmark) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		for _, b := range bs {
			// Not VALUES: one person who is gone must not lose the others theirs.
			_, err := s.db.Writer(ctx).NewRaw(
				`INSERT INTO bookmarks (person_id, lesson_id, at, length, finished, seen_at)
				SELECT p.id, l.id, ?, ?, ?, ? FROM persons AS p, lessons AS l WHERE p.id = ? AND l.id = ?
				ON CONFLICT (person_id, lesson_id) DO UPDATE SET at = excluded.at, length = excluded.length,
					finished = excluded.finished, seen_at = excluded.seen_at
				WHERE excluded.seen_at > bookmarks.seen_at`,
				b.At, b.Length, b.Finished(), stamp(b.Seen), b.PersonID, b.LessonID).Exec(ctx)
			if err != nil {
				return wrap(err, "bookmark in lesson", b.LessonID)
			}
		}
		return nil
	})
}

// Bookmark gives a person's place in a lesson; the zero one when there is none.
func (s *Bookmarks) Bookmark(ctx context.Context, person, lesson string) (bookmark.Bookmark, error) {
	var r bookmarkRow
	err := s.db.Reader(ctx).NewSelect().Model(&r).Where("person_id = ? AND lesson_id = ?", person, lesson).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return bookmark.Bookmark{}, nil
	}
	return r.bookmark(), wrap(err, "bookmark in lesson", lesson)
}

// Unfinished lists a person's bookmarks in lessons not finished, latest first.
func (s *Bookmarks) Unfinished(ctx context.Context, person string, limit int) ([]bookmark.Bookmark, error) {
	var rows []bookmarkRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("person_id = ? AND finished = ?", person, false).
		Order("seen_at DESC", "lesson_id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "bookmarks of", person)
	}
	list := make([]bookmark.Bookmark, len(rows))
	for i, r := range rows {
		list[i] = r.bookmark()
	}
	return list, nil
}

// ForgetBookmarks removes those not moved since the time.
func (s *Bookmarks) ForgetBookmarks(ctx context.Context, before time.Time) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw(`DELETE FROM bookmarks WHERE (person_id, lesson_id) IN
		(SELECT person_id, lesson_id FROM bookmarks WHERE seen_at < ? LIMIT ?)`, stamp(before), forgetAtOnce).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "old bookmarks")
	}
	n, err := res.RowsAffected()
	return int(n), wrap(err, "old bookmarks")
}
