// Package jobtest keeps jobs in memory, for tests of Runners and of the
// services that ask for work.
package jobtest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
)

// Part is another in-memory store that takes part in Memory's transactions.
type Part interface {
	// Snapshot gives a function that puts everything back as it is now.
	Snapshot() (restore func())
}

// Memory is a job.Store and job.Atomic. Transactions run one at a time and are
// rolled back when their function fails. Its clock is time.Now, so that it
// obeys testing/synctest.
type Memory struct {
	failing atomic.Pointer[func(call string) error]

	tx     sync.Mutex // held by the outermost Atomically
	mu     sync.Mutex
	rows   map[string]job.Job
	undo   map[string]*job.Job // rows as they were before the open transaction; nil: the row was not there
	last   int64
	token  int64
	parts  []Part
	claims []string
}

type txKey struct{}

// New makes a Memory whose transactions cover the parts.
func New(parts ...Part) *Memory { return &Memory{rows: map[string]job.Job{}, parts: parts} }

// Atomically runs fn alone; its changes are undone when it fails.
func (m *Memory) Atomically(ctx context.Context, fn func(ctx context.Context) error) (err error) {
	if ctx.Value(txKey{}) == m {
		return fn(ctx)
	}
	if err := m.fail(ctx, "Atomically"); err != nil {
		return err
	}
	m.tx.Lock()
	defer m.tx.Unlock()
	m.mu.Lock()
	m.undo = map[string]*job.Job{}
	m.mu.Unlock()
	restores := make([]func(), 0, len(m.parts))
	for _, p := range m.parts {
		restores = append(restores, p.Snapshot())
	}
	ok := false
	defer func() {
		m.mu.Lock()
		undo := m.undo
		m.undo = nil
		if !ok {
			for id, was := range undo {
				if was == nil {
					delete(m.rows, id)
				} else {
					m.rows[id] = *was
				}
			}
		}
		m.mu.Unlock()
		if ok {
			return
		}
		for _, restore := range restores {
			restore()
		}
	}()
	ctx = job.WithTransaction(ctx, func(call string) { panic(call + " inside a transaction") })
	if err := fn(context.WithValue(ctx, txKey{}, m)); err != nil {
		return err
	}
	ok = true
	return nil
}

// set writes a row, and keeps what the transaction that is open would have to put back.
func (m *Memory) set(j job.Job) {
	if _, known := m.undo[j.ID]; m.undo != nil && !known {
		m.undo[j.ID] = nil
		if was, there := m.rows[j.ID]; there {
			m.undo[j.ID] = &was
		}
	}
	m.rows[j.ID] = j
}

func (m *Memory) fail(ctx context.Context, call string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f := m.failing.Load(); f != nil {
		return (*f)(call)
	}
	return nil
}

// FailWith lets f fail calls ("Claim", "Beat", "Check", "Finish", "Add",
// "Atomically" ...) before they do anything. f may be called from several
// goroutines.
func (m *Memory) FailWith(f func(call string) error) { m.failing.Store(&f) }

// FailNothing ends FailWith.
func (m *Memory) FailNothing() { m.failing.Store(nil) }

