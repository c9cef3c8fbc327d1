package production

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lenlop/services/media"
)

func TestFraction(t *testing.T) {
	for _, c := range []struct{ done, all, want float64 }{
		{0, 0, 0}, {1, 0, 0}, {0.5, 1, 0.5}, {3, 4, 0.75}, {2, 1, 1}, {-1, 1, 0},
	} {
		if got := fraction(c.done, c.all); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("fraction(%v, %v) = %f, want %f", c.done, c.all, got, c.want)
		}
	}
}

// watch looks once a second at done(second) for n seconds.
func watch(n int, done func(s int) float64, each func(s int, e Estimate)) {
	at := time.Date(2020, 4, 1, 8, 0, 0, 0, time.UTC)
	var e Estimate
	for s := range n {
		e = e.Next(at.Add(time.Duration(s)*time.Second), done(s))
		each(s, e)
	}
}

func TestEstimateFollowsASteadyPace(t *testing.T) {
	watch(301, func(s int) float64 { return float64(s) / 300 }, func(s int, e Estimate) {
		left := time.Duration(300-s) * time.Second
		// At first it promises rather too little, never too much.
		switch {
		case s < 5 && e.Known:
			t.Errorf("says %v after %d s", e.Remaining, s)
		case s >= 6 && !e.Known:
			t.Errorf("says nothing after %d s", s)
		case e.Known && (e.Remaining > left*5/4+2*time.Second || left-e.Remaining > 2*time.Second):
			t.Errorf("after %d s: %v, really %v", s, e.Remaining, left)
		}
	})
}

// TestEstimateIsHonestEarly: work lands in lumps of a twentieth every 30 s;
// whoever begins to watch, at whatever moment, is never told less than six
// tenths of what it will really take.
func TestEstimateIsHonestEarly(t *testing.T) {
	for begun := range 30 {
		watch(500, func(s int) float64 { return float64((s+begun)/30) / 20 }, func(s int, e Estimate) {
			left := 600 - float64(s+begun)
			if left > 60 && e.Known && e.Remaining.Seconds() < 0.6*left {
				t.Errorf("watched from %d s on, after %d s: %v, really %.0f s", begun, s, e.Remaining, left)
			}
			if s > 75 && !e.Known {
				t.Fatalf("watched from %d s on, says nothing after %d s", begun, s)
			}
		})
	}
}

func TestEstimateDoesNotJump(t *testing.T) {
	// Any never falling fraction, in lumps and standstills.
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 0, 0, 0.001, 0.01, 0.05, 0.2}), 5, 200).Draw(t, "steps")
		done, before := 0.0, Estimate{}
		watch(len(steps), func(s int) float64 { done = min(1, done+steps[s]); return done }, func(s int, e Estimate) {
			if e.Remaining < 0 {
				t.Fatalf("%v left", e.Remaining)
			}
			if d := (e.Remaining - before.Remaining).Seconds(); before.Known && done < 1 &&
				(d > mostRise+0.01 || d < -mostFall-0.01) {
				t.Fatalf("second %d: from %v to %v", s, before.Remaining, e.Remaining)
			}
			if done == 1 && e.Remaining != 0 {
				t.Fatalf("done, but %v left", e.Remaining)
			}
			if e.Known && done < 1 && e.Round() <= 0 {
				t.Fatal("shows nothing before the end")
			}
			before = e
		})
	})
}

func TestEstimateStartsOverWhenTheWorkDoes(t *testing.T) {
	watch(100, func(s int) float64 {
		if s < 50 {
			return float64(s) / 60
		}
		return float64(s-50) / 600
	}, func(s int, e Estimate) {
		if s == 49 && !e.Known || s == 50 && e.Known {
			t.Errorf("second %d: %+v", s, e)
		}
	})
}

func TestEstimateRounds(t *testing.T) {
	for in, want := range map[time.Duration]time.Duration{
		time.Second: 5 * time.Second, 42 * time.Second: 40 * time.Second,
		100 * time.Second: 90 * time.Second, 14*time.Minute + 40*time.Second: 15 * time.Minute,
	} {
		if got := (Estimate{Known: true, Remaining: in}).Round(); got != want {
			t.Errorf("%v: %v, want %v", in, got, want)
		}
	}
}

