package job

import "context"

type transactionKey struct{}

// WithTransaction marks ctx as carrying a database transaction. Every Atomic
// does so for its function. misused is called with the name of each call that
// must not be made in a transaction.
func WithTransaction(ctx context.Context, misused func(call string)) context.Context {
	return context.WithValue(ctx, transactionKey{}, misused)
}

// InTransaction reports whether ctx carries a database transaction.
func InTransaction(ctx context.Context) bool { return ctx.Value(transactionKey{}) != nil }

// Outside is called first by everything that is slow or may wait: storage,
// network, ffmpeg, parsing of files. In a transaction it reports the call, which
// fails the test that made it and is logged in production: other writers wait
// as long as the transaction does, on SQLite all of them.
func Outside(ctx context.Context, call string) {
	if misused, ok := ctx.Value(transactionKey{}).(func(string)); ok {
		misused(call)
	}
}
