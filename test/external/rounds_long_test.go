//go:build long

package external

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/media"
	"lenlop/test/system/harness"
)

// far is a worker in a network of its own, whose line can be cut as a cable is:
// nothing comes back, not even a refusal.
type far struct {
	*harness.Process
	how     string
	cut     func() error
	connect func() error
}

// farWorker starts a worker that can be cut off: in a network namespace where
// this process may make one, else behind lines of toxiproxy that swallow what
// is sent.
func (p *province) farWorker(name string) *far {
	p.t.Helper()
	space, device, here, err := ownNetwork(p.t)
	if err == nil {
		listen := here + ":0"
		flags := p.flagsFor(newLine(p.t, "database", listen, p.pg.Address()).address(),
			"http://"+newLine(p.t, "media", listen, p.moods.address()).address(),
			"http://"+newLine(p.t, "search", listen, strings.TrimPrefix(p.search.URL, "http://")).address())
		w := p.worker(name, append(flags, p.opt.common...)...)
		w.Argv = append([]string{"ip", "netns", "exec", space}, w.Argv...)
		p.startWorker(w)
		return &far{w, "a network namespace of its own", func() error { return ip("link", "set", device, "down") },
			func() error { return ip("link", "set", device, "up") }}
	}
	lines := []*line{newLine(p.t, "database", "127.0.0.1:0", p.pg.Address()),
		newLine(p.t, "media", "127.0.0.1:0", p.moods.address())}
	flags := p.flagsFor(lines[0].address(), "http://"+lines[1].address(), "http://"+p.finding.address())
	w := p.worker(name, append(flags, p.opt.common...)...)
	p.startWorker(w)
	return &far{w, fmt.Sprintf("lines that swallow everything (%v)", err), func() error {
		for _, l := range lines {
			l.spoil("timeout", 1, `{"timeout":0}`)
		}
		return nil
	}, func() error {
		for _, l := range lines {
			l.well()
		}
		return nil
	}}
}

// ownNetwork makes a network namespace and a cable into it; device and address
// are this end's.
func ownNetwork(t *testing.T) (space, device, here string, err error) {
	n := os.Getpid() % 60000
	space, device = fmt.Sprint("lenlop-", n), fmt.Sprint("ll", n, "a")
	there := fmt.Sprint("ll", n, "b")
	net := fmt.Sprintf("10.%d.%d.", 100+n/250%100, n%250)
	here = net + "1"
	t.Cleanup(func() {
		_ = ip("link", "del", device) // there may be none
		_ = ip("netns", "del", space)
	})
	for _, args := range [][]string{
		{"netns", "add", space},
		{"link", "add", device, "type", "veth", "peer", "name", there},
		{"link", "set", there, "netns", space},
		{"addr", "add", here + "/24", "dev", device},
		{"link", "set", device, "up"},
		{"-n", space, "addr", "add", net + "2/24", "dev", there},
		{"-n", space, "link", "set", there, "up"},
		{"-n", space, "link", "set", "lo", "up"},
	} {
		if err := ip(args...); err != nil {
			return "", "", "", err
		}
	}
	return space, device, here, nil
}

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return errors.Join(fmt.Errorf("ip %s: %s", strings.Join(args, " "), strings.TrimSpace(string(out))), err)
	}
	return nil
}

// TestZombie: a worker in the middle of its work is cut off, or stopped, for
// longer than its lease; others do its work; it comes back, and nothing that it
// still says is believed.
func TestZombie(t *testing.T) {
	p := startProvince(t, provinceOptions{webs: 1, common: []string{"--lease", fmt.Sprint(shortLease)}})
	near := p.worker("near", p.flags()...)
	z := p.farWorker("far")
	t.Log("cut off by ", z.how)
	teacher := p.system(0).As("giao-vien")
	for name, c := range map[string]struct{ away, back func() error }{
		"cut off": {z.cut, z.connect},
		"stopped": {func() error { return z.Signal(syscall.SIGSTOP) },
			func() error { return z.Signal(syscall.SIGCONT) }},
	} {
		t.Run(name, func(t *testing.T) {
			heard := len(z.History())
			l := teacher.Draft("Bài của máy " + name)
			teacher.Upload(l.ID, harness.Recording(t, 60))
			claimed := func() int64 {
				return p.one(
					"SELECT COUNT(*) FROM jobs WHERE kind = 'transcode' AND state = 'running' AND progress > 0 AND subject = ?", "lesson:"+l.ID)
			}
			for end := time.Now().Add(2 * time.Minute); claimed() == 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the far worker takes no task")
				}
			}
			if err := c.away(); err != nil {
				t.Fatal(err)
			}
			p.startWorker(near)
			l = teacher.Until(l.ID, 4*time.Minute, harness.Settled)
			if err := c.back(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(2 * time.Minute); !strings.Contains(z.History()[heard:],
				"job lost to another worker"); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the worker that came back was not told that its work is another's")
				}
			}
			if l.Media.State != "ready" {
				t.Fatalf("lesson: %+v", l)
			}
			near.Stop(syscall.SIGTERM, 30*time.Second)
			p.settle(2 * time.Minute)
			if n := p.one(
				"SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE kind = 'transcode' AND state = 'done' GROUP BY args HAVING COUNT(*) > 1) AS x"); n != 0 {
				t.Errorf("%d tasks done twice", n)
			}
			p.whole()
		})
	}
	p.cleans()
}

