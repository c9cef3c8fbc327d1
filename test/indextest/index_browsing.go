package indextest

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lenlop/services/catalog"
	"lenlop/services/job"
	"lenlop/test/indextest/titles"
)

func indexPaging(t *testing.T, x catalog.Index, _ job.Atomic) {
	ok(t, PutAll(bg, x, titles.Entries(150, 5)))
	for _, q := range []catalog.Query{{}, {Text: "trường"}, {Subject: "toan"}} {
		q.Limit = 100
		first, err := x.Search(bg, q)
		ok(t, err)
		q.Offset = 100
		rest, err := x.Search(bg, q)
		ok(t, err)
		all := append(hitIDs(first), hitIDs(rest)...)
		if len(all) != first.EstimatedTotal || first.EstimatedTotal != rest.EstimatedTotal {
			t.Errorf("%+v: %d hits of %d", q, len(all), first.EstimatedTotal)
		}
		var small []string
		q.Limit = 7
		for q.Offset = 0; q.Offset < first.EstimatedTotal; q.Offset += q.Limit {
			small = append(small, found(t, x, q)...)
		}
		if !slices.Equal(small, all) {
			t.Errorf("%q: pages of 7 give another order than pages of 100", q.Text)
		}
		q.Offset = 1_000_000_000
		wantIDs(t, found(t, x, q), "far beyond the end")
	}
	for limit, want := range map[int]int{0: 20, -3: 20, 5: 5, 100: 100, 1_000_000: 100} {
		if got := found(t, x, catalog.Query{Limit: limit}); len(got) != want {
			t.Errorf("limit %d gives %d hits, want %d", limit, len(got), want)
		}
	}
}

// Without a text: by grade, subject, week, newest first.
func indexBrowsing(t *testing.T, x catalog.Index, _ job.Atomic) {
	es := titles.Entries(300, 8)
	ok(t, PutAll(bg, x, es))
	slices.SortStableFunc(es, func(a, b catalog.Entry) int {
		if a.Grade != b.Grade {
			return a.Grade - b.Grade
		}
		if a.Subject != b.Subject {
			return strings.Compare(a.Subject, b.Subject)
		}
		if a.Week != b.Week {
			return a.Week - b.Week
		}
		return b.PublishedAt.Compare(a.PublishedAt)
	})
	var want []string
	for _, e := range es[40:70] {
		want = append(want, e.LessonID)
	}
	got := found(t, x, catalog.Query{Limit: 30, Offset: 40})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	r, err := x.Search(bg, catalog.Query{Text: " \t?! "})
	ok(t, err)
	if len(r.Hits) != 20 || r.EstimatedTotal != 300 || r.Hits[0].Entry.LessonID != es[0].LessonID {
		t.Errorf("a text without words is no text: %d hits of %d", len(r.Hits), r.EstimatedTotal)
	}
}

func indexBroad(t *testing.T, x catalog.Index, _ job.Atomic) {
	const n = 3500 // more than are ranked
	var es []catalog.Entry
	for i := range n {
		es = append(es, catalog.Entry{
			LessonID: "l" + strconv.Itoa(i), Title: "Can thiệp sớm", Subject: "toan", SubjectName: "Toán",
			Grade: 1 + i%12, Language: "vi",
			PublishedAt: time.Unix(int64(i), 0).UTC(),
		})
	}
	es[3].Title, es[4].Grade, es[4].Subject = "Cân bằng", 9, "rare"
	ok(t, PutAll(bg, x, es))
	r, err := x.Search(bg, catalog.Query{Text: "c"})
	ok(t, err)
	if len(r.Hits) != 20 || r.EstimatedTotal < 1000 {
		t.Errorf("a broad prefix gives %d hits of %d", len(r.Hits), r.EstimatedTotal)
	}
	// What is old and outnumbered is still found: under a filter, and by its tones.
	wantIDs(t, found(t, x, catalog.Query{Text: "can", Subject: "rare"}), "an old lesson under a filter", "l4")
	wantFirst(t, x, "cân", "l3")
	if got := found(t, x, catalog.Query{Text: "can", Offset: 2000, Limit: 5}); len(got) != 5 {
		t.Errorf("paging deep gives %d hits", len(got))
	}
}

// Of 30 queries of a kind, on a catalogue of several hundred topics, nearly all
// have a lesson that was asked for among the first three hits.
func indexSuccess(t *testing.T, x catalog.Index, _ job.Atomic) {
	es := titles.Entries(1000, 2)
	ok(t, PutAll(bg, x, es))
	for kind, least := range map[string]int{"exact": 30, "folded": 30, "typo": 28, "telex": 28, "vni": 28, "grade": 25,
		"teacher": 27, "school": 25, "subject": 27, "spoken": 27} {
		met := 0
		for _, q := range titles.Queries(kind, 30, 11, es) {
			r, err := x.Search(bg, q.Query)
			ok(t, err)
			if q.Meets(r) {
				met++
			} else {
				t.Logf("%s: %q is not answered by %q", kind, q.Text, hitIDs(r)[:min(3, len(r.Hits))])
			}
		}
		if met < least {
			t.Errorf("%s: %d of 30 queries find what they ask for, want %d", kind, met, least)
		}
	}
}
