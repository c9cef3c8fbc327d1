package titles

import (
	"context"
	"slices"
	"testing"
	"time"

	"lenlop/services/catalog"
)

// Bench measures every kind of query on a filled index, and reports the
// median and the 95th percentile in milliseconds.
func Bench(b *testing.B, x catalog.Index) {
	run := func(name string, queries []catalog.Query, ask func(catalog.Query) error) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				if err := ask(queries[i%len(queries)]); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			ms := func(p int) float64 { return float64(took[len(took)*p/100].Microseconds()) / 1000 }
			b.ReportMetric(ms(50), "p50-ms")
			b.ReportMetric(ms(95), "p95-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
	for _, kind := range Kinds {
		run("search/"+kind, Queries(kind, 200, 3), func(q catalog.Query) error {
			_, err := x.Search(context.Background(), q)
			return err
		})
	}
	run("suggest/prefix", Queries("prefix", 200, 4), func(q catalog.Query) error {
		_, err := x.Suggest(context.Background(), q.Text, 0, 8)
		return err
	})
	run("suggest/letter", Queries("letter", 200, 4), func(q catalog.Query) error {
		_, err := x.Suggest(context.Background(), q.Text, 0, 8)
		return err
	})
}
