package idempotency_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"lenlop/infra/sqldb"
	"lenlop/services/audit"
	"lenlop/services/media"
	"lenlop/services/upload"
)

// stepped is the database's transactions and replays with the steps of a request.
type stepped struct {
	db *sqldb.DB
	at func(step string) error
}

func (s *stepped) Atomically(ctx context.Context, fn func(context.Context) error) error {
	err := s.db.Atomically(ctx, func(ctx context.Context) error {
		if err := s.at("transaction begun"); err != nil {
			return err
		}
		return fn(ctx)
	})
	if err != nil {
		return err
	}
	return s.at("committed")
}

func (s *stepped) Reserve(
	ctx context.Context, person, key, request string, lease time.Duration,
) (audit.Reservation, *audit.Replay, error) {
	r, old, err := s.db.Replays().Reserve(ctx, person, key, request, lease)
	if err == nil && old == nil {
		err = s.at("reserved")
	}
	return r, old, err
}

func (s *stepped) Extend(ctx context.Context, r audit.Reservation, lease time.Duration) error {
	return s.db.Replays().Extend(ctx, r, lease)
}

func (s *stepped) Release(ctx context.Context, r audit.Reservation, forget bool) error {
	return s.db.Replays().Release(ctx, r, forget)
}

func (s *stepped) Settle(ctx context.Context, r audit.Reservation, a audit.Replay) error {
	if err := s.db.Replays().Settle(ctx, r, a); err != nil {
		return err
	}
	return s.at("settled")
}

type savedUploads struct {
	upload.Store
	s *stepped
}

func (u savedUploads) SaveUpload(ctx context.Context, x upload.Upload) error {
	if err := u.Store.SaveUpload(ctx, x); err != nil {
		return err
	}
	return u.s.at("upload saved")
}

type unindexed struct{}

func (unindexed) Changed(context.Context, string) error { return nil }

// folder is multipart storage of which nothing but beginning and listing is
// used: each open upload is a file that holds its key. It refuses to be called
// in a transaction.
type folder struct {
	dir string
	s   *stepped
}

func (f folder) outside(ctx context.Context) error {
	if f.s.db.InTransaction(ctx) {
		return errors.New("storage called in a transaction")
	}
	return nil
}

func (f folder) Create(ctx context.Context, key, _ string) (string, error) {
	if err := f.outside(ctx); err != nil {
		return "", err
	}
	id := uuid.NewString()
	if err := os.WriteFile(filepath.Join(f.dir, id), []byte(key), 0o600); err != nil {
		return "", err
	}
	return id, f.s.at("expected by storage")
}

func (f folder) Pending(ctx context.Context, prefix string) ([]media.Pending, error) {
	if err := f.outside(ctx); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(f.dir, "*"))
	var list []media.Pending
	for _, name := range names {
		key, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(string(key), prefix) {
			list = append(list, media.Pending{Key: string(key), UploadID: filepath.Base(name)})
		}
	}
	return list, err
}

func (f folder) Abort(ctx context.Context, _, id string) error {
	if err := f.outside(ctx); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(f.dir, id))
}

func (folder) PresignPart(context.Context, string, string, string, int, time.Duration) (media.Signed, error) {
	return media.Signed{}, errUnused
}

func (folder) PutPart(context.Context, string, string, int, io.ReadSeeker, int64) (media.Part, error) {
	return media.Part{}, errUnused
}
func (folder) Parts(context.Context, string, string) ([]media.Part, error) { return nil, errUnused }
func (folder) Complete(context.Context, string, string, []media.Part) (media.Object, error) {
	return media.Object{}, errUnused
}
