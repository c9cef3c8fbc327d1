// Package memstore keeps in memory what services keep in a database, for the tests beside their rules: rows by key,
// the audit log, the queue of jobs, and transactions that are undone as a whole.
package memstore

import (
	"context"
	"errors"
	"maps"
	"slices"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
)

// Snapshotter is what a transaction can undo.
type Snapshotter interface {
	// Snapshot returns a function that brings back the present state.
	Snapshot() (restore func())
}

// Atomic is a job.Atomic over some tables. What must not be called in a transaction (job.Outside) panics when it is.
type Atomic struct{ tables []Snapshotter }

// NewAtomic returns the transactions over the tables.
func NewAtomic(tables ...Snapshotter) *Atomic { return &Atomic{tables} }

// Atomically runs fn and undoes what it changed when it fails. Within a transaction it joins it.
func (a *Atomic) Atomically(ctx context.Context, fn func(context.Context) error) error {
	if job.InTransaction(ctx) {
		return fn(ctx)
	}
	var restore []func()
	for _, t := range a.tables {
		restore = append(restore, t.Snapshot())
	}
	err := fn(job.WithTransaction(ctx, func(call string) { panic(call + " in a transaction") }))
	if err != nil {
		for _, r := range restore {
			r()
		}
	}
	return err
}

// Table keeps rows by key.
type Table[T any] struct {
	rows    map[string]T
	missing string // the code of the fault for a row that is not there
	Writes  int    // how often a row was saved
	Err     error  // what saving answers; nil: it saves
}

// NewTable returns an empty table; missing is the code of the fault.NotFound for a row that is not there.
func NewTable[T any](missing string) *Table[T] {
	return &Table[T]{rows: map[string]T{}, missing: missing}
}

// Get returns the row of the key, or a fault.NotFound.
func (t *Table[T]) Get(key string) (T, error) {
	row, ok := t.rows[key]
	if !ok {
		return row, fault.New(fault.NotFound, t.missing)
	}
	return row, nil
}

// Must is Get for rows that are there; it panics otherwise.
func (t *Table[T]) Must(key string) T {
	row, err := t.Get(key)
	if err != nil {
		panic(key + ": " + err.Error())
	}
	return row
}

// Save adds or replaces a row.
func (t *Table[T]) Save(key string, row T) error {
	if t.Err != nil {
		return t.Err
	}
	t.rows[key] = row
	t.Writes++
	return nil
}

// Delete removes a row and reports whether it was there.
func (t *Table[T]) Delete(key string) bool {
	_, there := t.rows[key]
	delete(t.rows, key)
	return there
}

// All returns the rows for which keep is true, in the order of their keys; a nil keep takes every one.
func (t *Table[T]) All(keep func(T) bool) []T {
	var out []T
	for _, key := range slices.Sorted(maps.Keys(t.rows)) {
		if keep == nil || keep(t.rows[key]) {
			out = append(out, t.rows[key])
		}
	}
	return out
}

// Snapshot is for Atomic.
func (t *Table[T]) Snapshot() func() {
	rows := maps.Clone(t.rows)
	return func() { t.rows = rows }
}

// errOutside is what the audit log and the queue answer outside a transaction: an entry or a job that is not
// committed together with its change can be lost, or remain alone.
var errOutside = errors.New("not in the transaction of the change")

// AuditLog is an audit.Log.
type AuditLog struct {
	List []audit.Entry
	Err  error // what Append answers; nil: it appends
	// Alone takes entries outside a transaction too: those of what was only read.
	Alone bool
}

// Append adds an entry in the transaction of its change; outside one it is an error.
func (l *AuditLog) Append(ctx context.Context, e audit.Entry) error {
	if l.Err != nil {
		return l.Err
	}
	if !l.Alone && !job.InTransaction(ctx) {
		return errOutside
	}
	l.List = append(l.List, e)
	return nil
}

// BySubject returns the entries of a subject, newest first.
func (l *AuditLog) BySubject(_ context.Context, subject string, limit int) ([]audit.Entry, error) {
	var out []audit.Entry
	for _, e := range slices.Backward(l.List) {
		if e.Subject == subject && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

// Last returns the newest entry as "actor action subject detail", or "".
func (l *AuditLog) Last() string {
	if len(l.List) == 0 {
		return ""
	}
	e := l.List[len(l.List)-1]
	return e.Actor + " " + e.Action + " " + e.Subject + " " + e.Detail
}

// Snapshot is for Atomic.
func (l *AuditLog) Snapshot() func() {
	list := slices.Clone(l.List)
	return func() { l.List = list }
}

// Queue is a job.Queue that runs nothing.
type Queue struct {
	Added []job.New
	Err   error // what Add answers; nil: it adds
}

// Add adds jobs in the transaction of the change that needs them; outside one it is an error.
func (q *Queue) Add(ctx context.Context, jobs ...job.New) error {
	if q.Err != nil {
		return q.Err
	}
	if !job.InTransaction(ctx) {
		return errOutside
	}
	q.Added = append(q.Added, jobs...)
	return nil
}

// CancelSubject removes the jobs of a subject, of the given kinds (none: all).
func (q *Queue) CancelSubject(_ context.Context, subject string, kinds ...string) error {
	q.Added = slices.DeleteFunc(slices.Clone(q.Added), func(n job.New) bool {
		return n.Subject == subject && (len(kinds) == 0 || slices.Contains(kinds, n.Args.Kind()))
	})
	return nil
}

// Snapshot is for Atomic.
func (q *Queue) Snapshot() func() {
	added := slices.Clone(q.Added)
	return func() { q.Added = added }
}
