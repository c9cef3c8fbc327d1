// Package meili searches lessons by text in Meilisearch. The database's own index
// (sqlsearch) stays complete beside it: jobs copy its changes to Meilisearch, it
// holds the entries that hits show and the vocabulary, it lists lessons without a
// text, and it answers every search while Meilisearch does not. So a withdrawn
// lesson is never shown, even if Meilisearch still has it.
package meili

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/job"
)

// Local is the database's own index.
type Local interface {
	catalog.Index
	Vocabulary(ctx context.Context) (*catalog.Vocabulary, error)
	Page(ctx context.Context, f catalog.Query) ([]catalog.Entry, error)
	Counts(ctx context.Context, f catalog.Query) (catalog.Counts, error)
	Spoken(ctx context.Context, m catalog.ParsedQuery, f catalog.Query, limit int) ([]catalog.Candidate, error)
	Passages(ctx context.Context, numbers []int64) (map[int64]catalog.Passage, error)
}

// Config of an Index. The fields before Waiting are required.
type Config struct {
	URL, Key string
	UID      string // of the index; the one built beside it is UID + "_next"
	Local    Local
	Queue    job.Queue
	Atomic   job.Atomic
	// InTransaction reports whether ctx carries a transaction: Meilisearch does not
	// see its changes, so searches within it use the database's index.
	InTransaction func(ctx context.Context) bool
	Log           *slog.Logger

	// Waiting lists the jobs that wait, to send their lessons together; nil: one job
	// at a time.
	Waiting interface {
		Jobs(ctx context.Context, subject string, state job.State, limit int) ([]job.Job, error)
	}
	Client        *http.Client     // nil: one with a timeout of 5 minutes
	Now           func() time.Time // nil: time.Now
	SearchTimeout time.Duration    // of a search; 0: 1 s
	RetryAfter    time.Duration    // pause after a failure; 0: 5 s
}

// Index is a catalog.Index on Meilisearch and the database's index.
type Index struct {
	Local
	c      Config
	server meilisearch.ServiceManager
	client *http.Client // of server

	mu          sync.Mutex
	lastErr     error     // of Meilisearch; nil while it answers
	failedSince time.Time // when lastErr was set first
	retryAt     time.Time // no requests before that
	fallbacks   int64     // searches answered by the database
}

var _ catalog.Index = (*Index)(nil)

// Changed is the job that copies lessons to Meilisearch.
type Changed struct {
	Lessons []string `json:"lessons"`
}

// Kind of the job.
func (Changed) Kind() string { return "index-meili" }

// New makes an Index; it sends no request.
func New(c Config) *Index {
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 5 * time.Minute}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SearchTimeout == 0 {
		c.SearchTimeout = time.Second
	}
	if c.RetryAfter == 0 {
		c.RetryAfter = 5 * time.Second
	}
	client := *c.Client
	client.Transport = outside{cmp.Or(client.Transport, http.DefaultTransport)}
	return &Index{Local: c.Local, c: c, client: &client, server: meilisearch.New(c.URL,
		meilisearch.WithAPIKey(c.Key), meilisearch.WithCustomClient(&client), meilisearch.DisableRetries())}
}

// Put puts entries into the database's index and, in the same transaction, adds
// the job that copies them to Meilisearch.
func (x *Index) Put(ctx context.Context, es ...catalog.Entry) error {
	ids := make([]string, len(es))
	for i, e := range es {
		ids[i] = e.LessonID
	}
	return x.change(ctx, ids, func(ctx context.Context) error { return x.Local.Put(ctx, es...) })
}

// Delete removes lessons from both in the same way.
func (x *Index) Delete(ctx context.Context, lessonIDs ...string) error {
	return x.change(ctx, lessonIDs, func(ctx context.Context) error { return x.Local.Delete(ctx, lessonIDs...) })
}

func (x *Index) change(ctx context.Context, ids []string, do func(ctx context.Context) error) error {
	if len(ids) == 0 {
		return nil
	}
	return x.c.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		return x.c.Queue.Add(ctx, job.New{Args: Changed{ids}, Priority: job.High})
	})
}

