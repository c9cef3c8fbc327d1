package sqlsearch_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/infra/sqlsearch"
	"lenlop/services/catalog"
	"lenlop/test/indextest/titles"
)

// BenchmarkSearch reports p50 and p95 of every kind of query on a catalogue of
// 20,000 lessons (LENLOP_BENCH_LESSONS for another number), on both databases.
// The goal is a p95 below 50 ms.
func BenchmarkSearch(b *testing.B) {
	n := 20_000
	if s := os.Getenv("LENLOP_BENCH_LESSONS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	all := titles.Entries(n, 1)
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) { benchmarkSearch(b, e.dsn(b), all) })
	}
}

func benchmarkSearch(b *testing.B, dsn string, all []catalog.Entry) {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, dsn, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	x, err := sqlsearch.Open(ctx, db)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	for es := range slices.Chunk(all, 500) {
		if err := x.Put(ctx, es...); err != nil {
			b.Fatal(err)
		}
	}
	if db.Postgres() {
		if _, err := db.Writer(ctx).ExecContext(ctx, `ANALYZE`); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d lessons indexed in %v", len(all), time.Since(start).Round(time.Millisecond))
	titles.Bench(b, x, all)
}
