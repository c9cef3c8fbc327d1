package pgsearch_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"lenlop/infra/contract"
	"lenlop/infra/contract/titles"
	"lenlop/infra/pgsearch"
	"lenlop/infra/sqldb"
)

// BenchmarkSearch reports p50 and p95 of every kind of query on a catalogue of
// 20,000 lessons (LENLOP_BENCH_LESSONS for another number). The goal is a p95
// below 50 ms.
func BenchmarkSearch(b *testing.B) {
	n := 20_000
	if s := os.Getenv("LENLOP_BENCH_LESSONS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	ctx := context.Background()
	db, err := sqldb.Open(ctx, contract.Postgres(b), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	x, err := pgsearch.Open(ctx, db)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	all := titles.Entries(n, 1)
	for es := range slices.Chunk(all, 500) {
		if err := x.Put(ctx, es...); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := db.Writer(ctx).ExecContext(ctx, `ANALYZE`); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d lessons indexed in %v", n, time.Since(began).Round(time.Millisecond))
	titles.Bench(b, x, all)
}