// TestScaleRounds lets everything happen to a province by chance while people
// use it. LENLOP_SCALE_ROUNDS and LENLOP_SCALE_SECONDS say how often and how
// long, LENLOP_SCALE_SEED repeats a round's schedule.
func TestScaleRounds(t *testing.T) {
	rounds, seconds := numberOf("LENLOP_SCALE_ROUNDS", 3), numberOf("LENLOP_SCALE_SECONDS", 40)
	for range rounds {
		seed := seedOf(t)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			p := startProvince(t, provinceOptions{webs: 2, workers: 3,
				common: []string{"--lease", fmt.Sprint(shortLease)}})
			l := newLoad(t, p)
			p.round(l, time.Duration(seconds)*time.Second, 2, 4, func(ctx context.Context) { p.happen(ctx, seed) })
			p.cleans()
		})
	}
}

func numberOf(name string, or int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return or
}

// cleans lets a month pass and runs the clean-up, and wants storage to hold
// nothing then that the database does not know (I6).
func (p *province) cleans() {
	t := p.t
	t.Helper()
	p.drain()
	f := harness.FolderSettings(filepath.Join(p.dir, "cleaner"))
	if err := os.MkdirAll(f.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	f.Database, f.S3Endpoint, f.S3AccessKey, f.S3SecretKey = p.pg.DSN(p.pg.Address(), provinceDatabase), p.endpoint,
		"examaccess", "examsecret"
	f.MeiliURL, f.MeiliKey = p.search.URL, p.search.Key
	later := func() time.Time { return time.Now().Add(32 * 24 * time.Hour) }
	h, err := app.New(t.Context(), app.Config{Settings: f, Log: harness.QuietLogger(), Now: later})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	count := func() (n int) {
		if err := h.Media.List(t.Context(), "", func(media.Object) bool { n++; return true }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	h.Runner.Only = []string{"sweep", "orphans", "sweep-uploads", "drop-held"}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Runner.Run(ctx) }()
	for end := time.Now().Add(time.Minute); p.one(
		"SELECT COUNT(*) FROM jobs WHERE kind IN ('sweep', 'orphans', 'sweep-uploads', 'drop-held') AND state = 'done' AND worker = ?", h.Runner.Worker) < 4; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is cleaned")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	after := count()
	var out strings.Builder
	if err := h.Inspect(t.Context(), &out, app.InspectOptions{}); err != nil ||
		!strings.Contains(out.String(), "no problems found") {
		t.Errorf("after a month: %v\n%s", err, out.String())
	}
	t.Logf("%d objects, %d after a month's cleaning: %s", before, after, strings.TrimSpace(out.String()))
}

// happen lets troubles happen by chance until ctx ends, two at a time at most.
func (p *province) happen(ctx context.Context, seed uint64) {
	var busy sync.Map // what a trouble is happening to
	var pairs sync.WaitGroup
	for lane := range uint64(2) {
		pairs.Go(func() {
			r := rand.New(rand.NewPCG(seed, lane))
			for ctx.Err() == nil {
				rest(ctx, time.Duration(r.Int64N(int64(1500*time.Millisecond))))
				x, which, long := r.IntN(len(troubles)), r.IntN(60), r.Float64()
				if ctx.Err() != nil {
					return
				}
				// The same thing cannot be killed twice at once.
				part := strings.Fields(troubles[x].name)[0]
				if _, taken := busy.LoadOrStore(part, true); taken {
					continue
				}
				p.t.Logf("%s (%d, %.2f)", troubles[x].name, which, long)
				troubles[x].do(p, which, long)
				busy.Delete(part)
			}
		})
	}
	pairs.Wait()
}

// seedOf is LENLOP_SCALE_SEED, or one by chance; it is always told.
func seedOf(t *testing.T) uint64 {
	seed := rand.Uint64()
	if n, err := strconv.ParseUint(os.Getenv("LENLOP_SCALE_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("LENLOP_SCALE_SEED=%d", seed)
	return seed
}
