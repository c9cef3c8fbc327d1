package titles

import (
	"context"
	"slices"
	"testing"
	"time"

	"lenlop/services/catalog"
)

// aimed are the kinds of query that are after one topic.
var aimed = []string{"search/exact", "search/folded", "search/typo", "search/telex", "search/grade"}

// Bench measures every kind of query on a filled index, and reports the
// median and the 95th percentile in milliseconds, and how many of the queries
// that are after one topic have it among their first three hits.
func Bench(b *testing.B, x catalog.Index) {
	run := func(name string, queries []Asked, ask func(Asked) (bool, error)) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			met := 0
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				ok, err := ask(queries[i%len(queries)])
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
				if ok {
					met++
				}
			}
			slices.Sort(took)
			ms := func(p int) float64 { return float64(took[len(took)*p/100].Microseconds()) / 1000 }
			b.ReportMetric(ms(50), "p50-ms")
			b.ReportMetric(ms(95), "p95-ms")
			b.ReportMetric(0, "ns/op")
			if slices.Contains(aimed, name) {
				b.ReportMetric(100*float64(met)/float64(len(took)), "in-top-3-%")
			}
		})
	}
	b.Run("search/set", func(b *testing.B) {
		set := TestSet()
		var reciprocal, met float64
		for b.Loop() {
			reciprocal, met = 0, 0
			for _, q := range set {
				found, err := x.Search(context.Background(), q.Query)
				if err != nil {
					b.Fatal(err)
				}
				if at := q.Rank(found); at > 0 {
					reciprocal += 1 / float64(at)
					if at <= 3 {
						met++
					}
				}
			}
		}
		n := float64(len(set))
		b.ReportMetric(n, "queries")
		b.ReportMetric(100*met/n, "success-at-3-%")
		b.ReportMetric(reciprocal/n, "MRR")
	})
	for _, kind := range Kinds {
		run("search/"+kind, Queries(kind, 200, 3), func(q Asked) (bool, error) {
			r, err := x.Search(context.Background(), q.Query)
			return q.Meets(r), err
		})
	}
	for _, kind := range []string{"prefix", "letter"} {
		run("suggest/"+kind, Queries(kind, 200, 4), func(q Asked) (bool, error) {
			_, err := x.Suggest(context.Background(), q.Text, 0, 8)
			return true, err
		})
	}
	// One lesson changes; and the first search after that, which reads anew what
	// others find at hand.
	es := Entries(200, 9)
	for i := range es {
		es[i].LessonID += "-changed"
	}
	at := 0
	put := func(Asked) (bool, error) {
		at++
		return true, x.Put(context.Background(), es[at%len(es)])
	}
	run("put", Queries("folded", 200, 5), put)
	run("put+search", Queries("folded", 200, 5), func(q Asked) (bool, error) {
		if ok, err := put(q); err != nil {
			return ok, err
		}
		_, err := x.Search(context.Background(), q.Query)
		return true, err
	})
}
