package sqldb

import (
	"context"
	"fmt"
	"log/slog"
	"testing" // for testing.Testing only
	"time"

	"github.com/uptrace/bun"
)

// What one write transaction on SQLite may do: all other writers wait for it.
// The counts take about 50 ms on a slow disk; time itself says little on a
// machine that is busy with tests, so its bound is wide.
const (
	maxStatements = 1000
	maxRows       = 5000
	maxHeld       = 50 * time.Millisecond
	testHeld      = 10 * time.Second
)

type workKey struct{}

// work is what a transaction has done so far.
type work struct {
	statements int
	rows       int64 // changed
	unbounded  string
}

// Unbounded lets a transaction pass the budget, for a reason that holds: it runs
// where nobody else writes.
func Unbounded(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, workKey{}, &work{unbounded: reason})
}

// begin counts what is done with the context that it gives.
func (d *DB) begin(ctx context.Context) (context.Context, *work) {
	if w, ok := ctx.Value(workKey{}).(*work); ok && w.unbounded != "" {
		return ctx, w
	}
	w := &work{}
	return context.WithValue(ctx, workKey{}, w), w
}

// over says how the budget was passed, "" when it was not.
func (w *work) over(held, limit time.Duration) string {
	switch {
	case w.unbounded != "":
		return ""
	case w.statements > maxStatements:
		return fmt.Sprintf("%d statements, at most %d", w.statements, maxStatements)
	case w.rows > maxRows:
		return fmt.Sprintf("%d rows changed, at most %d", w.rows, maxRows)
	case held > limit:
		return fmt.Sprintf("%v, at most %v", held, limit)
	}
	return ""
}

// end fails the test whose transaction passed the budget; in production it is logged.
func (d *DB) end(ctx context.Context, w *work, began time.Time) {
	if d.Postgres() {
		return
	}
	held := time.Since(began)
	if testing.Testing() {
		if over := w.over(held, testHeld); over != "" {
			panic("a write transaction on SQLite over budget: " + over)
		}
		return
	}
	if over := w.over(held, maxHeld); over != "" {
		slog.WarnContext(ctx, "write transaction over budget", "over", over, "held", held, "statements", w.statements,
			"rows", w.rows)
	}
}

// counter is a bun.QueryHook that counts what is written on SQLite.
type counter struct{}

func (counter) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (counter) AfterQuery(ctx context.Context, e *bun.QueryEvent) {
	var rows int64
	if e.Result != nil {
		if n, err := e.Result.RowsAffected(); err == nil && n > 0 {
			rows = n
		}
	}
	if w, ok := ctx.Value(workKey{}).(*work); ok {
		w.statements++
		w.rows += rows
		return
	}
	if rows <= maxRows { // a statement outside a transaction is one of its own
		return
	}
	over := fmt.Sprintf("%d rows changed by one statement, at most %d", rows, maxRows)
	if testing.Testing() {
		panic("a write on SQLite over budget: " + over)
	}
	slog.WarnContext(ctx, "write transaction over budget", "over", over, "held", time.Since(e.StartTime))
}
