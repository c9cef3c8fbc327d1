package titles

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"lenlop/services/catalog"
)

// aimed are the kinds of query that look for one topic.
var aimed = []string{"search/exact", "search/folded", "search/typo", "search/telex", "search/vni", "search/grade",
	"search/teacher", "search/school", "search/subject", "search/spoken"}

// Bench measures every kind of query on an index filled with es. It reports the median and the 95th percentile in
// milliseconds, and for the aimed kinds the share of queries that have their topic among the first three hits.
func Bench(b *testing.B, x catalog.Index, es []catalog.Entry) {
	run := func(name string, queries []Asked, search func(Asked) (bool, error)) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			met := 0
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				ok, err := search(queries[i%len(queries)])
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
		var g Grades
		for b.Loop() {
			var err error
			if g, err = Judge(x, TestSet(es)); err != nil {
				b.Fatal(err)
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(g)) {
			b.Logf("%-8s %3d queries, success at 3 %5.1f %%, MRR %.3f", kind, g[kind].N, 100*g[kind].Success(),
				g[kind].MRR())
		}
		all := g.All()
		b.ReportMetric(float64(all.N), "queries")
		b.ReportMetric(100*all.Success(), "success-at-3-%")
		b.ReportMetric(all.MRR(), "MRR")
	})
	for _, kind := range Kinds {
		run("search/"+kind, Queries(kind, 200, 3, es), func(q Asked) (bool, error) {
			r, err := x.Search(context.Background(), q.Query)
			return q.Meets(r), err
		})
	}
	for _, kind := range []string{"prefix", "letter"} {
		run("suggest/"+kind, Queries(kind, 200, 4, es), func(q Asked) (bool, error) {
			_, err := x.Suggest(context.Background(), q.Text, 0, 8)
			return true, err
		})
	}
	// One lesson changes; and the first search after that, which reads again what
	// others find at hand.
	changed := Entries(200, 9)
	for i := range changed {
		changed[i].LessonID += "-changed"
	}
	at := 0
	put := func(Asked) (bool, error) {
		at++
		return true, x.Put(context.Background(), changed[at%len(changed)])
	}
	run("put", Queries("folded", 200, 5, es), put)
	run("put+search", Queries("folded", 200, 5, es), func(q Asked) (bool, error) {
		if ok, err := put(q); err != nil {
			return ok, err
		}
		_, err := x.Search(context.Background(), q.Query)
		return true, err
	})
}

// Grade is how well queries were answered.
type Grade struct {
	N, met     int
	reciprocal float64
}

// Success is the share that is answered among the first three hits.
func (g Grade) Success() float64 { return float64(g.met) / float64(g.N) }

// MRR is the mean of one over the place of the first right hit, none being 0.
func (g Grade) MRR() float64 { return g.reciprocal / float64(g.N) }

// Grades are those of each kind of query.
type Grades map[string]Grade

// All is that of all kinds together.
func (g Grades) All() Grade {
	var all Grade
	for _, one := range g {
		all.N, all.met, all.reciprocal = all.N+one.N, all.met+one.met, all.reciprocal+one.reciprocal
	}
	return all
}

// Judge asks all queries of a set.
func Judge(x catalog.Index, set []Asked) (Grades, error) {
	out := Grades{}
	for _, q := range set {
		found, err := x.Search(context.Background(), q.Query)
		if err != nil {
			return nil, err
		}
		g := out[q.Kind]
		g.N++
		if at := q.Rank(found); at > 0 {
			g.reciprocal += 1 / float64(at)
			if at <= 3 {
				g.met++
			}
		}
		out[q.Kind] = g
	}
	return out, nil
}
