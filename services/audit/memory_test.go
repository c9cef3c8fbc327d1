package audit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lenlop/services/audit"
)

var now = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// memoryLog is a sealed log in memory. It gives at most page entries at a time, however many are wanted.
type memoryLog struct {
	chain  []audit.Sealed
	head   int64
	hash   string
	page   int
	reads  int
	broken error
}

func (l *memoryLog) Entries(context.Context, audit.Filter, int) ([]audit.Entry, error) {
	return nil, errors.New("not read while verifying")
}

func (l *memoryLog) Head(context.Context) (int64, string, error) { return l.head, l.hash, l.broken }

func (l *memoryLog) Sealed(_ context.Context, after int64, limit int) ([]audit.Sealed, error) {
	l.reads++
	var out []audit.Sealed
	for _, s := range l.chain {
		if s.Number > after && len(out) < min(limit, l.page) {
			out = append(out, s)
		}
	}
	return out, nil
}

func (l *memoryLog) append(e audit.Entry) {
	s := audit.Seal(e, l.head+1, l.hash)
	l.chain = append(l.chain, s)
	l.head, l.hash = s.Number, s.Hash
}

// erase forgets what may hold personal data, as stores do.
func (l *memoryLog) erase(number int64) {
	s := &l.chain[number-1]
	s.Detail, s.Entry.Before, s.After, s.Salt = "", "", "", ""
	s.Place, s.PlaceSalt, s.Erased = "", "", true
}

// newLog is a log of n entries, one a minute, the last one minute ago.
func newLog(n int) *memoryLog {
	l := &memoryLog{page: 1000}
	for i := range n {
		l.append(
			audit.Entry{
				ID:      fmt.Sprintf("e%d", i+1),
				At:      now.Add(-time.Duration(n-i) * time.Minute),
				Actor:   "lan",
				Action:  "lesson.edit",
				Subject: "person:em",
				Detail:  "detail",
				Before:  "{}",
				After:   `{"a":1}`,
				Place:   "192.0.2.7",
			},
		)
	}
	return l
}