// locked runs fn on the rows, waiting for a transaction of somebody else.
func (m *Memory) locked(ctx context.Context, call string, fn func() error) error {
	if err := m.fail(ctx, call); err != nil {
		return err
	}
	if ctx.Value(txKey{}) != m {
		m.tx.Lock()
		defer m.tx.Unlock()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return fn()
}

// Add adds jobs; see job.Queue.
func (m *Memory) Add(ctx context.Context, jobs ...job.New) error {
	return m.locked(ctx, "Add", func() error {
		for _, n := range jobs {
			args, err := json.Marshal(n.Args)
			if err != nil {
				return err
			}
			if n.Key != "" && m.has(n.Args.Kind(), n.Key) {
				continue
			}
			m.last++
			now := time.Now()
			j := job.Job{
				ID: "job" + strconv.FormatInt(m.last, 10), Kind: n.Args.Kind(), Key: n.Key, Subject: n.Subject,
				Args: args, State: job.Waiting, Priority: cmp.Or(n.Priority, job.Normal),
				MaxAttempts: cmp.Or(n.MaxAttempts, 3), RunAt: n.RunAt, CreatedAt: now, Weight: n.Weight,
			}
			if j.RunAt.IsZero() {
				j.RunAt = now
			}
			m.set(j)
		}
		return nil
	})
}

func (m *Memory) has(kind, key string) bool {
	for _, j := range m.rows {
		if j.Kind == kind && j.Key == key && (j.State == job.Waiting || j.State == job.Running) {
			return true
		}
	}
	return false
}

// CancelSubject asks jobs to stop; see job.Queue.
func (m *Memory) CancelSubject(ctx context.Context, subject string, kinds ...string) error {
	return m.locked(ctx, "CancelSubject", func() error {
		for _, j := range m.rows {
			if j.Subject != subject || len(kinds) > 0 && !slices.Contains(kinds, j.Kind) {
				continue
			}
			switch j.State {
			case job.Waiting:
				j.State, j.FinishedAt = job.Cancelled, time.Now()
			case job.Running:
				j.Cancel, j.Key = true, ""
			}
			m.set(j)
		}
		return nil
	})
}

// Claim takes the next due job; see job.Store.
func (m *Memory) Claim(ctx context.Context, worker string, kinds []string, lease time.Duration) (*job.Job, error) {
	var out *job.Job
	err := m.locked(ctx, "Claim", func() error {
		now := time.Now()
		var next *job.Job
		expired := false
		for _, j := range m.rows {
			late := j.State == job.Running && j.LeaseUntil.Before(now)
			due := j.State == job.Waiting && !j.RunAt.After(now)
			if slices.Contains(kinds, j.Kind) && (late || due) && (next == nil || before(j, *next)) {
				next, expired = &j, late
			}
		}
		if next == nil {
			return nil
		}
		if expired && next.Attempt >= next.MaxAttempts {
			next.State, next.FinishedAt = job.Parked, now
		} else {
			m.token++
			next.State, next.Attempt, next.Token, next.Worker = job.Running, next.Attempt+1, m.token, worker
			next.LeaseUntil = now.Add(lease)
			m.claims = append(m.claims, next.ID)
		}
		m.set(*next)
		out = next
		return nil
	})
	return out, err
}

// before is the order of claims: priority, then due time, then age.
func before(a, b job.Job) bool {
	return cmp.Or(cmp.Compare(a.Priority, b.Priority), a.RunAt.Compare(b.RunAt), cmp.Compare(len(a.ID), len(b.ID)),
		cmp.Compare(a.ID, b.ID)) < 0
}

func (m *Memory) mine(id string, token int64) (job.Job, error) {
	j, ok := m.rows[id]
	if !ok || j.State != job.Running || j.Token != token {
		return j, fault.New(fault.Conflict, "job.lost", "job", id)
	}
	return j, nil
}

// Beat renews a lease; see job.Store.
func (m *Memory) Beat(ctx context.Context, id string, token int64, progress float64,
	lease time.Duration) (cancel bool, err error) {
	err = m.locked(ctx, "Beat", func() error {
		j, err := m.mine(id, token)
		if err != nil {
			return err
		}
		j.Progress, j.LeaseUntil = progress, time.Now().Add(lease)
		m.set(j)
		cancel = j.Cancel
		return nil
	})
	return cancel, err
}

// Check is job.lost unless the token is still the row's.
func (m *Memory) Check(ctx context.Context, id string, token int64) error {
	return m.locked(ctx, "Check", func() error {
		_, err := m.mine(id, token)
		return err
	})
}

// Finish ends a claim; see job.Store.
func (m *Memory) Finish(ctx context.Context, id string, token int64, to job.State, lastError string,
	runAt time.Time) error {
	return m.locked(ctx, "Finish", func() error {
		j, err := m.mine(id, token)
		if err != nil {
			return err
		}
		j.LastError, j.State, j.LeaseUntil, j.Worker = lastError, to, time.Time{}, ""
		switch to {
		case job.Released, job.Waiting:
			if to == job.Released {
				j.Attempt--
			}
			j.State, j.RunAt = job.Waiting, runAt
			if runAt.IsZero() {
				j.RunAt = time.Now()
			}
		default:
			j.FinishedAt = time.Now()
		}
		if to == job.Done {
			j.Progress = 1
		}
		m.set(j)
		return nil
	})
}

// Jobs lists rows, newest first; see job.Store.
func (m *Memory) Jobs(ctx context.Context, subject string, state job.State, limit int) ([]job.Job, error) {
	var out []job.Job
	err := m.locked(ctx, "Jobs", func() error {
		for _, j := range m.rows {
			if (subject == "" || j.Subject == subject) && (state == "" || j.State == state) {
				out = append(out, j)
			}
		}
		slices.SortFunc(out, func(a, b job.Job) int {
			return cmp.Or(cmp.Compare(len(b.ID), len(a.ID)),
				cmp.Compare(b.ID, a.ID))
		})
		if limit > 0 && len(out) > limit {
			out = out[:limit]
		}
		return nil
	})
	return out, err
}

// GroupTotals adds up a group of jobs; see job.Group.
func (m *Memory) GroupTotals(ctx context.Context, g job.Group) (t job.GroupTotals, err error) {
	err = m.locked(ctx, "GroupTotals", func() error {
		for _, j := range m.rows {
			if j.Subject != g.Subject || j.State == job.Cancelled ||
				len(g.Kinds) > 0 && !slices.Contains(g.Kinds, j.Kind) ||
				!strings.HasPrefix(j.Key, g.KeyPrefix) || j.ID == g.Except {
				continue
			}
			t.Weight += j.Weight
			switch j.State {
			case job.Running:
				t.Open++
				t.Done += j.Weight * j.Progress
			case job.Waiting:
				t.Open++
			case job.Done:
				t.Done += j.Weight
			}
		}
		return nil
	})
	return t, err
}

// Requeue puts a parked job back; see job.Store.
func (m *Memory) Requeue(ctx context.Context, id string) error {
	return m.locked(ctx, "Requeue", func() error {
		j, ok := m.rows[id]
		if !ok || j.State != job.Parked {
			return fault.New(fault.NotFound, "job.not_found")
		}
		j.State, j.Attempt, j.RunAt, j.Cancel, j.LastError = job.Waiting, 0, time.Now(), false, ""
		m.set(j)
		return nil
	})
}

// Park sets a waiting job aside; see job.Store.
func (m *Memory) Park(ctx context.Context, id, why string) error {
	return m.locked(ctx, "Park", func() error {
		j, ok := m.rows[id]
		if !ok {
			return fault.New(fault.NotFound, "job.not_found")
		}
		if j.State != job.Waiting {
			return fault.New(fault.Conflict, "job.not_waiting")
		}
		j.State, j.LastError, j.FinishedAt = job.Parked, why, time.Now()
		m.set(j)
		return nil
	})
}

// Claims lists the ids of claimed jobs in the order of their claims.
func (m *Memory) Claims() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.claims)
}
