package meili_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/infra/meili"
	"lenlop/infra/meili/meilitest"
	"lenlop/infra/sqldb"
	"lenlop/infra/sqlsearch"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/test/indextest"
	"lenlop/test/indextest/titles"
	"lenlop/test/longtest"
	"lenlop/test/storetest"
)

// synced is an Index whose jobs are run before each search, as a worker would a
// moment later.
type synced struct {
	*meili.Index
	t  *testing.T
	db *sqldb.DB
}

// runJobs runs the waiting jobs and returns how many there were.
func (f synced) runJobs(ctx context.Context) int {
	f.t.Helper()
	n := 0
	for ; ; n++ {
		j, err := f.db.Jobs().Claim(ctx, "worker", []string{meili.Changed{}.Kind()}, time.Minute)
		if err != nil {
			f.t.Fatal(err)
		}
		if j == nil {
			return n
		}
		var a meili.Changed
		if err := json.Unmarshal(j.Args, &a); err != nil {
			f.t.Fatal(err)
		}
		to := job.Done
		if err := f.Update(ctx, a.Lessons...); err != nil {
			if fault.KindOf(err) != fault.Unavailable {
				f.t.Fatal(err)
			}
			to = job.Released
		}
		if err := f.db.Jobs().Finish(ctx, j.ID, j.Token, to, "", time.Time{}); err != nil {
			f.t.Fatal(err)
		}
		if to == job.Released {
			return n
		}
	}
}

func (f synced) Search(ctx context.Context, q catalog.Query) (catalog.Result, error) {
	if !f.db.InTransaction(ctx) {
		f.runJobs(ctx)
	}
	return f.Index.Search(ctx, q)
}

func (f synced) Suggest(ctx context.Context, text string, grade, limit int) ([]catalog.Suggestion, error) {
	f.runJobs(ctx)
	return f.Index.Suggest(ctx, text, grade, limit)
}

// open returns an Index on SQLite and on a fake server that holds its documents.
func open(t *testing.T, now func() time.Time) (synced, *meilitest.Server) {
	t.Helper()
	f, srv := openEmpty(t, now, slog.DiscardHandler)
	if _, err := f.Repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f, srv
}

