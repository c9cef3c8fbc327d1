package meili_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/catalog"
	"lenlop/test/indextest"
	"lenlop/test/indextest/titles"
)

// A change of many lessons is a job for each. The first job sends them all, and
// the others find their version there.
func TestMassChangeIsOneTask(t *testing.T) {
	f, srv := open(t, nil)
	ctx := t.Context()
	es := titles.Entries(200, 1)
	for _, e := range es {
		if err := f.Put(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	before := srv.Requests("POST /indexes/{}/documents")
	if n := f.runJobs(ctx); n != len(es) {
		t.Errorf("%d jobs ran, want %d", n, len(es))
	}
	if n := srv.Requests("POST /indexes/{}/documents") - before; n != 1 {
		t.Errorf("%d lessons were sent in %d tasks", len(es), n)
	}
	if d, err := f.Differences(ctx); err != nil || len(d) > 0 {
		t.Errorf("%d lessons differ, %v", len(d), err)
	}
	// A job that runs again sends nothing, nor does one for a lesson that is gone.
	before = srv.Requests("POST /indexes/{}/documents")
	deletions := srv.Requests("POST /indexes/{}/documents/delete-batch")
	for range 2 {
		if err := f.Update(ctx, es[0].LessonID, "no such lesson"); err != nil {
			t.Fatal(err)
		}
	}
	if srv.Requests("POST /indexes/{}/documents") != before ||
		srv.Requests("POST /indexes/{}/documents/delete-batch") != deletions {
		t.Error("a version that is there was sent again")
	}
	for _, e := range es[:50] {
		if err := f.Delete(ctx, e.LessonID); err != nil {
			t.Fatal(err)
		}
	}
	f.runJobs(ctx)
	if n := srv.Requests("POST /indexes/{}/documents/delete-batch") - deletions; n != 1 {
		t.Errorf("50 lessons were deleted in %d tasks", n)
	}
	if d, err := f.Differences(ctx); err != nil || len(d) > 0 {
		t.Errorf("%d lessons differ, %v", len(d), err)
	}
}

// What a mistyped word may have been ranks as if it had been typed: lessons with
// any of the words in their title come before those with one in their description.
func TestCorrectedWordsAreRanked(t *testing.T) {
	f, _ := open(t, nil)
	ctx := t.Context()
	at := time.Date(2020, 4, 6, 1, 0, 0, 0, time.UTC)
	var es []catalog.Entry
	for i, word := range []string{"nhanh", "thanh", "khanh"} {
		es = append(es, catalog.Entry{LessonID: "title-" + word, Title: "Bài tập " + word, Grade: 9, PublishedAt: at},
			catalog.Entry{LessonID: "text-" + word, Title: fmt.Sprintf("Ôn tập %d", i), Description: "Có chữ " + word,
				Grade: 9, PublishedAt: at.Add(time.Hour)})
	}
	if err := indextest.PutAll(ctx, f, es); err != nil {
		t.Fatal(err)
	}
	f.runJobs(ctx)
	r, err := f.Index.Search(ctx, catalog.Query{Text: "chanh"})
	if err != nil || len(r.Hits) != len(es) || r.Corrected == "" {
		t.Fatalf("%d hits, corrected %q, %v", len(r.Hits), r.Corrected, err)
	}
	for i, h := range r.Hits {
		if strings.HasPrefix(h.Entry.LessonID, "title-") != (i < 3) {
			t.Errorf("hit %d is %s", i, h.Entry.LessonID)
		}
	}
}

// Health and log say with which code Meilisearch refuses, and each change of cause
// is logged once.
func TestRefusalsAreNamed(t *testing.T) {
	now := time.Date(2020, 4, 6, 1, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	f, srv := openEmpty(t, func() time.Time { return now }, slog.NewTextHandler(&log, nil))
	ctx := t.Context()
	if _, err := f.Repair(ctx); err != nil {
		t.Fatal(err)
	}
	es := titles.Entries(10, 1)
	if err := indextest.PutAll(ctx, f, es); err != nil {
		t.Fatal(err)
	}
	f.runJobs(ctx)
	srv.Allow("invalid_search_filter", "invalid_api_key")
	key := srv.Key
	var causes []string
	for _, step := range []struct {
		change func()
		health string
	}{
		{func() {}, "Meilisearch"},
		{func() { srv.ChangeSettings("lessons", `{"filterableAttributes": []}`) },
			"refuses: invalid_search_filter since"},
		{srv.Reset, "refuses: index_not_found since"},
		{func() { srv.SetKey("another") }, "refuses: invalid_api_key since"},
		{func() { srv.SetDown(true) }, "does not answer since"},
		{func() { srv.SetDown(false); srv.SetKey(key) }, "refuses: index_not_found since"},
		{func() {
			if _, err := f.Repair(ctx); err != nil {
				t.Fatal(err)
			}
		}, "Meilisearch"},
	} {
		step.change()
		for range 2 {
			now = now.Add(time.Minute)
			r, err := f.Index.Search(ctx, catalog.Query{Text: es[3].Title, Limit: 50})
			if err != nil || !slices.ContainsFunc(r.Hits,
				func(h catalog.Hit) bool { return h.Entry.LessonID == es[3].LessonID }) {
				t.Errorf("%s: not found, %v", step.health, err)
			}
		}
		if note, err := f.Health(ctx); err != nil || !strings.Contains(note, step.health) {
			t.Errorf("health %q, %v, want %q", note, err, step.health)
		}
		cause, _, _ := strings.Cut(step.health, " since")
		causes = append(causes, cause)
	}
	var logged []string
	for line := range strings.Lines(log.String()) {
		if _, after, ok := strings.Cut(line, "cause="); ok {
			logged = append(logged, strings.Trim(strings.Split(after, " error=")[0], `"`))
		}
	}
	if want := causes[1:6]; !slices.Equal(logged, want) {
		t.Errorf("logged %q, want %q", logged, want)
	}
	if strings.Contains(log.String(), "words =") {
		t.Error("the log has what people search for")
	}
}
