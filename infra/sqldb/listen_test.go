package sqldb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/job"
	"lenlop/test/pgtest"
)

type tellArgs struct{}

func (tellArgs) Kind() string { return "tell" }

// What one process commits, another hears of; what it undoes, nobody does; and
// a connection that broke is made again.
func TestListen(t *testing.T) {
	dsn := pgtest.PostgresLike(t, migrated)
	mine, other := openDSN(t, dsn), openDSN(t, dsn)
	ctx, stop := context.WithCancel(t.Context())
	type word struct{ added, cancelled bool }
	words, broken, ended := make(chan word, 100), make(chan error, 100), make(chan struct{})
	go func() {
		mine.Jobs().Listen(ctx, func(a, c bool) { words <- word{a, c} }, func(err error) { broken <- err })
		close(ended)
	}()
	hear := func(want word) {
		t.Helper()
		select {
		case got := <-words:
			if got != want {
				t.Fatalf("heard %+v, want %+v", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("heard nothing, want %+v", want)
		}
	}
	hear(word{true, true}) // listening
	undo := errors.New("undo")
	err := other.Atomically(ctx, func(ctx context.Context) error {
		if err := other.Jobs().CancelSubject(ctx, "s"); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	if err := other.Jobs().Add(ctx, job.New{Args: tellArgs{}, Subject: "s"}); err != nil {
		t.Fatal(err)
	}
	hear(word{added: true})
	if err := other.Jobs().CancelSubject(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	hear(word{cancelled: true})
	if _, err := other.Writer(ctx).ExecContext(ctx,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"); err != nil {
		t.Fatal(err)
	}
	if err := <-broken; err == nil {
		t.Error("a broken connection is no error")
	}
	hear(word{true, true})
	if err := other.Jobs().Add(ctx, job.New{Args: tellArgs{}}); err != nil {
		t.Fatal(err)
	}
	hear(word{added: true})
	stop()
	<-ended
}

// A statement that takes too long ends with an error of its own, and leaves
// the pool usable.
func TestStatementTimeout(t *testing.T) {
	db, err := sqldb.OpenPool(t.Context(), pgtest.Postgres(t), time.Now,
		sqldb.Pool{Conns: 1, Statement: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Writer(t.Context()).ExecContext(t.Context(), "SELECT pg_sleep(20)"); err == nil {
		t.Error("a statement of 20 s went through")
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSchemaAndWritable(t *testing.T) {
	dsn := pgtest.Postgres(t)
	db, err := sqldb.Open(t.Context(), dsn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n, err := db.Schema(t.Context()); err != nil || n == 0 {
		t.Errorf("an empty database: %d pending, %v", n, err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Schema(t.Context()); err != nil || n != 0 {
		t.Errorf("a migrated one: %d pending, %v", n, err)
	}
	if err := db.Writable(t.Context()); err != nil {
		t.Error(err)
	}
	closed, err := sqldb.Open(t.Context(), dsn+"&default_transaction_read_only=on", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	if err := closed.Writable(t.Context()); err == nil {
		t.Error("a read-only database is writable")
	}
}

// Hasten moves waiting jobs ahead, never back.
func TestHasten(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		if err := db.Jobs().Add(ctx, job.New{Args: tellArgs{}, Subject: "a", Priority: job.Low},
			job.New{Args: tellArgs{}, Subject: "b", Priority: job.Low},
			job.New{Args: tellArgs{}, Subject: "a", Priority: job.Urgent}); err != nil {
			t.Fatal(err)
		}
		if err := db.Jobs().Hasten(ctx, job.High, []string{"tell"}, []string{"a"}); err != nil {
			t.Fatal(err)
		}
		want := []int{job.Urgent, job.High, job.Low}
		for i := range want {
			j, err := db.Jobs().Claim(ctx, "w", []string{"tell"}, time.Minute)
			if err != nil || j == nil || j.Priority != want[i] {
				t.Fatalf("claim %d: %+v, %v; want priority %d", i, j, err, want[i])
			}
		}
	})
}