func TestObjectAddresses(t *testing.T) {
	good := map[string]string{
		"l1/p1/360p/0-17/0.m4s":                          "lessons/l1/packages/p1/360p/0-17/0.m4s",
		"l1/p1/audio/3-9/init.mp4":                       "lessons/l1/packages/p1/audio/3-9/init.mp4",
		"l1/p1/poster.jpg":                               "lessons/l1/packages/p1/poster.jpg",
		"0190-a/0190-b/720p/12-1712000000000000/119.m4s": "lessons/0190-a/packages/0190-b/720p/12-1712000000000000/119.m4s",
	}
	for in, want := range good {
		if o, ok := ObjectAt(in); !ok || o.Key != want {
			t.Errorf("%s: %v %q", in, ok, o.Key)
		}
	}
	for _, in := range []string{
		"", "l1", "l1/p1", "l1/p1/", "l1/p1/master.m3u8", "l1/p1/360p.m3u8", "../p1/poster.jpg", "l1/../poster.jpg",
		"l1/p1/../poster.jpg",
		"l1/p1/360p/0-1/../../x.m4s", "l1/p1/360p/0-1/a.m4s", "l1/p1/360p/0-1/0.mp4", "l1/p1/360p/0-1/0.m4s/",
		"/l1/p1/poster.jpg",
		"l1/p1/360p/0-1/0.m4s\n", "l1/p1/360p/0-1/0.m4s?x", "l1/p1/360p/0/0.m4s", "l1/p1/..%2f/0-1/0.m4s",
		"l1/p1/recordings/0-1/R",
		"l1//p1/poster.jpg", "l1/p1/360p//0.m4s", "l1\x00/p1/poster.jpg", "l.1/p1/poster.jpg",
		strings.Repeat("a", 65) + "/p/poster.jpg",
	} {
		if o, ok := ObjectAt(in); ok {
			t.Errorf("%q is taken for %q", in, o.Key)
		}
	}
	if l, p, f, ok := PlaylistAt(MasterAddress("l1", "p1")); !ok || l != "l1" || p != "p1" || f != "master.m3u8" {
		t.Error(l, p, f, ok)
	}
	for _, in := range []string{"l1/p1/360p/0-1/0.m4s", "l1/p1/../x.m3u8", "l1/p1/a/b.m3u8", "l1/p1/.m3u8",
		"l1/p1/360p.event.event.m3u8", "l1/p1/360p.m3u8x"} {
		if _, _, _, ok := PlaylistAt(in); ok {
			t.Errorf("%q is taken for a playlist", in)
		}
	}
}

func FuzzObjectAddressesStayInTheirPackage(f *testing.F) {
	f.Add("l1/p1/360p/0-17/0.m4s")
	f.Add("l1/p1/../../x")
	f.Fuzz(func(t *testing.T, address string) {
		if o, ok := ObjectAt(address); ok {
			if !strings.HasPrefix(o.Key, media.PackagePrefix(o.Lesson, o.Package)) || strings.Contains(o.Key, "..") ||
				strings.Contains(o.Key, "//") {
				t.Errorf("%q leads to %q", address, o.Key)
			}
		}
	})
}

func TestScratchOfTheDeadIsSwept(t *testing.T) {
	root := t.TempDir()
	alive, err := OpenScratch(root)
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	// A dead process leaves its folder, its files and an unlocked lock file.
	dead := filepath.Join(root, "work-dead")
	if err := os.MkdirAll(filepath.Join(dead, "transcode-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dead, "lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	next, err := OpenScratch(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("the dead one's folder: %v", err)
	}
	if _, err := os.Stat(alive.dir); err != nil {
		t.Errorf("the live one's folder: %v", err)
	}
	dir, err := next.folder("x")
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("closed, but still there: %v", err)
	}
}
