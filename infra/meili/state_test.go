package meili_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/infra/meili"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/test/indextest"
	"lenlop/test/indextest/titles"
)

// wantFound fails unless Meilisearch itself, and not the database, finds the lesson.
func wantFound(t *testing.T, f synced, want catalog.Entry) {
	t.Helper()
	before := f.Fallbacks()
	r, err := f.Index.Search(t.Context(), catalog.Query{Text: want.Title, Limit: 100})
	if err != nil || !slices.ContainsFunc(r.Hits,
		func(h catalog.Hit) bool { return h.Entry.LessonID == want.LessonID }) {
		t.Errorf("%q is not found: %v", want.Title, err)
	}
	if f.Fallbacks() != before {
		t.Errorf("%q was found by the database", want.Title)
	}
}

// Meilisearch is away when the first lessons are published. Their jobs, which run
// before the first check of the index, must not create it with no settings.
func TestDocumentsDoNotCreateTheIndex(t *testing.T) {
	now := time.Date(2020, 4, 6, 1, 0, 0, 0, time.UTC)
	f, srv := openEmpty(t, func() time.Time { return now }, slog.DiscardHandler)
	ctx := t.Context()
	srv.SetDown(true)
	if _, err := f.Repair(ctx); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("repair while it is away: %v", err)
	}
	es := titles.Entries(20, 1)
	if err := indextest.PutAll(ctx, f, es); err != nil {
		t.Fatal(err)
	}
	srv.SetDown(false)
	if err := f.Update(ctx, es[0].LessonID); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("update without an index: %v", err)
	}
	if got := srv.Indexes(); len(got) != 0 {
		t.Errorf("documents created %q", got)
	}
	if note, err := f.Health(ctx); err != nil || !strings.Contains(note, "no index yet") {
		t.Errorf("health: %q, %v", note, err)
	}
	if n, err := f.Repair(ctx); err != nil || n != 20 {
		t.Errorf("repaired %d, %v", n, err)
	}
	f.runJobs(ctx)
	wantFound(t, f, es[4])
	if s, err := f.State(ctx); err != nil || s.Missing || len(s.Different) > 0 {
		t.Errorf("state %+v, %v", s, err)
	}
	if note, _ := f.Health(ctx); note != "Meilisearch" {
		t.Errorf("health: %q", note)
	}
}

// An index that an older release made by its documents, with no settings, and
// settings that were changed by hand, are restored by the periodic check, by the
// next document and by doctor, without a rebuild.
func TestSettingsAreRestored(t *testing.T) {
	broken := map[string]string{
		"none": `{"filterableAttributes": null, "sortableAttributes": null, "rankingRules": null,
			"searchableAttributes": null, "displayedAttributes": null, "typoTolerance": null,
			"localizedAttributes": null, "pagination": null}`,
		"by hand": `{"filterableAttributes": ["title"]}`,
		"others":  `{"stopWords": ["ham", "so"], "distinctAttribute": "school_id", "prefixSearch": "disabled"}`,
	}
	es := titles.Entries(60, 1)
	restore := map[string]func(t *testing.T, ctx context.Context, f synced){
		"check": func(t *testing.T, ctx context.Context, f synced) {
			if n, err := f.Repair(ctx); err != nil || n != 0 {
				t.Errorf("repaired %d, %v", n, err)
			}
		},
		"document": func(t *testing.T, ctx context.Context, f synced) {
			if err := f.Update(ctx, es[0].LessonID); err != nil {
				t.Error(err)
			}
		},
		"doctor": func(t *testing.T, ctx context.Context, f synced) {
			d, err := f.Diagnose(ctx)
			if err != nil || len(d.State.Different) == 0 || d.TooOld || d.Version != "1.50.0" {
				t.Errorf("diagnosis %+v, %v", d, err)
			}
			for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				if s, err := f.State(ctx); err != nil || len(s.Different) == 0 {
					return
				}
			}
		},
	}
	for by, do := range restore {
		t.Run(by, func(t *testing.T) {
			var log bytes.Buffer
			f, srv := openEmpty(t, nil, slog.NewTextHandler(&log, nil))
			ctx := t.Context()
			if _, err := f.Repair(ctx); err != nil {
				t.Fatal(err)
			}
			if err := indextest.PutAll(ctx, f, es); err != nil {
				t.Fatal(err)
			}
			f.runJobs(ctx)
			want, swaps := srv.Settings("lessons"), srv.Requests("POST /swap-indexes")
			for how, change := range broken {
				srv.ChangeSettings("lessons", change)
				do(t, ctx, f)
				if s, err := f.State(ctx); err != nil || len(s.Different) > 0 {
					t.Errorf("%s: still other: %+v, %v", how, s, err)
				}
				if got := srv.Settings("lessons"); !equalJSON(t, got, want) {
					t.Errorf("%s: settings %v, want %v", how, got, want)
				}
				wantFound(t, f, es[3])
			}
			if srv.Requests("POST /swap-indexes") != swaps {
				t.Error("the index was rebuilt")
			}
			if by != "doctor" && !strings.Contains(log.String(), "filterableAttributes") {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}

// An index with another primary key refuses every document; it is replaced.
func TestOtherPrimaryKey(t *testing.T) {
	f, srv := openEmpty(t, nil, slog.DiscardHandler)
	ctx := t.Context()
	srv.CreateIndex("lessons", "lesson_id")
	es := titles.Entries(10, 1)
	if err := indextest.PutAll(ctx, f, es); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Repair(ctx); err != nil || n != 10 {
		t.Errorf("repaired %d, %v", n, err)
	}
	f.runJobs(ctx)
	wantFound(t, f, es[3])
	if s, err := f.State(ctx); err != nil || len(s.Different) > 0 {
		t.Errorf("state %+v, %v", s, err)
	}
}

func TestDiagnoseVersions(t *testing.T) {
	f, srv := openEmpty(t, nil, slog.DiscardHandler)
	for version, old := range map[string]bool{"1.17.1": true, "1.18.0": false, "1.50.0": false} {
		srv.SetVersion(version)
		if d, err := f.Diagnose(t.Context()); err != nil || d.TooOld != old || d.Version != version {
			t.Errorf("%s: %+v, %v", version, d, err)
		}
	}
	srv.SetDown(true)
	if _, err := f.Diagnose(t.Context()); err == nil || meili.Cause(err) != "does not answer" {
		t.Errorf("away: %v", err)
	}
}
