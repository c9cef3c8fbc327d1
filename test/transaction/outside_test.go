// Package transaction_test holds every adapter to the rule that nothing slow
// happens inside a database transaction.
package transaction_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/infra/hook"
	"lenlop/infra/mail"
	"lenlop/infra/meili"
	"lenlop/infra/oidc"
	"lenlop/infra/s3"
	"lenlop/infra/sandbox"
	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/services/job"
	"lenlop/services/media"
	"lenlop/test/jobtest"
	"lenlop/test/pgtest"
	"lenlop/transcoder"
)

// nowhere is an address that refuses every connection.
const nowhere = "http://127.0.0.1:1"

// noLessons is the local index of a catalogue without lessons.
type noLessons struct{ meili.Local }

func (noLessons) IDs(context.Context) ([]string, error) { return nil, nil }

// misuses are calls that must not be made in a transaction, one for each
// adapter, with the beginning of the name that they are reported by.
func misuses(t *testing.T) map[string]func(ctx context.Context) {
	t.Helper()
	store, err := s3.New(t.Context(), s3.Config{Endpoint: nowhere, Bucket: "b", AccessKey: "a", SecretKey: "s"})
	if err != nil {
		t.Fatal(err)
	}
	letters, err := mail.New("smtps://127.0.0.1:1?from=a@b.example")
	if err != nil {
		t.Fatal(err)
	}
	index := meili.New(meili.Config{URL: nowhere, UID: "lessons", Local: noLessons{},
		Log: slog.New(slog.DiscardHandler)})
	return map[string]func(ctx context.Context){
		"object storage: PUT": func(ctx context.Context) {
			_, _ = store.Put(ctx, "k", bytes.NewReader(nil), 0, media.PutOptions{})
		},
		"object storage: GET":  func(ctx context.Context) { _, _, _ = store.Get(ctx, "k", media.All) },
		"object storage: POST": func(ctx context.Context) { _, _ = store.Create(ctx, "k", "text/plain") },
		"webhook":              func(ctx context.Context) { _, _ = hook.New(true).Post(ctx, nowhere, nil, nil) },
		"mail":                 func(ctx context.Context) { _ = letters.Send(ctx, "a@b.example", "s", "t") },
		"OpenID provider": func(ctx context.Context) {
			_, _ = oidc.New(oidc.Config{Issuer: nowhere}).Address(ctx, "b", "s", "n", "v")
		},
		"Meilisearch: ": func(ctx context.Context) { _, _ = index.Differences(ctx) },
		"sandbox: ffprobe": func(ctx context.Context) {
			_ = new(sandbox.Sandbox).Run(ctx, transcoder.Command{Program: "ffprobe"})
		},
		"sheet": func(ctx context.Context) { _, _ = sheet.Read(ctx, "a.csv", []byte("a,b")) },
	}
}

// TestPlantedMisuse: each call fails the test that makes it in a transaction of
// either database or of the one in memory, and is let through outside.
func TestPlantedMisuse(t *testing.T) {
	atomics := map[string]func(t *testing.T) job.Atomic{
		"sqlite":   func(t *testing.T) job.Atomic { return open(t, filepath.Join(t.TempDir(), "lenlop.db")) },
		"postgres": func(t *testing.T) job.Atomic { return open(t, pgtest.Postgres(t)) },
		"memory":   func(*testing.T) job.Atomic { return jobtest.New() },
	}
	for name, atomic := range atomics {
		t.Run(name, func(t *testing.T) {
			a := atomic(t)
			for want, call := range misuses(t) {
				if got := caught(func() {
					_ = a.Atomically(t.Context(), func(ctx context.Context) error { call(ctx); return nil })
				}); !strings.HasPrefix(got, want) || !strings.Contains(got, "inside a") {
					t.Errorf("%s in a transaction: %q", want, got)
				}
			}
		})
	}
	for name, call := range misuses(t) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // it need not try for long
		if got := caught(func() { call(ctx) }); got != "" {
			t.Errorf("%s outside a transaction: %q", name, got)
		}
	}
}

// TestSnapshotIsNoTransaction: a backup reads from a snapshot while it writes to storage.
func TestSnapshotIsNoTransaction(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "lenlop.db"))
	err := db.Snapshot(t.Context(), func(ctx context.Context) error {
		job.Outside(ctx, "storage")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// caught is what a call panics with, "" when it does not.
func caught(call func()) (what string) {
	defer func() {
		if p := recover(); p != nil {
			what = fmt.Sprint(p)
		}
	}()
	call()
	return ""
}

func open(t *testing.T, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}
