package sqldb_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
)

func TestSettings(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		if v, err := db.Setting(ctx, "demo"); v != "" || err != nil {
			t.Fatalf("a setting that was never set is %q, %v", v, err)
		}
		for _, v := range []string{"một", "hai 'hai' ?"} {
			if err := db.SetSetting(ctx, "demo", v); err != nil {
				t.Fatal(err)
			}
			if got, err := db.Setting(ctx, "demo"); got != v || err != nil {
				t.Fatalf("%q came back as %q, %v", v, got, err)
			}
		}
		// Processes that make a secret at once agree on one.
		var wg sync.WaitGroup
		got := make([]string, 4)
		for i := range got {
			wg.Go(func() {
				v, err := db.EnsureSetting(ctx, "secret", strings.Repeat("x", i+1))
				if err != nil {
					t.Error(err)
				}
				got[i] = v
			})
		}
		wg.Wait()
		for _, v := range got {
			if v == "" || v != got[0] {
				t.Errorf("secrets differ: %q", got)
			}
		}
	})
}

func TestPragmas(t *testing.T) {
	db := engines["sqlite"](t)
	ctx := context.Background()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1",
		"busy_timeout": "10000"} {
		var w, r string
		if err := db.Writer(ctx).NewRaw("PRAGMA "+pragma).Scan(ctx, &w); err != nil {
			t.Fatal(err)
		}
		if err := db.Reader(ctx).NewRaw("PRAGMA "+pragma).Scan(ctx, &r); err != nil {
			t.Fatal(err)
		}
		if w != want || r != want {
			t.Errorf("%s is %s for the writer and %s for readers, not %s", pragma, w, r, want)
		}
	}
	if _, err := db.Reader(ctx).NewRaw("DELETE FROM settings").Exec(ctx); err == nil {
		t.Error("a reader may write")
	}
}

// TestAway: a database that does not answer is fault.Unavailable, and a caller
// who gives up is not told that the database is away.
func TestAway(t *testing.T) {
	ctx := context.Background()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for name, dsn := range map[string]string{
		"sqlite":   filepath.Join(t.TempDir(), "no such folder", "lenlop.db"),
		"postgres": "postgres://u:p4ssw0rd@" + nobody + "/x?connect_timeout=2",
	} {
		db, err := sqldb.Open(ctx, dsn, time.Now)
		if db != nil || fault.KindOf(err) != fault.Unavailable || !fault.Is(err, "database.unavailable") {
			t.Errorf("%s gave %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "p4ssw0rd") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err := db.Lessons().Lesson(gone, "l1")
		if !errors.Is(err, context.Canceled) || fault.KindOf(err) == fault.Unavailable {
			t.Errorf("a cancelled call returned %v", err)
		}
	})
}

// TestRestart: PostgreSQL closes every connection. The next calls may report that the database is unavailable; after
// that the pool has reconnected by itself.
func TestRestart(t *testing.T) {
	db := engines["postgres"](t)
	ctx := context.Background()
	err := db.Atomically(ctx, func(ctx context.Context) error {
		// All other connections first, then this one.
		if err := db.SetSetting(ctx, "a", "b"); err != nil {
			return err
		}
		db.Writer(ctx).NewRaw(
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()").Exec(ctx)
		_, err := db.Setting(ctx, "a")
		return err
	})
	if !fault.Is(err, "database.unavailable") {
		t.Errorf("a connection closed during a transaction: %v", err)
	}
	// Each closed connection of the pool may be used once.
	for range 10 {
		v, err := db.Setting(ctx, "a")
		if err == nil {
			if v != "" {
				t.Errorf("the interrupted transaction left %q", v)
			}
			return
		}
		if !fault.Is(err, "database.unavailable") {
			t.Errorf("a closed connection: %v", err)
		}
	}
	t.Error("the pool does not reconnect to the database")
}
