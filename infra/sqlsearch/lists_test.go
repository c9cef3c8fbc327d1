package sqlsearch_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/services/catalog"
)

// TestLists: the lists made in one query hold what searches without a text
// would give one after the other.
func TestLists(t *testing.T) {
	onEach(t, func(t *testing.T, open opener) {
		x, _ := open(t)
		subjects := []string{"dia-li", "toan", "ngu-van"}
		var all []catalog.Entry
		for i := range 60 {
			all = append(all, catalog.Entry{LessonID: fmt.Sprintf("l%02d", i), PackageID: "p",
				Title:   fmt.Sprint("Bài ", i),
				Subject: subjects[i%3], Grade: 8 + i%2, Week: 1 + i%7, Language: "vi",
				PublishedAt: time.UnixMilli(int64(1000 * i)).UTC()})
		}
		if err := x.Put(t.Context(), all...); err != nil {
			t.Fatal(err)
		}
		search := func(q catalog.Query) (out []string) {
			r, err := x.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range r.Hits {
				out = append(out, h.Entry.LessonID)
			}
			return out
		}
		same := func(what string, es []catalog.Entry, err error, want []string) {
			t.Helper()
			var got []string
			for _, e := range es {
				got = append(got, e.LessonID)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v %v, want %v", what, got, err, want)
			}
		}
		es, totals, err := x.FirstOfSubjects(t.Context(), 9, 3)
		var want []string
		for _, s := range slices.Sorted(slices.Values(subjects)) {
			want = append(want, search(catalog.Query{Grade: 9, Subject: s, Limit: 3})...)
		}
		same("first of subjects", es, err, want)
		if totals["toan"] != 10 || totals["dia-li"] != 10 || len(totals) != 3 {
			t.Errorf("totals %v", totals)
		}
		es, total, err := x.First(t.Context(), 12)
		same("first", es, err, search(catalog.Query{Limit: 12}))
		if total != len(all) {
			t.Errorf("%d of %d", total, len(all))
		}
		es, err = x.Around(t.Context(), "toan", 9, 2, 4, 6, 1)
		want = search(catalog.Query{Grade: 9, Subject: "toan", Limit: 2})
		for week := 4; week <= 6; week++ {
			want = append(want, search(catalog.Query{Grade: 9, Subject: "toan", Week: week, Limit: 1})...)
		}
		same("around", es, err, want)
		if es, total, err = x.First(t.Context(), 0); len(es) != 0 || total != 0 || err != nil {
			t.Errorf("none: %v %d %v", es, total, err)
		}
	})
}
