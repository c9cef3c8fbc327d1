package fts_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"lenlop/infra/contract/titles"
	"lenlop/infra/fts"
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
	db, err := sqldb.Open(ctx, filepath.Join(b.TempDir(), "lenlop.db"), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	x, err := fts.Open(ctx, db)
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
	b.Logf("%d lessons indexed in %v", n, time.Since(began).Round(time.Millisecond))
	titles.Bench(b, x, all)
}
