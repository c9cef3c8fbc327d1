//go:build bench

package system

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/test/system/harness"
)

// The bounds of the product against nginx on the same files, the median of
// benchRounds rounds: share of nginx's requests a second, at least; and CPU for
// each byte as a multiple of nginx's, at most.
const (
	plainShare, plainCPU = 0.60, 1.3
	tlsShare             = 0.90
	benchRounds          = 5
)

// TestBenchmarkSegments serves the same segments of 0.3 to 2 MB, all in the
// page cache, by nginx (sendfile, open file cache, as many workers as Go has
// processors) and by the product as a process of its own, by turns. Requests
// take the product's whole way: routes, access check, headers, counting. The
// load comes from this process, over loopback. LENLOP_BENCH_SECONDS is the
// length of a turn.
func TestBenchmarkSegments(t *testing.T) {
	dir, files := benchPackages(t)
	cert, key := selfSigned(t)
	binary := benchBinary(t)
	long := time.Duration(harness.EnvInt("LENLOP_BENCH_SECONDS", 3)) * time.Second
	for _, way := range []struct {
		name          string
		tls           bool
		drive         driver
		share, cpuTop float64 // bounds; 0: none
	}{
		{"plain", false, driveOne, plainShare, plainCPU},
		{"tls", true, driveOne, tlsShare, 0},
		{"tls h2", true, driveTwo, 0, 0},
	} {
		args := []string{"--log", "warn"}
		if way.tls {
			args = append(args, "--tls-cert", cert, "--tls-key", key)
		}
		ours := benchServe(t, binary, dir, args...)
		nginx := benchNginx(t, filepath.Join(dir, "objects", "buckets", "lenlop"), way.tls, cert, key)
		var shares, cpus, rates, peer, perGiB, peerGiB []float64
		for _, s := range []*benchServer{nginx, ours} {
			s.turn(t, way.drive, files, time.Second) // files into the cache, connections warm
		}
		for range benchRounds {
			n, o := nginx.turn(t, way.drive, files, long), ours.turn(t, way.drive, files, long)
			rates, peer = append(rates, o.rate()), append(peer, n.rate())
			perGiB, peerGiB = append(perGiB, o.cpuPerGiB()), append(peerGiB, n.cpuPerGiB())
			shares, cpus = append(shares, o.rate()/n.rate()), append(cpus, o.cpuPerGiB()/n.cpuPerGiB())
		}
		ours.stop()
		nginx.stop()
		benchLine("segments "+way.name+": share of nginx's requests", median(shares), "", way.share, "nginx")
		benchLine("segments "+way.name+": requests a second", median(rates), "1/s", 0,
			fmt.Sprintf("nginx %.0f", median(peer)))
		benchLine("segments "+way.name+": CPU against nginx", median(cpus), "x", way.cpuTop, "nginx")
		benchLine("segments "+way.name+": CPU seconds a GiB", median(perGiB), "s", 0,
			fmt.Sprintf("nginx %.2f", median(peerGiB)))
		if got := median(shares); got < way.share {
			t.Errorf("%s: %.2f of nginx's requests, want %.2f: %.2f", way.name, got, way.share, shares)
		}
		if got := median(cpus); way.cpuTop > 0 && got > way.cpuTop {
			t.Errorf("%s: %.2f times nginx's CPU, want %.2f: %.2f", way.name, got, way.cpuTop, cpus)
		}
	}
}

// benchPackages is a data folder with published lessons and their segments.
func benchPackages(t *testing.T) (dir string, files []string) {
	t.Helper()
	f, files := benchLessons(t, nil)
	return f.Data, files
}

// benchLessons makes an installation with two published lessons of 75 segments each,
// spread evenly over 0.3 to 2 MB, closes it again and gives their addresses.
func benchLessons(t *testing.T, change func(*app.Settings)) (app.Settings, []string) {
	t.Helper()
	dir := t.TempDir()
	f := app.Settings{DataSettings: app.DataSettings{Data: dir, S3Bucket: "lenlop", S3Region: "us-east-1",
		Timezone: "Asia/Ho_Chi_Minh", LogLevel: "warn", DatabaseConns: 10, DatabaseTimeout: 30 * time.Second},
		MaxUpload: 20 << 30, Drain: 5 * time.Second}
	if change != nil {
		change(&f)
	}
	ctx := context.Background()
	h, err := app.New(ctx, app.Config{Settings: f, Log: harness.QuietLogger()})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	const each = 75
	fill := rand.NewChaCha8([32]byte{1})
	var files []string
	for _, id := range []string{"bai-1", "bai-2"} {
		l := lesson.Lesson{ID: id, Title: "Bài " + id, Subject: "toan", Grade: 5, SchoolID: "s1",
			TeacherID: "p-giao-vien", Status: lesson.Published,
			Media:     lesson.Media{State: lesson.Ready, PackageID: "p", Playable: true, Duration: 450},
			CreatedAt: time.Now(), PublishedAt: time.Now()}
		if err := h.DB.Lessons().Save(ctx, l); err != nil {
			t.Fatal(err)
		}
		for n := range each {
			body := make([]byte, 300_000+1_700_000*n/(each-1))
			if _, err := io.ReadFull(fill, body); err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%d.m4s", n)
			if _, err := h.Media.Put(ctx, media.Output(id, "p", "720p/0-1", name), bytes.NewReader(body),
				int64(len(body)), media.PutOptions{ContentType: "video/iso.segment"}); err != nil {
				t.Fatal(err)
			}
			files = append(files, "/watch/"+id+"/p/720p/0-1/"+name)
		}
	}
	return f, files
}

// benchLine says one figure as scripts read it.
func benchLine(name string, value float64, unit string, bound float64, peer string) {
	b := "null"
	if bound != 0 {
		b = fmt.Sprint(bound)
	}
	fmt.Fprintf(os.Stdout, "{\"name\":%q,\"value\":%.3g,\"unit\":%q,\"bound\":%s,\"peer\":%q}\n", name, value,
		unit, b, peer)
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}
