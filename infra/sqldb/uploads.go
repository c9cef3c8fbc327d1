package sqldb

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/upload"
)

// Uploads keeps recordings on their way into storage: an upload.Store.
type Uploads struct{ db *DB }

// Uploads is the store of uploads.
func (d *DB) Uploads() *Uploads { return &Uploads{d} }

var _ upload.Store = (*Uploads)(nil)

type uploadRow struct {
	bun.BaseModel `bun:"table:uploads,alias:u"`

	ID          string `bun:",pk"`
	LessonID    string
	PersonID    string
	RecordingID string
	Filename    string
	Size        int64
	PartSize    int64
	PartCount   int
	StorageKey  string
	StorageID   string
	Status      string
	CreatedAt   stamp
	ExpiresAt   stamp
}

func (r *uploadRow) upload() upload.Upload {
	return upload.Upload{
		ID: r.ID, LessonID: r.LessonID, PersonID: r.PersonID, RecordingID: r.RecordingID, Filename: r.Filename,
		Size: r.Size, PartSize: r.PartSize, PartCount: r.PartCount, Key: r.StorageKey, StorageID: r.StorageID,
		Status: upload.Status(r.Status), CreatedAt: r.CreatedAt.Time(), ExpiresAt: r.ExpiresAt.Time(),
	}
}

// Upload reads one upload.
func (s *Uploads) Upload(ctx context.Context, id string) (upload.Upload, error) {
	var r uploadRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return upload.Upload{}, missing(err, "upload.not_found", "upload", id)
	}
	return r.upload(), nil
}

// Lock reads one upload for change.
func (s *Uploads) Lock(ctx context.Context, id string) (upload.Upload, error) {
	var r uploadRow
	q, err := s.db.locked(ctx, s.db.Writer(ctx).NewSelect().Model(&r).Where("id = ?", id))
	if err == nil {
		err = q.Scan(ctx)
	}
	if err != nil {
		return upload.Upload{}, missing(err, "upload.not_found", "upload", id)
	}
	return r.upload(), nil
}

// SaveUpload adds or replaces an upload.
func (s *Uploads) SaveUpload(ctx context.Context, u upload.Upload) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&uploadRow{
		ID: u.ID, LessonID: u.LessonID, PersonID: u.PersonID, RecordingID: u.RecordingID, Filename: u.Filename,
		Size: u.Size, PartSize: u.PartSize, PartCount: u.PartCount, StorageKey: u.Key, StorageID: u.StorageID,
		Status: string(u.Status), CreatedAt: stamp(u.CreatedAt), ExpiresAt: stamp(u.ExpiresAt),
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "upload", u.ID)
}

// OpenUploads lists a lesson's, newest first.
func (s *Uploads) OpenUploads(ctx context.Context, lesson string) ([]upload.Upload, error) {
	return s.list(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("lesson_id = ? AND status = 'open'", lesson).Order("created_at DESC", "id DESC")
	})
}

// Expired lists open uploads whose time is over, oldest first.
func (s *Uploads) Expired(ctx context.Context, now time.Time, limit int) ([]upload.Upload, error) {
	return s.list(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("status = 'open' AND expires_at <= ?", stamp(now)).Order("expires_at", "id").Limit(int64(limit))
	})
}

func (s *Uploads) list(ctx context.Context, which func(*bun.SelectQuery) *bun.SelectQuery) ([]upload.Upload, error) {
	var rows []uploadRow
	if err := which(s.db.Reader(ctx).NewSelect().Model(&rows)).Scan(ctx); err != nil {
		return nil, wrap(err, "uploads")
	}
	list := make([]upload.Upload, len(rows))
	for i := range rows {
		list[i] = rows[i].upload()
	}
	return list, nil
}

// Reserved is what the person's quota is held against, in bytes. Recordings
// and worksheets count for the lesson's teacher, whoever uploaded them. Inside a transaction
// it serializes the person's uploads, so that two that begin together cannot
// both take the last of the quota.
func (s *Uploads) Reserved(ctx context.Context, person string) (int64, error) {
	if inTransaction(ctx) && s.db.Postgres() {
		if _, err := s.db.Writer(ctx).NewRaw("SELECT pg_advisory_xact_lock(hashtext(?))",
			"quota:"+person).Exec(ctx); err != nil {
			return 0, wrap(err, "quota of", person)
		}
	}
	var sum int64
	err := s.db.Reader(ctx).NewRaw(`SELECT CAST(
		(SELECT COALESCE(SUM(u.size), 0) FROM uploads AS u WHERE u.person_id = ? AND u.status = 'open') +
		(SELECT COALESCE(SUM(r.size), 0) FROM recordings AS r JOIN lessons AS l ON l.id = r.lesson_id
			WHERE l.teacher_id = ? AND r.gone_at IS NULL) +
		(SELECT COALESCE(SUM(w.size), 0) FROM worksheets AS w JOIN lessons AS l ON l.id = w.lesson_id
			WHERE l.teacher_id = ?) AS BIGINT)`, person, person, person).Scan(ctx, &sum)
	return sum, wrap(err, "quota of", person)
}
