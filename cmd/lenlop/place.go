package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"lenlop/infra/s3"
	"lenlop/infra/s3embedded"
	"lenlop/infra/sqldb"
	"lenlop/infra/telemetry"
	"lenlop/services/backup"
	"lenlop/web/locale"
)

// openPlace opens a house's database and objects and nothing more, beside a
// running house or without one. alone refuses a house that runs; fresh makes
// the folder or the bucket when they are not there.
func openPlace(ctx context.Context, f serveFlags, log *slog.Logger, alone, fresh bool) (_ *house, err error) {
	h := &house{flags: f, log: log, now: time.Now, metrics: telemetry.NewMetrics()}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	shared, err := f.shared()
	if err != nil {
		return nil, err
	}
	if h.zone, err = f.zone(); err != nil {
		return nil, err
	}
	if h.book, err = locale.NewBook(h.zone); err != nil {
		return nil, err
	}
	if !shared {
		err = h.openFolder(ctx, alone, fresh)
	} else {
		err = h.openShared(ctx, fresh)
	}
	if err != nil {
		return nil, err
	}
	if h.db, err = sqldb.OpenPool(ctx, h.flags.dsn(), time.Now, f.pool()); err != nil {
		return nil, err
	}
	h.closing(func() { _ = h.db.Close() })
	return h, nil
}

// openFolder opens the objects of a data folder: through the server that has
// it open, or one for as long as it takes.
func (h *house) openFolder(ctx context.Context, alone, fresh bool) error {
	f := &h.flags
	if _, err := os.Stat(f.dsn()); err != nil && !fresh {
		return fmt.Errorf("there is no house in %s: %w", f.Data, err)
	}
	dir, err := filepath.Abs(f.Data)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	f.Data = dir
	objects := filepath.Join(dir, "objects")
	running, err := s3embedded.Attach(ctx, objects)
	if err != nil {
		return err
	}
	if running != nil {
		if alone {
			return fmt.Errorf("the house in %s is running; stop it first", dir)
		}
		c := f.s3()
		c.Endpoint, c.Client, c.PathStyle, c.AccessKey, c.SecretKey = running.Endpoint(), running.Client, true, running.AccessKey, running.Secret
		store, err := s3.New(ctx, c)
		if err != nil {
			return err
		}
		h.media, h.parts = store, store
		return nil
	}
	held, err := hold(dir)
	if err != nil {
		return err
	}
	h.closing(held.release)
	return h.openStorage(ctx, dir)
}

// openShared opens the bucket; fresh makes it.
func (h *house) openShared(ctx context.Context, fresh bool) error {
	if fresh {
		store, err := s3.New(ctx, h.flags.s3())
		if err != nil {
			return err
		}
		if err := store.EnsureBucket(ctx); err != nil {
			return started(err, func(err error) (string, string) { return storageTrouble(err, h.flags.S3Bucket) })
		}
	}
	return h.openStorage(ctx, "")
}

// current refuses a database of another version than this program's.
func (h *house) current(ctx context.Context) error {
	pending, err := h.db.Schema(ctx)
	if err == nil && pending > 0 {
		err = errors.New("the database is older than this program: use the lenlop that it belongs to, or bring it up with lenlop migrate")
	}
	return err
}

// copier copies from or into this place.
func (h *house) copier() *backup.Copier {
	return &backup.Copier{Database: h.db, Media: h.media, Parts: h.parts, Scratch: h.scratchFolder(), Log: h.log, Now: h.now}
}

// scratchFolder is where files are made that may be as large as a recording.
func (h *house) scratchFolder() string {
	if h.flags.Scratch != "" {
		return h.flags.Scratch
	}
	if h.flags.Database == "" {
		return h.flags.Data
	}
	return os.TempDir()
}
