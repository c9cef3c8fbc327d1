// Package meili lets Meilisearch find lessons by text. The database's own index
// (sqlsearch) stays complete beside it: it is the truth that Meilisearch
// follows by jobs, it keeps what a hit shows and which words exist, it answers
// shelves without a text, and it answers everything while Meilisearch is away.
// So a lesson that was withdrawn is never shown, however late Meilisearch is.
package meili

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
	Spoken(ctx context.Context, m catalog.Meaning, f catalog.Query, cap int) ([]catalog.Candidate, error)
	Passages(ctx context.Context, numbers []int64) (map[int64]catalog.Passage, error)
}

// Config of an Index. All but the last four are needed.
type Config struct {
	URL, Key string
	UID      string // of the index; the one being made beside it is UID + "_next"
	Local    Local
	Queue    job.Queue
	Atomic   job.Atomic
	// InTransaction reports whether ctx carries a transaction: Meilisearch does
	// not see its changes, so the database's index answers there.
	InTransaction func(ctx context.Context) bool
	Log           *slog.Logger

	Client *http.Client     // nil: one made here
	Now    func() time.Time // nil: time.Now
	Answer time.Duration    // longest wait for an answer to a search; 0: 1 s
	Rest   time.Duration    // how long Meilisearch is left alone after it failed; 0: 5 s
}

// Index is a catalog.Index in front of both.
type Index struct {
	Local
	c      Config
	server meilisearch.ServiceManager

	mu    sync.Mutex
	away  error     // why it does not answer; nil when it does
	since time.Time // of being away
	until time.Time // when it is tried again
	falls int64     // searches that the database answered
}

var _ catalog.Index = (*Index)(nil)

// Changed asks for lessons to be brought up to date in Meilisearch.
type Changed struct {
	Lessons []string `json:"lessons"`
}

// Kind names the worker.
func (Changed) Kind() string { return "index-meili" }

// New makes an Index; it reaches nothing yet.
func New(c Config) *Index {
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 5 * time.Minute}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Answer == 0 {
		c.Answer = time.Second
	}
	if c.Rest == 0 {
		c.Rest = 5 * time.Second
	}
	return &Index{Local: c.Local, c: c, server: meilisearch.New(c.URL, meilisearch.WithAPIKey(c.Key),
		meilisearch.WithCustomClient(c.Client), meilisearch.DisableRetries())}
}

// Put puts entries into the database's index and asks for Meilisearch to
// follow, in one transaction.
func (x *Index) Put(ctx context.Context, es ...catalog.Entry) error {
	ids := make([]string, len(es))
	for i, e := range es {
		ids[i] = e.LessonID
	}
	return x.change(ctx, ids, func(ctx context.Context) error { return x.Local.Put(ctx, es...) })
}

// Delete takes lessons out of both in the same way.
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

// Search finds entries: by text in Meilisearch, otherwise in the database.
func (x *Index) Search(ctx context.Context, q catalog.Query) (catalog.Result, error) {
	return ask(ctx, x, func(ctx context.Context, e catalog.Engine) (catalog.Result, error) { return catalog.Find(ctx, e, q) },
		func(ctx context.Context) (catalog.Result, error) { return x.Local.Search(ctx, q) })
}

// Suggest completes what is being typed.
func (x *Index) Suggest(ctx context.Context, text string, grade, limit int) ([]catalog.Suggestion, error) {
	return ask(ctx, x, func(ctx context.Context, e catalog.Engine) ([]catalog.Suggestion, error) {
		return catalog.Propose(ctx, e, text, grade, limit)
	}, func(ctx context.Context) ([]catalog.Suggestion, error) {
		return x.Local.Suggest(ctx, text, grade, limit)
	})
}

// ask tries Meilisearch and falls back on the database.
func ask[R any](ctx context.Context, x *Index, there func(context.Context, catalog.Engine) (R, error), here func(context.Context) (R, error)) (R, error) {
	if x.c.InTransaction(ctx) || x.resting() {
		return here(ctx)
	}
	short, done := context.WithTimeout(ctx, x.c.Answer)
	defer done()
	e := &asking{x: x, keys: map[string]int64{}}
	r, err := there(short, e)
	if err == nil {
		x.note(nil)
		return r, nil
	}
	if ctx.Err() != nil {
		return r, fault.Wrap(err, fault.Unavailable, "catalog.unavailable")
	}
	if e.failed != nil {
		x.note(e.failed)
	}
	return here(ctx)
}

func (x *Index) resting() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	rest := x.away != nil && x.c.Now().Before(x.until)
	if rest {
		x.falls++
	}
	return rest
}

// Fallbacks counts the searches that the database answered because Meilisearch
// did not.
func (x *Index) Fallbacks() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.falls
}

// note remembers whether Meilisearch answers; only changes are logged.
func (x *Index) note(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	was := x.away
	x.away = err
	switch {
	case err != nil:
		x.falls++
		x.until = x.c.Now().Add(x.c.Rest)
		if was == nil {
			x.since = x.c.Now()
			x.c.Log.Warn("Meilisearch does not answer; the database's own index does", "error", brief(err))
		}
	case was != nil:
		x.c.Log.Info("Meilisearch answers again")
	}
}

// Health says what answers searches, and whether anything does: Meilisearch
// away is told and no reason to take no more visitors.
func (x *Index) Health(ctx context.Context) (string, error) {
	if _, err := x.Local.Search(ctx, catalog.Query{Limit: 1}); err != nil {
		return "", err
	}
	short, done := context.WithTimeout(ctx, x.c.Answer)
	defer done()
	_, err := x.server.HealthWithContext(short)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil {
		err = x.away
	}
	if err != nil {
		since := x.since
		if x.away == nil {
			since = x.c.Now()
		}
		return fmt.Sprintf("Meilisearch does not answer since %s; the database's own index does", since.UTC().Format(time.RFC3339)), nil
	}
	return "Meilisearch", nil
}

// brief is an error of the library without the request and response that it
// repeats, which hold what people search for.
func brief(err error) string {
	var e *meilisearch.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if e.StatusCode == 0 && e.OriginError != nil {
		return fmt.Sprintf("%s %s: %v", e.Method, e.Endpoint, e.OriginError)
	}
	return fmt.Sprintf("%s %s: status %d %s", e.Method, e.Endpoint, e.StatusCode, e.MeilisearchApiError.Code)
}

// unavailable marks an error as Meilisearch's, so that a job waits and is not
// to blame.
func unavailable(err error, noun string) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fmt.Errorf("meilisearch: %s: %s", noun, brief(err)), fault.Unavailable, "catalog.unavailable")
}
