// Package job is work that must not be lost: a row written in the same
// transaction as the change that asks for it, taken by one worker at a time
// under a lease, repeated after a crash, fenced against zombies, and parked
// when it keeps killing its workers.
package job

import (
	"context"
	"encoding/json"
	"time"
)

// State of a job.
type State string

// The states. A job leaves "running" only by its worker's word or when its
// lease has run out and somebody claims it again.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Done      State = "done"
	Parked    State = "parked" // given up after MaxAttempts; a person looks at it
	Cancelled State = "cancelled"
)

// Released is never a row's state. Finish(..., Released, ...) makes the row
// Waiting again at runAt (zero: now) and takes this claim off Attempt: the
// worker is shutting down, or something it needs is away, and the job is not
// to blame.
const Released State = "given_back"

// Priority: lower goes first.
const (
	Urgent = 10
	High   = 30
	Normal = 50
	Low    = 70
	Idle   = 90
)

// Args are a job's typed arguments; Kind names the worker that understands
// them. They are stored as JSON.
type Args interface{ Kind() string }

// New is a job to be added. Key, when not empty, makes the job unique among
// the waiting and running jobs of its kind: adding it again changes nothing.
type New struct {
	Args        Args
	Key         string
	Subject     string // "lesson:ID"; cancel and list by it
	Priority    int    // 0 means Normal
	RunAt       time.Time
	MaxAttempts int     // 0 means 3 crashes or failures, then parked
	Weight      float64 // share in the work of its group, for GroupTotals; any unit
}

// Group selects jobs for GroupTotals.
type Group struct {
	Subject   string
	Kinds     []string // none means all
	KeyPrefix string   // beginning of New.Key; "" means any
	Except    string   // id of a job that is left out; "" means none
}

// GroupTotals are sums over a group of jobs in all states but Cancelled.
type GroupTotals struct {
	Open   int     // jobs that wait or run
	Weight float64 // of all jobs
	Done   float64 // weight of the done jobs, and of the running ones times their progress
}

// Job is one row.
type Job struct {
	ID          string
	Kind        string
	Key         string
	Subject     string
	Args        json.RawMessage
	State       State
	Priority    int
	Attempt     int // 1 on the first claim
	MaxAttempts int
	RunAt       time.Time
	LeaseUntil  time.Time
	Token       int64 // fencing token, new at each claim
	Worker      string
	Progress    float64 // 0 to 1
	Weight      float64
	Cancel      bool   // somebody asked for it to stop
	LastError   string // for operators
	Trace       string // W3C traceparent of who asked for it, or ""
	CreatedAt   time.Time
	FinishedAt  time.Time
}

// Atomic runs fn in one transaction: every Store of the same database that is
// called with fn's ctx joins it. Nested calls join the outer one.
type Atomic interface {
	Atomically(ctx context.Context, fn func(ctx context.Context) error) error
}

// Queue is how a service asks for work, inside its own transaction.
type Queue interface {
	Add(ctx context.Context, jobs ...New) error
	// CancelSubject asks every waiting or running job of a subject, of the
	// given kinds (none means all), to stop. Waiting ones stop at once. Running
	// ones no longer have their key: the same work may be asked for again
	// before they have stopped.
	CancelSubject(ctx context.Context, subject string, kinds ...string) error
}

// Store is the queue's other side, for the Runner and the queue page. Times
// are the database's clock, so that workers with wrong clocks do no harm.
type Store interface {
	Queue
	// Claim takes the next due job of one of the kinds, or one whose lease ran
	// out; nil when there is none. A job whose lease ran out after its last
	// allowed attempt is parked and returned with State Parked, once.
	Claim(ctx context.Context, worker string, kinds []string, lease time.Duration) (*Job, error)
	// Beat renews the lease, stores progress and brings back "cancel".
	// fault.Conflict "job.lost" when the token is no longer the row's.
	Beat(ctx context.Context, id string, token int64, progress float64, lease time.Duration) (cancel bool, err error)
	// Check is fault.Conflict "job.lost" unless the token is still the row's;
	// inside a transaction it locks the row until commit.
	Check(ctx context.Context, id string, token int64) error
	// Finish ends this claim: Done, Cancelled, Parked, Waiting (again at
	// runAt, zero: now) or Released. fault.Conflict "job.lost" when the token is no longer the row's.
	Finish(ctx context.Context, id string, token int64, to State, lastError string, runAt time.Time) error
	// Jobs lists rows, newest first; empty filters mean all.
	Jobs(ctx context.Context, subject string, state State, limit int) ([]Job, error)
	// Requeue puts a parked job back with its attempts forgotten. Faults:
	// fault.NotFound "job.not_found", fault.Conflict "job.not_parked", or
	// "job.duplicate" when another job with its key waits or runs.
	Requeue(ctx context.Context, id string) error
	// Park sets a waiting job aside until somebody puts it back; why is for
	// operators. Faults: fault.NotFound "job.not_found", fault.Conflict
	// "job.not_waiting".
	Park(ctx context.Context, id, why string) error
}
