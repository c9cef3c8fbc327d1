package sqldb

import (
	"context"
	"sync"

	"github.com/uptrace/bun"
)

// Queries are the statements that were sent with a context, without those that
// begin and end transactions. It is safe for use by several goroutines.
type Queries struct {
	mu   sync.Mutex
	list []string
}

type queriesKey struct{}

// WithQueries records what is sent with the context that it gives, or with one made from it.
func WithQueries(ctx context.Context) (context.Context, *Queries) {
	q := &Queries{}
	return context.WithValue(ctx, queriesKey{}, q), q
}

// List is what was sent so far, in order.
func (q *Queries) List() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]string(nil), q.list...)
}

// recorder is a bun.QueryHook that fills Queries.
type recorder struct{}

func (recorder) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (recorder) AfterQuery(ctx context.Context, e *bun.QueryEvent) {
	q, ok := ctx.Value(queriesKey{}).(*Queries)
	if !ok || e.Query == "BEGIN" || e.Query == "COMMIT" || e.Query == "ROLLBACK" {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, e.Query)
}
