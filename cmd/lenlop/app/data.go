package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lenlop/infra/s3"
	"lenlop/infra/s3embedded"
	"lenlop/infra/sqldb"
	"lenlop/services/backup"
)

// OpenOptions say how OpenData opens.
type OpenOptions struct {
	Alone bool // refuse data that a running server uses
	Fresh bool // make the folder or the bucket when it is missing
}

// OpenData opens a database and its objects and nothing more, beside a running
// server or without one. The database is not migrated.
func OpenData(ctx context.Context, c Config, o OpenOptions) (_ *App, err error) {
	a, err := prepare(c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if a.Settings.Embedded() {
		err = a.openFolder(ctx, o)
	} else {
		err = a.openBucket(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	if a.DB, err = sqldb.OpenPool(ctx, a.Settings.DSN(), a.Now, a.Settings.pool()); err != nil {
		return nil, err
	}
	a.onClose(func() { _ = a.DB.Close() })
	return a, nil
}

// openFolder opens the objects of a data folder: through the server that has
// the folder locked, or by locking it itself.
func (a *App) openFolder(ctx context.Context, o OpenOptions) error {
	dir := a.Settings.Data
	if _, err := os.Stat(a.Settings.DSN()); err != nil && !o.Fresh {
		return fmt.Errorf("no Lên Lớp data in %s: %w", dir, err)
	}
	running, err := s3embedded.Attach(ctx, filepath.Join(dir, "objects"))
	if err != nil {
		return err
	}
	if running != nil {
		if o.Alone {
			return fmt.Errorf("lenlop is running in %s; stop it first", dir)
		}
		c := a.Settings.S3()
		c.Endpoint, c.Client, c.PathStyle = running.Endpoint(), running.Client, true
		c.AccessKey, c.SecretKey = running.AccessKey, running.Secret
		store, err := s3.New(ctx, c)
		if err != nil {
			return err
		}
		a.Media, a.Parts = store, store
		return nil
	}
	locked, err := LockFolder(dir)
	if err != nil {
		return err
	}
	a.onClose(locked.Release)
	return a.openStorage(ctx)
}

// openBucket opens the bucket of an external S3 server.
func (a *App) openBucket(ctx context.Context, o OpenOptions) error {
	if o.Fresh {
		if err := EnsureBucket(ctx, a.Settings.DataSettings); err != nil {
			return err
		}
	}
	return a.openStorage(ctx)
}

// EnsureBucket makes the bucket where there is none. The site itself never
// does, so that its credentials need not allow it.
func EnsureBucket(ctx context.Context, s DataSettings) error {
	store, err := s3.New(ctx, s.S3())
	if err != nil {
		return err
	}
	return startProblem(store.EnsureBucket(ctx), bucketProblem(s.S3Bucket))
}

// RequireCurrent refuses a database of another version than this program's.
func (a *App) RequireCurrent(ctx context.Context) error {
	pending, err := a.DB.Schema(ctx)
	if err == nil && pending > 0 {
		err = errors.New("the database is older than this program: " +
			"use the lenlop that it belongs to, or bring it up with lenlop migrate")
	}
	return err
}

// OpenServices wires the services of data that OpenData opened.
func (a *App) OpenServices(ctx context.Context) error {
	if err := a.loadSecrets(ctx); err != nil {
		return err
	}
	return a.wireServices(ctx)
}

// Copier copies from or into this data.
func (a *App) Copier() *backup.Copier {
	return &backup.Copier{Database: a.DB, Media: a.Media, Parts: a.Parts, Scratch: a.scratchFolder(), Log: a.Log,
		Now: a.Now}
}

// scratchFolder is where files are made that may be as large as a recording.
func (a *App) scratchFolder() string {
	if a.Settings.Scratch != "" {
		return a.Settings.Scratch
	}
	if a.Settings.Database == "" {
		return a.Settings.Data
	}
	return os.TempDir()
}