// Search finds entries: by text in Meilisearch, without text in the database.
func (x *Index) Search(ctx context.Context, q catalog.Query) (catalog.Result, error) {
	return withFallback(ctx, x, func(ctx context.Context, e catalog.Engine) (catalog.Result,
		error) {
		return catalog.Find(ctx, e, q)
	},
		func(ctx context.Context) (catalog.Result, error) { return x.Local.Search(ctx, q) })
}

// Suggest completes what is being typed.
func (x *Index) Suggest(ctx context.Context, text string, grade, limit int) ([]catalog.Suggestion, error) {
	return withFallback(ctx, x, func(ctx context.Context, e catalog.Engine) ([]catalog.Suggestion, error) {
		return catalog.Complete(ctx, e, text, grade, limit)
	}, func(ctx context.Context) ([]catalog.Suggestion, error) {
		return x.Local.Suggest(ctx, text, grade, limit)
	})
}

// withFallback tries Meilisearch first, and the database when that fails or must
// not be used.
func withFallback[R any](
	ctx context.Context, x *Index,
	remote func(context.Context, catalog.Engine) (R, error), local func(context.Context) (R, error),
) (R, error) {
	if x.c.InTransaction(ctx) || x.backingOff() {
		return local(ctx)
	}
	short, done := context.WithTimeout(ctx, x.c.SearchTimeout)
	defer done()
	e := &meiliEngine{x: x, keys: map[string]int64{}}
	r, err := remote(short, e)
	if err == nil {
		x.recordOutcome(nil)
		return r, nil
	}
	if ctx.Err() != nil {
		return r, fault.Wrap(err, fault.Unavailable, "catalog.unavailable")
	}
	if e.failed != nil {
		x.recordOutcome(e.failed)
	}
	return local(ctx)
}

// backingOff reports whether Meilisearch failed a moment ago, and counts the
// fallback.
func (x *Index) backingOff() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	wait := x.lastErr != nil && x.c.Now().Before(x.retryAt)
	if wait {
		x.fallbacks++
	}
	return wait
}

// Fallbacks counts the searches that the database answered in place of
// Meilisearch.
func (x *Index) Fallbacks() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.fallbacks
}

// recordOutcome keeps whether Meilisearch answers; only changes are logged, also of
// the cause.
func (x *Index) recordOutcome(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	was := x.lastErr
	x.lastErr = err
	switch {
	case err != nil:
		x.fallbacks++
		x.retryAt = x.c.Now().Add(x.c.RetryAfter)
		if was == nil || Cause(was) != Cause(err) {
			x.failedSince = x.c.Now()
			x.c.Log.Warn("Meilisearch failed; searching in the database", "cause", Cause(err), "error", newAnswer(err))
		}
	case was != nil:
		x.c.Log.Info("Meilisearch answers again")
	}
}

// Health describes what answers searches; an error means that nothing does. An
// outage of Meilisearch is described but is no error. It reads the settings of the
// index and not Meilisearch's own health, which needs no key.
func (x *Index) Health(ctx context.Context) (string, error) {
	if _, err := x.Local.Search(ctx, catalog.Query{Limit: 1}); err != nil {
		return "", err
	}
	short, done := context.WithTimeout(ctx, x.c.SearchTimeout)
	defer done()
	s, err := x.settingsState(short)
	x.mu.Lock()
	defer x.mu.Unlock()
	since := x.c.Now()
	if x.lastErr != nil && (err == nil || Cause(err) == Cause(x.lastErr)) {
		err, since = x.lastErr, x.failedSince
	}
	switch {
	case err != nil:
		return fmt.Sprintf("Meilisearch %s since %s; the database's own index answers", Cause(err),
			since.UTC().Format(time.RFC3339)), nil
	case s.Missing:
		return "Meilisearch has no index yet; the database's own index answers", nil
	case len(s.Different) > 0:
		return "Meilisearch; settings that differ are restored within 5 minutes: " +
			strings.Join(s.Different, ", "), nil
	}
	return "Meilisearch", nil
}

// outside keeps requests to Meilisearch out of database transactions.
type outside struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (o outside) RoundTrip(r *http.Request) (*http.Response, error) {
	job.Outside(r.Context(), "Meilisearch: "+r.URL.Path)
	return o.next.RoundTrip(r)
}