// openEmpty returns an Index whose fake server has no index yet.
func openEmpty(t *testing.T, now func() time.Time, log slog.Handler) (synced, *meilitest.Server) {
	t.Helper()
	ctx := context.Background()
	db, err := sqldb.Open(ctx, filepath.Join(t.TempDir(), "lenlop.sqlite"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	local, err := sqlsearch.Open(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	srv := meilitest.New(t)
	x := meili.New(meili.Config{URL: srv.URL, Key: srv.Key, UID: "lessons", Local: local, Queue: db.Jobs(), Atomic: db,
		InTransaction: db.InTransaction, Waiting: db.Jobs(), Log: slog.New(log), Now: now,
		SearchTimeout: time.Minute})
	return synced{x, t, db}, srv
}

// TestIndex runs the conformance tests, and checks that Meilisearch answered: an
// adapter that always falls back would pass them too.
func TestIndex(t *testing.T) {
	var servers []*meilitest.Server
	fresh := func(t *testing.T) (catalog.Index, job.Atomic) {
		f, srv := open(t, nil)
		servers = append(servers, srv)
		t.Cleanup(func() {
			if note, err := f.Health(context.Background()); err != nil || note != "Meilisearch" {
				t.Errorf("health: %q, %v", note, err)
			}
		})
		return f, f.db
	}
	indextest.Index(t, fresh)
	if longtest.Enabled {
		indextest.LargeIndex(t, fresh)
	}
	requests := 0
	for _, s := range servers {
		requests += s.Requests("POST /multi-search")
	}
	if requests < 200 {
		t.Errorf("Meilisearch got only %d searches", requests)
	}
}

// equalJSON compares values by how they are written.
func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	return err == nil && string(x) == string(y)
}

func TestCatalogue(t *testing.T) {
	indextest.Catalogue(t, func(t *testing.T) (catalog.Index, storetest.Stores) {
		f, _ := open(t, nil)
		return f, storetest.Stores{Atomic: f.db, Lessons: f.db.Lessons(), People: f.db.People(),
			Schools: f.db.Schools()}
	})
}

// During an outage searches go on and health reports it; changes made meanwhile
// are in Meilisearch afterwards.
func TestOutage(t *testing.T) {
	now := time.Date(2020, 4, 6, 1, 0, 0, 0, time.UTC)
	f, srv := open(t, func() time.Time { return now })
	ctx := t.Context()
	es := titles.Entries(20, 1)
	put := func(es ...catalog.Entry) {
		t.Helper()
		if err := indextest.PutAll(ctx, f, es); err != nil {
			t.Fatal(err)
		}
	}
	find := func(want catalog.Entry) {
		t.Helper()
		r, err := f.Search(ctx, catalog.Query{Text: want.Title, Limit: 100})
		if err != nil || !slices.ContainsFunc(r.Hits,
			func(h catalog.Hit) bool { return h.Entry.LessonID == want.LessonID }) {
			t.Errorf("%q is not found: %v", want.Title, err)
		}
	}
	put(es[:10]...)
	find(es[3])
	srv.SetDown(true)
	find(es[3])
	put(es[10:]...)
	if err := f.Delete(ctx, es[0].LessonID); err != nil {
		t.Fatal(err)
	}
	find(es[15])
	if note, err := f.Health(ctx); err != nil || !strings.Contains(note, "since 2020-04-06T01:00:00Z") {
		t.Errorf("health during the outage: %q, %v", note, err)
	}
	// No request is sent during the pause; afterwards one is.
	srv.SetDown(false)
	before := srv.Requests("POST /multi-search")
	if find(es[15]); srv.Requests("POST /multi-search") != before {
		t.Error("a request during the pause")
	}
	now = now.Add(time.Hour)
	if find(es[15]); srv.Requests("POST /multi-search") == before {
		t.Error("no request after the pause")
	}
	if n, err := f.Repair(ctx); err != nil || n != 0 {
		t.Errorf("after the jobs %d lessons still differ, %v", n, err)
	}
	if note, _ := f.Health(ctx); note != "Meilisearch" {
		t.Errorf("health: %q", note)
	}
}

// An emptied server and one that missed changes become equal again; when much
// differs, the index is rebuilt beside the live one.
func TestRepair(t *testing.T) {
	f, srv := open(t, nil)
	ctx := t.Context()
	es := titles.Entries(300, 1)
	if err := indextest.PutAll(ctx, f, es); err != nil {
		t.Fatal(err)
	}
	f.runJobs(ctx)
	srv.Reset()
	if r, err := f.Search(ctx, catalog.Query{Text: es[7].Title}); err != nil || len(r.Hits) == 0 {
		t.Errorf("an emptied index: %d hits, %v", len(r.Hits), err)
	}
	if n, err := f.Repair(ctx); err != nil || n != 300 {
		t.Errorf("repaired %d, %v", n, err)
	}
	if got := srv.Indexes(); !slices.Equal(got, []string{"lessons"}) {
		t.Errorf("indexes left: %q", got)
	}
	swaps := srv.Requests("POST /swap-indexes")
	// A few differences are repaired in place.
	if err := f.Local.Put(ctx, catalog.Entry{LessonID: es[0].LessonID, Title: "Khác hẳn", Grade: 3}); err != nil {
		t.Fatal(err)
	}
	if err := f.Local.Delete(ctx, es[1].LessonID); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Repair(ctx); err != nil || n != 2 {
		t.Errorf("repaired %d, %v", n, err)
	}
	if n, err := f.Repair(ctx); err != nil || n != 0 || srv.Requests("POST /swap-indexes") != swaps {
		t.Errorf("then repaired %d, %v", n, err)
	}
}

// A withdrawn lesson is not shown while Meilisearch still has it.
func TestWithdrawnIsNotShown(t *testing.T) {
	f, _ := open(t, nil)
	ctx := t.Context()
	es := titles.Entries(5, 1)
	if err := indextest.PutAll(ctx, f, es); err != nil {
		t.Fatal(err)
	}
	f.runJobs(ctx)
	if err := f.Delete(ctx, es[2].LessonID); err != nil {
		t.Fatal(err)
	}
	r, err := f.Index.Search(ctx, catalog.Query{Text: es[2].Title}) // before the job ran
	if err != nil || slices.ContainsFunc(r.Hits,
		func(h catalog.Hit) bool { return h.Entry.LessonID == es[2].LessonID }) {
		t.Errorf("a withdrawn lesson is shown: %v", err)
	}
}
