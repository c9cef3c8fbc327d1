package sqldb

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/production"
)

// Packages keeps what was made of recordings: a production.Store.
type Packages struct{ db *DB }

// Packages is the store of packages and segments.
func (d *DB) Packages() *Packages { return &Packages{d} }

var _ production.Store = (*Packages)(nil)

type packageRow struct {
	bun.BaseModel `bun:"table:packages,alias:p"`

	ID          string `bun:",pk"`
	LessonID    string
	RecordingID string
	State       string
	Facts       string
	Plan        string
	Files       string
	Duration    float64
	CreatedAt   stamp
	PlayableAt  stamp
	FinishedAt  stamp
	RetiredAt   stamp
}

func (r *packageRow) pkg() (production.Package, error) {
	p := production.Package{
		ID: r.ID, LessonID: r.LessonID, RecordingID: r.RecordingID, State: production.PackageState(r.State),
		Facts: document(r.Facts), Plan: document(r.Plan), Duration: r.Duration, CreatedAt: r.CreatedAt.Time(),
		PlayableAt: r.PlayableAt.Time(), FinishedAt: r.FinishedAt.Time(), RetiredAt: r.RetiredAt.Time(),
	}
	if r.Files != "" {
		if err := json.Unmarshal([]byte(r.Files), &p.Files); err != nil {
			return p, fmt.Errorf("package %s: files: %w", r.ID, err)
		}
	}
	return p, nil
}

// document is JSON read from a row; nil of an empty one.
func document(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

type segmentRow struct {
	bun.BaseModel `bun:"table:segments,alias:s"`

	PackageID  string `bun:",pk"`
	Rung       string `bun:",pk"`
	Piece      int    `bun:",pk"`
	Position   int    `bun:",pk"`
	Duration   float64
	StorageKey string
	Size       int64
	SHA256     string `bun:"sha256"`
}

// Package reads one package.
func (s *Packages) Package(ctx context.Context, id string) (production.Package, error) {
	var r packageRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return production.Package{}, missing(err, "package.not_found", "package", id)
	}
	return r.pkg()
}

// LockPackage reads one package for change.
func (s *Packages) LockPackage(ctx context.Context, id string) (production.Package, error) {
	var r packageRow
	q, err := s.db.locked(ctx, s.db.Writer(ctx).NewSelect().Model(&r).Where("id = ?", id))
	if err == nil {
		err = q.Scan(ctx)
	}
	if err != nil {
		return production.Package{}, missing(err, "package.not_found", "package", id)
	}
	return r.pkg()
}

// SavePackage adds or replaces a package; its segments stay.
func (s *Packages) SavePackage(ctx context.Context, p production.Package) error {
	files, err := encode(p.Files, len(p.Files) == 0)
	if err != nil {
		return fmt.Errorf("package %s: files: %w", p.ID, err)
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(&packageRow{
		ID: p.ID, LessonID: p.LessonID, RecordingID: p.RecordingID, State: string(p.State), Facts: string(p.Facts),
		Plan: string(p.Plan), Files: files, Duration: p.Duration, CreatedAt: stamp(p.CreatedAt),
		PlayableAt: stamp(p.PlayableAt),
		FinishedAt: stamp(p.FinishedAt), RetiredAt: stamp(p.RetiredAt),
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "package", p.ID)
}

// insertsAtOnce keeps one statement short: 200 segments of 4 s are 13 minutes.
const insertsAtOnce = 200

// AddPiece replaces the segments of one piece of one rung.
func (s *Packages) AddPiece(ctx context.Context, packageID, rung string, piece int, segs []production.Segment) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		_, err := w.NewDelete().Model((*segmentRow)(nil)).
			Where("package_id = ? AND rung = ? AND piece = ?", packageID, rung, piece).Exec(ctx)
		if err != nil {
			return wrap(err, "package", packageID, "segments")
		}
		for some := range slices.Chunk(segs, insertsAtOnce) {
			rows := make([]segmentRow, len(some))
			for i, g := range some {
				rows[i] = segmentRow{
					PackageID: packageID, Rung: rung, Piece: piece, Position: g.Index, Duration: g.Duration,
					StorageKey: g.Key, Size: g.Size, SHA256: g.SHA256,
				}
			}
			if _, err := w.NewInsert().Model(&rows).Exec(ctx); err != nil {
				return wrap(err, "package", packageID, "segments")
			}
		}
		return nil
	})
}

// Segments lists all of a package.
func (s *Packages) Segments(ctx context.Context, packageID string) ([]production.Segment, error) {
	var rows []segmentRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("package_id = ?", packageID).Scan(ctx); err != nil {
		return nil, wrap(err, "package", packageID, "segments")
	}
	list := make([]production.Segment, len(rows))
	for i, r := range rows {
		list[i] = production.Segment{
			PackageID: r.PackageID, Rung: r.Rung, Piece: r.Piece, Index: r.Position, Duration: r.Duration,
			Key: r.StorageKey, Size: r.Size, SHA256: r.SHA256,
		}
	}
	// Sorted here: engines differ in how they order text.
	slices.SortFunc(list, func(a, b production.Segment) int {
		return cmp.Or(cmp.Compare(a.Rung, b.Rung), cmp.Compare(a.Piece, b.Piece), cmp.Compare(a.Index, b.Index))
	})
	return list, nil
}

// Packages lists a lesson's, newest first.
func (s *Packages) Packages(ctx context.Context, lesson string) ([]production.Package, error) {
	return s.list(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("lesson_id = ?", lesson).Order("created_at DESC", "id DESC")
	})
}

// Retired lists packages replaced before the time, oldest first.
func (s *Packages) Retired(ctx context.Context, before time.Time, limit int) ([]production.Package, error) {
	return s.list(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("retired_at IS NOT NULL AND retired_at < ?", stamp(before)).Order("retired_at",
			"id").Limit(int64(limit))
	})
}

func (s *Packages) list(ctx context.Context,
	which func(*bun.SelectQuery) *bun.SelectQuery) ([]production.Package, error) {
	var rows []packageRow
	if err := which(s.db.Reader(ctx).NewSelect().Model(&rows)).Scan(ctx); err != nil {
		return nil, wrap(err, "packages")
	}
	list := make([]production.Package, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].pkg(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// DeletePackage removes a package and its segments; one that is gone already
// is no error, because sweeping may run twice.
func (s *Packages) DeletePackage(ctx context.Context, id string) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*packageRow)(nil)).Where("id = ?", id).Exec(ctx)
	return wrap(err, "package", id)
}
