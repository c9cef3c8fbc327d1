//go:build bench

package system

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
)

// TestBenchmarkRelay serves the same segments from an S3 server outside: with
// the disk cache, and without it.
func TestBenchmarkRelay(t *testing.T) {
	endpoint, database := harness.S3Server(t), pgtest.Postgres(t)
	outside := func(f *app.Settings) {
		f.S3Endpoint, f.S3AccessKey, f.S3SecretKey, f.Database = endpoint, "examaccess", "examsecret", database
	}
	_, files := benchLessons(t, outside)
	binary := benchBinary(t)
	long := time.Duration(harness.EnvInt("LENLOP_BENCH_SECONDS", 3)) * time.Second
	args := []string{"--log", "warn", "--no-work", "--database", database, "--s3-endpoint", endpoint, "--s3-access-key",
		"examaccess", "--s3-secret-key", "examsecret"}
	relay := benchServe(t, binary, t.TempDir(), append(slices.Clone(args), "--relay-cache", "0")...)
	cached := benchServe(t, binary, t.TempDir(), append(slices.Clone(args), "--relay-cache", "1073741824")...)
	cold := cached.turn(t, driveOne, files, long)
	var rates, relayed, perGiB, relayGiB, gains []float64
	for range benchRounds {
		r, c := relay.turn(t, driveOne, files, long), cached.turn(t, driveOne, files, long)
		rates, relayed = append(rates, c.rate()), append(relayed, r.rate())
		perGiB, relayGiB = append(perGiB, c.cpuPerGiB()), append(relayGiB, r.cpuPerGiB())
		gains = append(gains, c.rate()/r.rate())
	}
	benchLine("relay: requests a second, cached", median(rates), "1/s", 0, fmt.Sprintf("relayed %.0f", median(relayed)))
	benchLine("relay: requests a second while the cache fills", cold.rate(), "1/s", 0, "")
	benchLine("relay: CPU seconds a GiB, cached (our process alone)", median(perGiB), "s",
		0, fmt.Sprintf("relayed %.2f", median(relayGiB)))
	benchLine("relay: cached against relayed", median(gains), "x", 1, "relayed")
	if got := median(gains); got < 1 {
		t.Errorf("the cache makes it slower: %.2f", gains)
	}
}
